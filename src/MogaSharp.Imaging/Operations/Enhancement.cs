using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MogaSharp.Imaging;

/// <summary>
/// Blends an image with a degenerate form of itself, with the values of Pillow's <c>ImageEnhance</c>. A factor of 1 changes
/// nothing, 0 gives the degenerate form, more than 1 exaggerates. All work in place on interleaved samples, rows without gaps.
/// Safe to use from many threads at once.
/// </summary>
public static class Enhancement
{
    /// <summary>Blends with black.</summary>
    /// <param name="pixels">The samples, changed in place.</param>
    /// <param name="factor">The factor, at least 0.</param>
    public static void Brightness(Span<byte> pixels, double factor) => BlendWithLevel(pixels, 0, factor);

    /// <summary>Blends with the mean gray of the image.</summary>
    /// <param name="pixels">The samples, changed in place.</param>
    /// <param name="channels">1 (gray) or 3 (RGB).</param>
    /// <param name="factor">The factor, at least 0.</param>
    public static void Contrast(Span<byte> pixels, int channels, double factor)
    {
        long sum = 0;
        if (channels == 1)
        {
            foreach (byte sample in pixels)
                sum += sample;
        }
        else
        {
            for (int i = 0; i < pixels.Length; i += 3)
                sum += PixelConversion.Luma(pixels[i], pixels[i + 1], pixels[i + 2]);
        }
        BlendWithLevel(pixels, (byte)(((double)sum / (pixels.Length / channels)) + 0.5), factor);
    }

    /// <summary>Blends with the gray image. A gray image stays as it is.</summary>
    /// <param name="pixels">The samples, changed in place.</param>
    /// <param name="channels">1 (gray) or 3 (RGB).</param>
    /// <param name="factor">The factor, at least 0.</param>
    public static void Color(Span<byte> pixels, int channels, double factor)
    {
        if (channels == 1)
            return;
        byte[] rented = ArrayPool<byte>.Shared.Rent(pixels.Length);
        Span<byte> gray = rented.AsSpan(0, pixels.Length);
        for (int i = 0; i < pixels.Length; i += 3)
            gray[i] = gray[i + 1] = gray[i + 2] = PixelConversion.Luma(pixels[i], pixels[i + 1], pixels[i + 2]);
        Blend(gray, pixels, (float)factor);
        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>Blends with a smoothed image: means of 3 x 3 pixels in which the center counts five times. The border stays as it
    /// is.</summary>
    /// <param name="pixels">The samples, changed in place.</param>
    /// <param name="width">Pixels of a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">Samples of a pixel.</param>
    /// <param name="factor">The factor, at least 0.</param>
    public static void Sharpness(Span<byte> pixels, int width, int height, int channels, double factor)
    {
        if (width < 3 || height < 3)
            return;
        byte[] rented = ArrayPool<byte>.Shared.Rent(pixels.Length);
        Span<byte> smooth = rented.AsSpan(0, pixels.Length);
        pixels.CopyTo(smooth);
        int row = width * channels;
        for (int y = 1; y < height - 1; y++)
        {
            int start = (y * row) + channels,
                length = row - (2 * channels);
            Smooth(
                pixels.Slice(start - row - channels, length + (2 * channels)),
                pixels.Slice(start - channels, length + (2 * channels)),
                pixels.Slice(start + row - channels, length + (2 * channels)),
                smooth.Slice(start, length),
                channels
            );
        }
        Blend(smooth, pixels, (float)factor);
        ArrayPool<byte>.Shared.Return(rented);
    }

    // Pillow computes in single precision; as the exact sum is never within 1/26 of a rounding boundary, integers give the same.
    private static void Smooth(ReadOnlySpan<byte> above, ReadOnlySpan<byte> here, ReadOnlySpan<byte> below, Span<byte> to, int step)
    {
        int last = 2 * step;
        above = above[..(to.Length + last)];
        here = here[..(to.Length + last)];
        below = below[..(to.Length + last)];
        for (int i = 0; i < to.Length; i++)
        {
            int sum =
                above[i]
                + above[i + step]
                + above[i + last]
                + here[i]
                + (5 * here[i + step])
                + here[i + last]
                + below[i]
                + below[i + step]
                + below[i + last];
            to[i] = (byte)((uint)((2 * sum) + 13) / 26);
        }
    }

    private static void BlendWithLevel(Span<byte> pixels, byte level, double factor)
    {
        Span<byte> table = stackalloc byte[256],
            levels = stackalloc byte[256];
        for (int i = 0; i < 256; i++)
            table[i] = (byte)i;
        levels.Fill(level);
        Blend(levels, table, (float)factor);
        ToneOperations.Map(pixels, 0, 1, table);
    }

    /// <summary>Moves each sample to degenerate + factor (sample - degenerate), cut to whole numbers of 0..255, in single
    /// precision.</summary>
    private static void Blend(ReadOnlySpan<byte> degenerate, Span<byte> samples, float factor)
    {
        ref byte first = ref MemoryMarshal.GetReference(degenerate[..samples.Length]);
        ref byte second = ref MemoryMarshal.GetReference(samples);
        int i = 0;
        for (; i <= samples.Length - 16; i += 16)
        {
            Vector128<byte> from = Vector128.LoadUnsafe(ref first, (nuint)i),
                to = Vector128.LoadUnsafe(ref second, (nuint)i);
            (Vector128<ushort> fromLow, Vector128<ushort> fromHigh) = Vector128.Widen(from);
            (Vector128<ushort> toLow, Vector128<ushort> toHigh) = Vector128.Widen(to);
            Vector128<ushort> low = Blend(fromLow, toLow, factor),
                high = Blend(fromHigh, toHigh, factor);
            Vector128.Narrow(low, high).StoreUnsafe(ref second, (nuint)i);
        }
        for (; i < samples.Length; i++)
        {
            float value = degenerate[i] + (factor * (samples[i] - degenerate[i]));
            samples[i] =
                value <= 0 ? (byte)0
                : value >= 255 ? (byte)255
                : (byte)value;
        }
    }

    private static Vector128<ushort> Blend(Vector128<ushort> from, Vector128<ushort> to, float factor)
    {
        (Vector128<uint> fromLow, Vector128<uint> fromHigh) = Vector128.Widen(from);
        (Vector128<uint> toLow, Vector128<uint> toHigh) = Vector128.Widen(to);
        return Vector128.Narrow(Blend(fromLow.AsInt32(), toLow.AsInt32(), factor), Blend(fromHigh.AsInt32(), toHigh.AsInt32(), factor));
    }

    private static Vector128<uint> Blend(Vector128<int> from, Vector128<int> to, float factor)
    {
        Vector128<float> value = Vector128.ConvertToSingle(from) + (factor * Vector128.ConvertToSingle(to - from));
        return Vector128.ConvertToInt32(Vector128.Min(Vector128.Max(value, Vector128<float>.Zero), Vector128.Create(255f))).AsUInt32();
    }
}
