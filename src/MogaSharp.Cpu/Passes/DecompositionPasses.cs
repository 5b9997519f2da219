using MogaSharp.Graph;

namespace MogaSharp.Cpu.Passes;

/// <summary>
/// Feature decomposition (paper, equation 5) after a 1x1 convolution y = W x + b: since mean(y) = W mean(x) + b,
/// y + s (y - mean(y)) = (1 + s) W x + b - s W mean(x). The second term is one vector per image: a bias for the first.
/// </summary>
internal sealed class FoldFeatureDecomposition : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context)
    {
        if (ScaledDifference.Match(op, inputs) is not var (y, scale, other))
            return null;
        if (y.Op is not Conv2d { IsPointwise: true } conv)
            return null;
        if (other.Op is not GlobalAveragePool { KeepDimensions: true } || other.Inputs[0] != y)
            return null;
        double[] sigma = Array.ConvertAll(context.Weight(scale), s => (double)s);
        float[]? bias = conv.Bias is null ? null : context.Weight(conv.Bias);
        Value x = y.Inputs[0];
        Value? map = Affine.EmitConv(
            context,
            conv,
            x,
            Affine.Scale(context, conv, Array.ConvertAll(sigma, s => 1 + s), null),
            bias?.Select(b => (double)b)
        );
        Value mean = context.Add(scope, new GlobalAveragePool(true), x);
        Value? perImage = Affine.EmitConv(context, conv, mean, Affine.Scale(context, conv, Array.ConvertAll(sigma, s => -s), null), null);
        return map is null || perImage is null ? null : context.Add(scope, new Binary(BinaryKind.Add), map, perImage);
    }
}

/// <summary>
/// Channel aggregation (paper, equation 7) before a 1x1 convolution W: with t = act(d h), one number per pixel,
/// W (h + s (h - t)) = W (1 + s) h - (W s) t, a product of rank one.
/// </summary>
internal sealed class FoldChannelAggregation : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context)
    {
        if (op is not Conv2d { IsPointwise: true } conv || ScaledDifference.Match(inputs[0].Op, inputs[0].Inputs) is not var (h, scale, t))
            return null;
        if (t.Channels != 1 || h.Channels == 1)
            return null;
        float[] sigma = context.Weight(scale);
        double[] gain = Array.ConvertAll(sigma, s => 1.0 + s);
        Value? map = Affine.EmitConv(
            context,
            conv,
            h,
            Affine.Scale(context, conv, null, gain),
            conv.Bias is null ? null : context.Weight(conv.Bias).Select(b => (double)b)
        );
        float[] column = Array.ConvertAll(Affine.Apply(context, conv, Array.ConvertAll(sigma, s => (double)s)), sum => (float)-sum);
        Value? rankOne = Affine.EmitConv(context, conv with { InChannels = 1 }, t, column, null);
        return map is null || rankOne is null ? null : context.Add(scope, new Binary(BinaryKind.Add), map, rankOne);
    }
}
