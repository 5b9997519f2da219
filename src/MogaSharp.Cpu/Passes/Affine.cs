using MogaSharp.Graph;

namespace MogaSharp.Cpu.Passes;

/// <summary>Reads and writes per-channel affine maps and convolutions with new weights; shared by the passes.</summary>
internal static class Affine
{
    /// <summary>The key that a map's new constants are named after.</summary>
    public static string Origin(ChannelAffine affine) => (affine.Scale ?? affine.Shift ?? "identity").Split('|')[0];

    /// <summary>Factor and addend of every channel.</summary>
    public static (double[] Scale, double[] Shift) Read(RewriteContext context, ChannelAffine affine)
    {
        double[] scale = affine.Scale is null ? [.. Enumerable.Repeat(1.0, affine.Channels)] : [.. context.Weight(affine.Scale).Select(x => (double)x)];
        double[] shift = affine.Shift is null ? new double[affine.Channels] : [.. context.Weight(affine.Shift).Select(x => (double)x)];
        return (scale, shift);
    }

    /// <summary>Adds x * scale + shift; null when a number is not finite.</summary>
    public static Value? Emit(RewriteContext context, string scope, string origin, Value x, double[] scale, double[] shift)
    {
        var shape = new Shape(scale.Length);
        return context.Constant(origin, "scale", shape, ToFloats(scale)) is { } a && context.Constant(origin, "shift", shape, ToFloats(shift)) is { } b
            ? context.Add(scope, new ChannelAffine(scale.Length, a, b), x)
            : null;
    }

    /// <summary>A convolution's weights times a factor per output and a factor per input channel, either absent.</summary>
    public static float[] Scale(RewriteContext context, Conv2d conv, double[]? perOutput, double[]? perInput)
    {
        float[] weight = context.Weight(conv.Weight);
        int area = conv.Kernel * conv.Kernel, inGroup = conv.InChannels / conv.Groups, outGroup = conv.OutChannels / conv.Groups;
        var scaled = new float[weight.Length];
        for (int o = 0, at = 0; o < conv.OutChannels; o++)
        {
            double factor = perOutput?[o] ?? 1;
            int firstInput = o / outGroup * inGroup;
            for (int i = 0; i < inGroup; i++)
            {
                double both = factor * (perInput?[firstInput + i] ?? 1);
                for (int tap = 0; tap < area; tap++, at++) scaled[at] = (float)(weight[at] * both);
            }
        }

        return scaled;
    }

    /// <summary>Adds a convolution like another one with other weights; null when a number is not finite.</summary>
    public static Value? EmitConv(RewriteContext context, Conv2d like, Value x, float[] weight, IEnumerable<double>? bias)
    {
        string origin = like.Weight.Split('|')[0];
        // The convolution keeps its module's name, whatever was folded into it.
        string scope = origin.EndsWith(".weight", StringComparison.Ordinal) ? origin[..^".weight".Length] : origin;
        var shape = new Shape(like.OutChannels, like.InChannels / like.Groups, like.Kernel, like.Kernel);
        if (context.Constant(origin, "weight", shape, weight) is not { } w) return null;
        string? b = bias is null ? null : context.Constant(origin, "bias", new Shape(like.OutChannels), [.. bias.Select(x => (float)x)]);
        return b is null && bias is not null ? null : context.Add(scope, like with { Weight = w, Bias = b }, x);
    }

    private static float[] ToFloats(double[] values) => Array.ConvertAll(values, x => (float)x);
}
