namespace MogaSharp.Imaging;

/// <summary>Mirrors images in place. Safe to use from many threads at once.</summary>
public static class Flip
{
    /// <summary>Exchanges left and right.</summary>
    /// <param name="pixels">The samples of rows without gaps, changed in place.</param>
    /// <param name="width">Pixels of a row.</param>
    /// <param name="channels">Samples of a pixel: 1 or 3.</param>
    public static void Horizontal(Span<byte> pixels, int width, int channels)
    {
        int row = width * channels;
        for (int start = 0; start < pixels.Length; start += row)
        {
            Span<byte> samples = pixels.Slice(start, row);
            samples.Reverse();
            if (channels == 1)
                continue;
            // Reversing bytes reversed the samples of each pixel too.
            for (int i = 0; i < samples.Length; i += 3)
                (samples[i], samples[i + 2]) = (samples[i + 2], samples[i]);
        }
    }

    /// <summary>Exchanges top and bottom.</summary>
    /// <param name="pixels">The samples of rows without gaps, changed in place.</param>
    /// <param name="width">Pixels of a row.</param>
    /// <param name="channels">Samples of a pixel.</param>
    public static void Vertical(Span<byte> pixels, int width, int channels)
    {
        int row = width * channels;
        for (int top = 0, bottom = pixels.Length - row; top < bottom; top += row, bottom -= row)
        {
            Span<byte> upper = pixels.Slice(top, row),
                lower = pixels.Slice(bottom, row);
            for (int i = 0; i < row; i++)
                (upper[i], lower[i]) = (lower[i], upper[i]);
        }
    }
}
