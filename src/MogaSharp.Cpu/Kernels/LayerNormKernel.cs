using System.Runtime.CompilerServices;

namespace MogaSharp.Cpu.Kernels;

/// <summary>The constants of a layer norm.</summary>
/// <param name="Channels">Channels.</param>
/// <param name="Epsilon">Added to the variance.</param>
/// <param name="Weight">The scale; null when all ones.</param>
/// <param name="Bias">The shift; null when all zeros.</param>
/// <param name="Mask">All bits set in the channels, none in their rounding.</param>
internal sealed record NormConstants(int Channels, float Epsilon, VectorConstant? Weight, VectorConstant? Bias, VectorConstant Mask);

/// <summary>
/// Layer norm of pixels one after another: three passes over a pixel's channels, which stay in L1: the sum, the squared distances from
/// the mean, the result. Squares of differences, since the difference of squares would cancel. Tail: what stands in the rounding of the
/// channels is masked in the sums. Cost per vector of channels: three loads, a store and five operations; two horizontal sums per pixel,
/// which overlap with the next pixel's loads.
/// </summary>
internal static unsafe class LayerNormKernel<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    /// <summary>Normalizes pixels.</summary>
    /// <param name="from">The first pixel.</param>
    /// <param name="fromStride">Floats from pixel to pixel.</param>
    /// <param name="to">Where the first goes; may be the same place.</param>
    /// <param name="toStride">Floats from pixel to pixel.</param>
    /// <param name="pixels">How many.</param>
    /// <param name="norm">The constants.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pixels(float* from, nint fromStride, float* to, nint toStride, int pixels, NormConstants norm)
    {
        int channels = norm.Channels, whole = channels / S.Lanes * S.Lanes;
        bool hasTail = whole < channels;
        V zero = S.Broadcast(0), mask = hasTail ? S.Load(norm.Mask.Data + whole) : zero;
        float share = 1f / channels, epsilon = norm.Epsilon;
        float* weight = norm.Weight is { } w ? w.Data : null, bias = norm.Bias is { } b ? b.Data : null;
        for (int p = 0; p < pixels; p++, from += fromStride, to += toStride)
        {
            V sum = hasTail ? S.Select(mask, S.Load(from + whole), zero) : zero;
            for (int c = 0; c < whole; c += S.Lanes) sum = S.Add(sum, S.Load(from + c));
            V mean = S.Broadcast(S.Sum(sum) * share);
            V squares = zero;
            if (hasTail)
            {
                V d = S.Select(mask, S.Subtract(S.Load(from + whole), mean), zero);
                squares = S.Multiply(d, d);
            }

            for (int c = 0; c < whole; c += S.Lanes)
            {
                V d = S.Subtract(S.Load(from + c), mean);
                squares = S.MultiplyAdd(d, d, squares);
            }

            V scale = S.Broadcast(1 / MathF.Sqrt((S.Sum(squares) * share) + epsilon));
            for (int c = 0; c < channels; c += S.Lanes)
            {
                V x = S.Multiply(S.Subtract(S.Load(from + c), mean), scale);
                if (weight != null) x = S.Multiply(x, S.Load(weight + c));
                if (bias != null) x = S.Add(x, S.Load(bias + c));
                S.Store(to + c, x);
            }
        }
    }
}
