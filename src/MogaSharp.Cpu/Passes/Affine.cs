using System.Runtime.CompilerServices;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Passes;

/// <summary>Reads and writes per-channel affine maps and convolutions with new weights; shared by the passes.</summary>
internal static class Affine
{
    /// <summary>The key that a map's new constants are named after.</summary>
    public static string Origin(ChannelAffine affine) => (affine.Scale ?? affine.Shift ?? "identity").Split('|')[0];

    /// <summary>Factor and addend of every channel.</summary>
    public static (double[] Scale, double[] Shift) Read(GraphRewriter context, ChannelAffine affine)
    {
        double[] scale = affine.Scale is null
            ? [.. Enumerable.Repeat(1.0, affine.Channels)]
            : [.. context.Weight(affine.Scale).Select(x => (double)x)];
        double[] shift = affine.Shift is null ? new double[affine.Channels] : [.. context.Weight(affine.Shift).Select(x => (double)x)];
        return (scale, shift);
    }

    /// <summary>Adds x * scale + shift; null when a number is not finite.</summary>
    public static Value? Emit(GraphRewriter context, string scope, string origin, Value x, double[] scale, double[] shift)
    {
        var shape = new Shape(scale.Length);
        return
            context.Constant(origin, "scale", shape, ToFloats(scale)) is { } a
            && context.Constant(origin, "shift", shape, ToFloats(shift)) is { } b
            ? context.Add(scope, new ChannelAffine(scale.Length, a, b), x)
            : null;
    }

    /// <summary>A convolution's weights times a factor per output and a factor per input channel, either absent.</summary>
    public static float[] Scale(GraphRewriter context, Conv2d conv, double[]? perOutput, double[]? perInput)
    {
        float[] weight = context.Weight(conv.Weight);
        float[] scaled = GC.AllocateUninitializedArray<float>(weight.Length);
        Rows row = new(conv, perInput);
        for (int o = 0; o < conv.OutChannels; o++)
            Multiply(row.Weights(weight, o), row.Factors(o), perOutput?[o] ?? 1, row.Weights(scaled, o));
        return scaled;
    }

    /// <summary>What a convolution without padding makes of one number per input channel.</summary>
    public static double[] Apply(GraphRewriter context, Conv2d conv, double[] perInput)
    {
        float[] weight = context.Weight(conv.Weight);
        Rows row = new(conv, perInput);
        return [.. Enumerable.Range(0, conv.OutChannels).Select(o => Dot(row.Weights(weight, o), row.Factors(o)))];
    }

    /// <summary>Adds a convolution like another one with other weights; null when a number is not finite.</summary>
    public static Value? EmitConv(GraphRewriter context, Conv2d like, Value x, float[] weight, IEnumerable<double>? bias)
    {
        string origin = like.Weight.Split('|')[0];
        // The convolution keeps its module's name, whatever was folded into it.
        string scope = origin.EndsWith(".weight", StringComparison.Ordinal) ? origin[..^".weight".Length] : origin;
        var shape = new Shape(like.OutChannels, like.InChannels / like.Groups, like.Kernel, like.Kernel);
        if (context.Constant(origin, "weight", shape, weight) is not { } w)
            return null;
        string? b = bias is null ? null : context.Constant(origin, "bias", new Shape(like.OutChannels), [.. bias.Select(x => (float)x)]);
        return b is null && bias is not null ? null : context.Add(scope, like with { Weight = w, Bias = b }, x);
    }

    private static float[] ToFloats(double[] values) => Array.ConvertAll(values, x => (float)x);

    // These two are compiled fully at their first call: all of a network's weights pass through them, some more than once, while it loads.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(ReadOnlySpan<float> weight, ReadOnlySpan<double> row, double factor, Span<float> scaled)
    {
        for (int j = 0; j < row.Length; j++)
            scaled[j] = (float)(weight[j] * (factor * row[j]));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Dot(ReadOnlySpan<float> weight, ReadOnlySpan<double> row)
    {
        double sum = 0;
        for (int j = 0; j < row.Length; j++)
            sum += weight[j] * row[j];
        return sum;
    }

    /// <summary>The weights of an output channel, and a factor for each of them, from one per input channel.</summary>
    private sealed class Rows(Conv2d conv, double[]? perInput)
    {
        private readonly int _inGroup = conv.InChannels / conv.Groups,
            _outGroup = conv.OutChannels / conv.Groups,
            _area = conv.Kernel * conv.Kernel;
        private readonly double[] _factors = new double[conv.InChannels / conv.Groups * conv.Kernel * conv.Kernel];
        private int _group = -1;

        public Span<float> Weights(float[] weight, int output) => weight.AsSpan(output * _factors.Length, _factors.Length);

        public ReadOnlySpan<double> Factors(int output)
        {
            if (output / _outGroup == _group)
                return _factors;
            _group = output / _outGroup;
            for (int i = 0; i < _inGroup; i++)
                _factors.AsSpan(i * _area, _area).Fill(perInput?[(_group * _inGroup) + i] ?? 1);
            return _factors;
        }
    }
}
