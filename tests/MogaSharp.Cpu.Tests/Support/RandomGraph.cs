using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Support;

/// <summary>
/// Draws graphs over the whole closed set of ops: chains and branches with awkward sizes, the patterns that passes and
/// planner look for, and the same patterns spoilt by a second reader, an output in the middle or another shape.
/// </summary>
internal sealed class RandomGraph
{
    private readonly Random _random;
    private readonly GraphBuilder _builder = new();
    private readonly List<Value> _maps = [];
    private readonly RandomOps _ops;
    private readonly RandomPatterns _patterns;
    private readonly RandomTokens _tokens;

    private RandomGraph(int seed)
    {
        _random = new Random(seed);
        _ops = new RandomOps(_builder, _random);
        _patterns = new RandomPatterns(_ops, _random);
        _tokens = new RandomTokens(_ops, _random);
    }

    /// <summary>The graph of a seed.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="mostSide">The largest image side.</param>
    /// <param name="mostChannels">The most channels of the input.</param>
    public static GraphCase Create(int seed, int mostSide = 33, int mostChannels = 70) =>
        new RandomGraph(seed).Draw($"seed{seed}/", mostSide, mostChannels);

    private GraphCase Draw(string salt, int mostSide, int mostChannels)
    {
        var shape = new Shape(
            _random.Next(1, 4),
            _random.Next(1, mostChannels + 1),
            _random.Next(1, mostSide + 1),
            _random.Next(1, mostSide + 1)
        );
        Value last = _builder.Input("input", shape);
        _maps.Add(last);
        if (_ops.Chance(0.3))
            _maps.Add(_builder.Input("other", new Shape([.. shape.Extents.ToArray().Select(extent => _ops.Chance(0.3) ? 1 : extent)])));
        for (int left = _random.Next(3, 13); left > 0; left--)
        {
            Value from = _ops.Chance(0.6) ? last : _maps[_random.Next(_maps.Count)];
            if (Node(from) is not { } made)
                continue;
            _maps.Add(made);
            // A pooled map is something to broadcast, seldom something to go on with.
            if (made.Shape[2] * made.Shape[3] > 1 || _ops.Chance(0.2))
                last = made;
        }

        var outputs = new List<GraphOutput> { new("last", last) };
        for (int i = 0; _ops.Chance(0.35); i++)
            outputs.Add(new($"middle{i}", _maps[_random.Next(_maps.Count)]));
        if (_ops.Chance(0.4))
            outputs.Add(new("head", Head(last)));
        return GraphCase.Create(_builder.Build([.. outputs]), salt);
    }

    private Value? Node(Value x) =>
        _random.Next(31) switch
        {
            0 => _ops.Pointwise(x, _random.Next(1, 71)),
            1 => _ops.Convolution(x),
            2 => _ops.DepthwiseSameSize(x),
            3 => _ops.DepthwiseAnySize(x),
            4 => _ops.Grouped(x),
            5 => _ops.Next().BatchNorm("norm", x),
            6 => _ops.GroupNorm(x),
            7 => _ops.Activate(x),
            8 => _patterns.Residual(x),
            9 => Broadcast(x),
            10 => _ops.Slice(x),
            11 => Concat(x),
            12 => _ops.Chance(0.5) ? _ops.Next().Dropout(0.5, x) : _ops.Next().DropPath(0.5, x),
            13 => _patterns.FeatureDecomposition(x),
            14 => _patterns.ChannelAggregation(x),
            15 => _patterns.MultiOrder(x),
            16 => _patterns.Gate(x),
            17 => _ops.Affine(x),
            18 or 19 or 20 => _ops.Spatial(x),
            21 => _ops.Linear(x, _random.Next(1, 71)),
            22 => _ops.LayerNorm(x),
            23 => _ops.Multiply(_ops.Pointwise(x, _random.Next(1, 40)) ?? x),
            24 => _ops.Chance(0.5) ? _ops.Softmax(x) : _tokens.Mlp(x),
            25 => _tokens.Mlp(x),
            26 or 28 or 29 => _tokens.Attention(x),
            27 => _tokens.GatedChain(x),
            _ => _ops.Next().GlobalAveragePool(x),
        };

    private Value? Broadcast(Value x)
    {
        Value[] fitting = [.. _maps.Where(other => Fits(x.Shape, other.Shape))];
        Value y = fitting[_random.Next(fitting.Length)];
        if (_ops.Chance(0.5))
            (x, y) = (y, x);
        return _random.Next(3) switch
        {
            0 => x + y,
            1 => x - y,
            _ => x * y,
        };
    }

    private Value? Concat(Value x)
    {
        Value[] fitting = [.. _maps.Where(other => other.Shape.With(1, 1) == x.Shape.With(1, 1))];
        Value[] parts = [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => fitting[_random.Next(fitting.Length)]), x];
        return parts.Sum(part => part.Channels) <= 150 ? _ops.Next().Concat(parts) : null;
    }

    private Value Head(Value x)
    {
        Value features = _ops.Next().SpatialMean(x);
        if (_ops.Chance(0.3))
            features = _ops.Next().Activate(ActivationKind.Gelu, features);
        if (_ops.Chance(0.3))
            features = _ops.LayerNorm(features);
        Value y = _ops.Next().Linear("head", features, _random.Next(1, 40));
        if (_ops.Chance(0.2))
            y = _ops.Softmax(y);
        return _ops.Chance(0.3) ? y * _ops.Next().Activate(ActivationKind.Silu, y) : y;
    }

    private static bool Fits(Shape a, Shape b)
    {
        for (int i = 0; i < 4; i++)
            if (a[i] != b[i] && a[i] != 1 && b[i] != 1)
                return false;
        return true;
    }
}
