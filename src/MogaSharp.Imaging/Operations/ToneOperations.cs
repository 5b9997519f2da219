namespace MogaSharp.Imaging;

/// <summary>
/// Operations that map each sample by a table, in place, with the values of Pillow's <c>ImageOps</c> (and timm's
/// <c>solarize_add</c>). All take interleaved samples; channels are treated each for itself. Safe to use from many threads at once.
/// </summary>
public static class ToneOperations
{
    private const int Levels = 256;

    /// <summary>Stretches each channel so that its darkest sample becomes 0 and its brightest 255.</summary>
    /// <param name="pixels">The samples, changed in place.</param>
    /// <param name="channels">Samples of a pixel: 1 or 3.</param>
    public static void AutoContrast(Span<byte> pixels, int channels)
    {
        Span<int> histogram = stackalloc int[Levels];
        Span<byte> table = stackalloc byte[Levels];
        for (int channel = 0; channel < channels; channel++)
        {
            Count(pixels, channel, channels, histogram);
            int low = histogram.IndexOfAnyExcept(0),
                high = histogram.LastIndexOfAnyExcept(0);
            if (high <= low)
                continue;
            double scale = 255.0 / (high - low),
                offset = -low * scale;
            for (int i = 0; i < Levels; i++)
                table[i] = (byte)Math.Clamp((int)((i * scale) + offset), 0, 255);
            Map(pixels, channel, channels, table);
        }
    }

    /// <summary>Spreads the samples of each channel so that all levels are about equally frequent.</summary>
    /// <param name="pixels">The samples, changed in place.</param>
    /// <param name="channels">Samples of a pixel: 1 or 3.</param>
    public static void Equalize(Span<byte> pixels, int channels)
    {
        Span<int> histogram = stackalloc int[Levels];
        Span<byte> table = stackalloc byte[Levels];
        for (int channel = 0; channel < channels; channel++)
        {
            Count(pixels, channel, channels, histogram);
            int last = histogram.LastIndexOfAnyExcept(0);
            if (last == histogram.IndexOfAnyExcept(0))
                continue;
            int step = ((pixels.Length / channels) - histogram[last]) / 255;
            if (step == 0)
                continue;
            int sum = step / 2;
            for (int i = 0; i < Levels; i++)
            {
                table[i] = (byte)Math.Min(sum / step, 255);
                sum += histogram[i];
            }
            Map(pixels, channel, channels, table);
        }
    }

    /// <summary>Turns each sample v into 255 - v.</summary>
    /// <param name="pixels">The samples, changed in place.</param>
    public static void Invert(Span<byte> pixels)
    {
        foreach (ref byte sample in pixels)
            sample = (byte)~sample;
    }

    /// <summary>Keeps the high bits of each sample.</summary>
    /// <param name="pixels">The samples, changed in place.</param>
    /// <param name="bits">Bits to keep, 0 (all black) to 8 (no change).</param>
    public static void Posterize(Span<byte> pixels, int bits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, 8);
        byte mask = (byte)(0xFF00 >> bits);
        foreach (ref byte sample in pixels)
            sample &= mask;
    }

    /// <summary>Inverts the samples that are not below a threshold.</summary>
    /// <param name="pixels">The samples, changed in place.</param>
    /// <param name="threshold">The lowest level to invert, 0 (all) to 256 (none).</param>
    public static void Solarize(Span<byte> pixels, int threshold)
    {
        foreach (ref byte sample in pixels)
            if (sample >= threshold)
                sample = (byte)~sample;
    }

    /// <summary>Brightens the samples below a threshold.</summary>
    /// <param name="pixels">The samples, changed in place.</param>
    /// <param name="addition">What is added, at least 0; sums beyond 255 become 255.</param>
    /// <param name="threshold">The lowest level that stays as it is.</param>
    public static void SolarizeAdd(Span<byte> pixels, int addition, int threshold = 128)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(addition);
        foreach (ref byte sample in pixels)
            if (sample < threshold)
                sample = (byte)Math.Min(255, sample + addition);
    }

    internal static void Map(Span<byte> pixels, int first, int step, ReadOnlySpan<byte> table)
    {
        for (int i = first; i < pixels.Length; i += step)
            pixels[i] = table[pixels[i]];
    }

    private static void Count(ReadOnlySpan<byte> pixels, int channel, int channels, Span<int> histogram)
    {
        histogram.Clear();
        for (int i = channel; i < pixels.Length; i += channels)
            histogram[pixels[i]]++;
    }
}
