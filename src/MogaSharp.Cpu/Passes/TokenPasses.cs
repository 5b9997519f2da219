using MogaSharp.Cpu.Planning;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Passes;

/// <summary>A linear layer over the channels of a map is a 1x1 convolution: what is known of those holds for it too.</summary>
internal sealed class LinearToPointwise : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context)
    {
        if (op is not Linear linear || inputs[0].Shape.Rank != 4)
            return null;
        var shape = new Shape(linear.OutFeatures, linear.InFeatures, 1, 1);
        string? weight = context.Constant(linear.Weight, "weight", shape, context.Weight(linear.Weight));
        return weight is null
            ? null
            : context.Add(scope, new Conv2d(linear.InFeatures, linear.OutFeatures, 1, weight, linear.Bias), inputs[0]);
    }
}

/// <summary>A constant factor on a convolution's result is an affine map, which goes into the convolution.</summary>
internal sealed class ConstantFactorToAffine : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context)
    {
        if (op is not ScalarMultiply multiply || inputs[0].Op is not (Conv2d or ChannelAffine))
            return null;
        int channels = inputs[0].Channels;
        var factors = new float[channels];
        Array.Fill(factors, (float)multiply.Factor);
        return context.Constant($"{scope}.factor", "scale", new Shape(channels), factors) is { } scale
            ? context.Add(scope, new ChannelAffine(channels, scale), inputs[0])
            : null;
    }
}

/// <summary>
/// Layer norm = normalization, then an affine map, which may go into the convolution after it; what stays comes back by
/// <see cref="AffineIntoLayerNorm"/>.
/// </summary>
internal sealed class SplitLayerNorm : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context)
    {
        if (op is not LayerNorm norm || inputs[0].Shape.Rank != 4)
            return null;
        return
            AffineIntoLayerNorm.Norm(context, scope, norm, inputs[0], [.. Enumerable.Repeat(1.0, norm.Channels)], new double[norm.Channels])
                is { } plain
            ? context.Add(scope, new ChannelAffine(norm.Channels, norm.Weight, norm.Bias), plain)
            : null;
    }
}

/// <summary>An affine map after a layer norm is part of it; for others who read the norm too, it costs no more than the map
/// alone.</summary>
internal sealed class AffineIntoLayerNorm : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context)
    {
        if (op is not ChannelAffine affine || inputs[0].Op is not LayerNorm norm)
            return null;
        (double[] a, double[] b) = Affine.Read(context, affine);
        (float[] weight, float[] bias) = (context.Weight(norm.Weight), context.Weight(norm.Bias));
        return Norm(
            context,
            inputs[0].Scope,
            norm,
            inputs[0].Inputs[0],
            [.. a.Select((x, c) => x * weight[c])],
            [.. a.Select((x, c) => (x * bias[c]) + b[c])]
        );
    }

    /// <summary>A norm like another one with other constants; null when a number is not finite.</summary>
    public static Value? Norm(GraphRewriter context, string scope, LayerNorm like, Value x, double[] weight, double[] bias)
    {
        var shape = new Shape(like.Channels);
        return
            context.Constant(like.Weight.Split('|')[0], "weight", shape, Array.ConvertAll(weight, v => (float)v)) is { } w
            && context.Constant(like.Bias.Split('|')[0], "bias", shape, Array.ConvertAll(bias, v => (float)v)) is { } b
            ? context.Add(scope, like with { Weight = w, Bias = b }, x)
            : null;
    }
}

/// <summary>Ranges of ranges of channels are ranges.</summary>
internal sealed class MergeSlices : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context) =>
        op is ChannelSlice outer && inputs[0].Op is ChannelSlice inner
            ? context.Add(scope, outer with { Start = inner.Start + outer.Start }, inputs[0].Inputs[0])
            : null;
}

/// <summary>
/// What works on each pixel alone does not care where pixels lie: windows are cut after it, next to the attention that reads them, and put
/// together before it, next to the attention that made them; there both are a matter of indices.
/// </summary>
internal sealed class WindowsNextToAttention : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context)
    {
        if (WorksOnPixels(op) && inputs[0] is { Op: WindowPartition } windows && (context.Uses(windows) == 1 || op is ChannelSlice))
            return context.Add(windows.Scope, windows.Op, context.Add(scope, op, windows.Inputs[0]));
        if (
            op is WindowMerge
            && WorksOnPixels(inputs[0].Op)
            && context.Uses(inputs[0]) == 1
            && inputs[0].Inputs[0].Op is not WindowPartition
        )
            return context.Add(inputs[0].Scope, inputs[0].Op, context.Add(scope, op, inputs[0].Inputs[0], inputs[1]));
        return null;
    }

    /// <summary>True for ops whose result at a pixel is made of that pixel alone.</summary>
    public static bool WorksOnPixels(Op op) =>
        op is Conv2d { IsPointwise: true } or LayerNorm or ChannelAffine or Activation or ChannelSlice;
}

/// <summary>
/// Who needs a map for its rows and columns only takes that from as far up as it is the same, so that what lies between is not read once
/// more for it.
/// </summary>
internal sealed class SizeFromSource : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context) =>
        op is WindowMerge or WindowMask or InverseRealFft2d or ChannelsToTokens or Resize
        && inputs.Count == 2
        && (WindowsNextToAttention.WorksOnPixels(inputs[1].Op) || (inputs[1].Op is Conv2d conv && PatternMatcher.KeepsSize(conv)))
            ? context.Add(scope, op, inputs[0], inputs[1].Inputs[0])
            : null;
}
