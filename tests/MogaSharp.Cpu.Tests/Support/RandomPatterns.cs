using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Support;

/// <summary>The patterns of MogaNet's blocks with random parts.</summary>
internal sealed class RandomPatterns(RandomOps ops, Random random)
{
    /// <summary>x + scale * f(x), with f of one or two layers.</summary>
    public Value? Residual(Value x)
    {
        Value y = ops.Chance(0.6) ? ops.Next().BatchNorm("norm", x) : x;
        if (ops.Pointwise(y, x.Channels) is not { } z)
            return null;
        if (ops.Chance(0.3))
            z += ops.Affine(x);
        else if (ops.Chance(0.5))
            z += y;
        if (ops.Chance(0.7))
            z = ops.Next().Scale("layer_scale", z, 1);
        return ops.Chance(0.5) ? x + z : z + x;
    }

    /// <summary>y + s (y - GAP(y)) of y, mostly a 1x1 convolution.</summary>
    public Value? FeatureDecomposition(Value x)
    {
        Value? y = ops.Chance(0.8) ? ops.Pointwise(x, random.Next(1, 50)) : x;
        if (y is null)
            return null;
        Value z = ops.Next()["sigma"].Scale("scale", y - ops.Next().GlobalAveragePool(y), 1);
        z = ops.Chance(0.5) ? y + z : z + y;
        return ops.Chance(0.7) ? ops.Next().Activate(ops.Function(), z) : z;
    }

    /// <summary>fc1, depthwise, GELU, decomposition, fc2 and a shortcut.</summary>
    public Value? ChannelAggregation(Value x)
    {
        if (ops.Pointwise(x, random.Next(1, 100)) is not { } hidden)
            return null;
        if (ops.DepthwiseSameSize(hidden, ops.OneOf(1, 3, 3, 3, 5), ops.Chance(0.9) ? 1 : 2) is not { } filtered)
            return null;
        Value h = ops.Next().Activate(ops.Chance(0.9) ? ActivationKind.Gelu : ops.Function(), filtered);
        if (ops.Chance(0.2))
            h = ops.Next().Dropout(0.1, h);
        if (ops.Chance(0.7))
        {
            if (ops.Pointwise(h, 1) is not { } dot)
                return null;
            h += ops.Next()["sigma"].Scale("scale", h - ops.Next().Activate(ActivationKind.Gelu, dot), 1);
        }

        bool hasShortcut = ops.Chance(0.6);
        if (ops.Pointwise(h, hasShortcut ? x.Channels : random.Next(1, 60)) is not { } y)
            return null;
        if (ops.Chance(0.5))
            y = ops.Next().Scale("layer_scale", y, 1);
        return hasShortcut ? x + y : y;
    }

    /// <summary>A depthwise convolution, then others of ranges of its channels, side by side.</summary>
    public Value? MultiOrder(Value x)
    {
        if (x.Channels < 3 || ops.DepthwiseSameSize(x) is not { } common)
            return null;
        int first = random.Next(1, x.Channels - 1),
            second = random.Next(first + 1, x.Channels);
        Value?[] parts = [Part(0, first), Part(first, second - first), Part(second, x.Channels - second)];
        return parts.Contains(null) ? null : ops.Next().Concat([.. parts.OfType<Value>()]);

        Value? Part(int start, int length)
        {
            Value slice = ops.Next().Slice(common, start, length);
            return ops.Chance(0.3) ? slice : ops.DepthwiseSameSize(slice);
        }
    }

    /// <summary>act(f(x)) * act(g(x)).</summary>
    public Value? Gate(Value x)
    {
        int channels = random.Next(1, 40);
        if (ops.Pointwise(x, channels) is not { } gate || ops.Pointwise(x, channels) is not { } value)
            return null;
        ActivationKind function = ops.Function();
        bool twice = ops.Chance(0.4);
        return Act(gate) * Act(value);

        Value Act(Value y)
        {
            y = ops.Next().Activate(function, y);
            return twice ? ops.Next().Activate(function, y) : y;
        }
    }
}
