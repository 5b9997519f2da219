using System.Collections.Immutable;

namespace MogaSharp.Imaging;

/// <summary>Samples of 0..255 to network inputs: divide by 255, subtract the mean, divide by the standard deviation, in single precision as
/// the official pipelines do, once per sample value.</summary>
internal static class Normalization
{
    private const int Levels = 256;

    /// <summary>The input value of every sample, [channel * 256 + sample].</summary>
    /// <param name="mean">One number, or one per channel.</param>
    /// <param name="deviation">Likewise.</param>
    /// <param name="channels">1 or 3.</param>
    public static float[] Table(ImmutableArray<float> mean, ImmutableArray<float> deviation, int channels)
    {
        float[] values = new float[channels * Levels];
        for (int i = 0; i < values.Length; i++)
            values[i] =
                (((i % Levels) / 255f) - mean[mean.Length == 1 ? 0 : i / Levels]) / deviation[deviation.Length == 1 ? 0 : i / Levels];
        return values;
    }

    /// <summary>Writes planes from interleaved samples; a single channel is repeated where the table has three, and three are turned around
    /// for blue, green, red.</summary>
    /// <param name="samples">The samples, <paramref name="channels"/> a pixel.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="table">Made by <see cref="Table"/>.</param>
    /// <param name="destination">Planes of one image, overwritten.</param>
    /// <param name="isBgr">Whether the first plane is blue.</param>
    public static void Apply(ReadOnlySpan<byte> samples, int channels, float[] table, Span<float> destination, bool isBgr = false)
    {
        int planes = table.Length / Levels,
            plane = destination.Length / planes;
        for (int channel = 0; channel < planes; channel++)
        {
            ReadOnlySpan<float> values = table.AsSpan(channel * Levels, Levels);
            Span<float> to = destination.Slice(channel * plane, plane);
            int from = (isBgr ? planes - 1 - channel : channel) % channels;
            for (int i = 0; i < to.Length; i++, from += channels)
                to[i] = values[samples[from]];
        }
    }
}
