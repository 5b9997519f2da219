using MogaSharp.Graph;

namespace MogaSharp.Torch;

/// <summary>Several values of a graph computed as one step, by the last of them.</summary>
/// <param name="Inner">The values within, which nothing else reads and which are not computed themselves.</param>
internal abstract record FusedStep(IReadOnlyList<Value> Inner)
{
    private static readonly Func<Value, FusedStep?>[] Patterns =
    [
        ChannelDecomposition.Match,
        ImageDecomposition.Match,
        GatedProduct.Match,
        ScaledBranch.Match,
        ActivatedNorm.Match,
    ];

    /// <summary>Finds the steps of a graph, each under the index of its last value.</summary>
    /// <param name="graph">The graph.</param>
    public static Dictionary<int, FusedStep> Find(ComputationGraph graph)
    {
        GraphReaders readers = graph.Readers;
        var steps = new Dictionary<int, FusedStep>();
        foreach (Value value in graph.Values)
        {
            FusedStep? step = Patterns.Select(match => match(value)).FirstOrDefault(step => step?.Inner.All(IsReadOnce) == true);
            if (step is null)
                continue;
            steps.Add(
                value.Index,
                step with
                {
                    OnlyConvolved = !readers.IsOutput(value) && readers[value].All(reader => reader.Value.Op is Conv2d),
                }
            );
        }

        return steps;

        bool IsReadOnce(Value value) => readers[value].Count == 1 && !readers.IsOutput(value);
    }

    /// <summary>Whether only convolutions read the result, which round it under autocast in any case.</summary>
    public bool OnlyConvolved { get; private init; }

    // The scaling and the difference of a scaled difference.
    private protected static Value[] Between(Value sum, Value x)
    {
        Value scaled = sum.Inputs[0] == x ? sum.Inputs[1] : sum.Inputs[0];
        return [scaled, scaled.Inputs[0]];
    }

    private protected static bool IsSum(Value value, out Value first, out Value second) =>
        IsBinary(value, BinaryKind.Add, out first, out second);

    private protected static bool IsBinary(Value value, BinaryKind kind, out Value first, out Value second)
    {
        bool fits = value.Op is Binary binary && binary.Function == kind;
        (first, second) = fits ? (value.Inputs[0], value.Inputs[1]) : (value, value);
        return fits;
    }
}

/// <summary>h + scale (h - GELU(conv(h))) with a 1x1 convolution to one channel: the decomposition in MogaNet's channel
/// aggregation.</summary>
internal sealed record ChannelDecomposition(Value Map, Conv2d Conv, string Scale, IReadOnlyList<Value> Inner) : FusedStep(Inner)
{
    public static FusedStep? Match(Value value) =>
        ScaledDifference.Match(value.Op, value.Inputs) is var (h, scale, activated)
        && activated.Op is Activation { Function: ActivationKind.Gelu }
        && activated.Inputs[0] is { Op: Conv2d { IsPointwise: true, OutChannels: 1, Bias: not null } conv } common
        && common.Inputs[0] == h
            ? new ChannelDecomposition(h, conv, scale, [.. Between(value, h), activated, common])
            : null;
}

/// <summary>y + scale (y - mean(y)) with the mean over the pixels: the decomposition in MogaNet's spatial aggregation.</summary>
internal sealed record ImageDecomposition(Value Map, string Scale, IReadOnlyList<Value> Inner) : FusedStep(Inner)
{
    public static FusedStep? Match(Value value) =>
        ScaledDifference.Match(value.Op, value.Inputs) is var (y, scale, mean)
        && mean.Op is GlobalAveragePool { KeepDimensions: true }
        && mean.Inputs[0] == y
            ? new ImageDecomposition(y, scale, [.. Between(value, y), mean])
            : null;
}

/// <summary>SiLU(a) SiLU(b), which gates MogaNet's context.</summary>
internal sealed record GatedProduct(Value Gate, Value Context, IReadOnlyList<Value> Inner) : FusedStep(Inner)
{
    public static FusedStep? Match(Value value) =>
        IsBinary(value, BinaryKind.Multiply, out Value a, out Value b)
        && a != b
        && a.Op is Activation { Function: ActivationKind.Silu }
        && b.Op is Activation { Function: ActivationKind.Silu }
            ? new GatedProduct(a.Inputs[0], b.Inputs[0], [a, b])
            : null;
}

/// <summary>x + DropPath(scale y): a residual block's branch with its layer scale.</summary>
internal sealed record ScaledBranch(Value Stream, Value Branch, string Scale, double DropPath, IReadOnlyList<Value> Inner)
    : FusedStep(Inner)
{
    public static FusedStep? Match(Value value)
    {
        if (!IsSum(value, out Value x, out Value branch))
            return null;
        double rate = branch.Op is DropPath drop ? drop.Rate : 0;
        Value scaled = branch.Op is DropPath ? branch.Inputs[0] : branch;
        if (scaled.Op is not ChannelAffine { Scale: { } scale, Shift: null } || scaled.Shape != x.Shape)
            return null;
        return new ScaledBranch(x, scaled.Inputs[0], scale, rate, scaled == branch ? [scaled] : [branch, scaled]);
    }
}

/// <summary>SiLU(group norm(x)), which follows each convolution of SimVP's encoder and decoder.</summary>
internal sealed record ActivatedNorm(Value Map, GroupNorm Norm, IReadOnlyList<Value> Inner) : FusedStep(Inner)
{
    public static FusedStep? Match(Value value) =>
        value.Op is Activation { Function: ActivationKind.Silu } && value.Inputs[0] is { Op: GroupNorm norm } normalized
            ? new ActivatedNorm(normalized.Inputs[0], norm, [normalized])
            : null;
}
