using System.Buffers;
using System.Numerics;

namespace MogaSharp.Vision;

/// <summary>A part of an image, in whole pixels.</summary>
/// <param name="Left">The first column.</param>
/// <param name="Top">The first row.</param>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
public readonly record struct PixelWindow(int Left, int Top, int Width, int Height)
{
    /// <summary>Pixels.</summary>
    public int Area => Width * Height;
}

/// <summary>
/// Puts the small masks that a network sees in boxes into the image, with the results of MMDetection's <c>_do_paste_mask</c> on a CPU:
/// bilinear between the centers of the mask's pixels, 0 beyond them, and only next to the box. One without width or height, which the
/// official code does not leave out, gets the middle of its mask.
/// </summary>
public static class MaskPaste
{
    /// <summary>The part of an image that a box can be painted on: it and a pixel or two around it.</summary>
    /// <param name="box">Left, top, right, bottom in pixels of the image.</param>
    /// <param name="image">The size of the image.</param>
    /// <returns>Without pixels where the box is outside of the image or not a number.</returns>
    /// <exception cref="ArgumentException">It is not one box.</exception>
    public static PixelWindow WindowOf(ReadOnlySpan<float> box, ImageSize image)
    {
        if (box.Length != 4)
            throw new ArgumentException($"{box.Length} numbers are not a box.", nameof(box));
        (int left, int width) = Range(box[0], box[2], image.Width);
        (int top, int height) = Range(box[1], box[3], image.Height);
        return width > 0 && height > 0 ? new PixelWindow(left, top, width, height) : default;
    }

    /// <summary>The mask of a box in the size of the image.</summary>
    /// <param name="probabilities">height x width numbers of the small mask, 0..1.</param>
    /// <param name="size">Its size, at least 1 x 1.</param>
    /// <param name="box">Left, top, right, bottom in pixels of the image.</param>
    /// <param name="image">The size of the image.</param>
    /// <exception cref="ArgumentException">The numbers are not a mask of that size, or it is not one box.</exception>
    public static RunLengthMask ToRunLengths(ReadOnlySpan<float> probabilities, ImageSize size, ReadOnlySpan<float> box, ImageSize image)
    {
        PixelWindow window = WindowOf(box, image);
        byte[] pixels = new byte[window.Area];
        Paste(probabilities, size, box, window, pixels);
        return RunLengthMask.FromPixels(pixels, window, image);
    }

    /// <summary>Paints the mask of a box on an otherwise empty one of the image.</summary>
    /// <param name="probabilities">height x width numbers of the small mask, 0..1.</param>
    /// <param name="size">Its size, at least 1 x 1.</param>
    /// <param name="box">Left, top, right, bottom in pixels of the image.</param>
    /// <param name="image">The size of the image.</param>
    /// <param name="mask">height x width values of the image, written: 1 in the mask, 0 elsewhere.</param>
    /// <param name="threshold">A pixel with at least this probability is in the mask.</param>
    /// <returns>The part beyond which all pixels are 0.</returns>
    /// <exception cref="ArgumentException">The numbers are not masks of these sizes, or it is not one box.</exception>
    public static PixelWindow Paste(
        ReadOnlySpan<float> probabilities,
        ImageSize size,
        ReadOnlySpan<float> box,
        ImageSize image,
        Span<byte> mask,
        float threshold = 0.5f
    )
    {
        if (mask.Length != (long)image.Width * image.Height)
            throw new ArgumentException($"{mask.Length} values are not a mask of {image}.", nameof(mask));
        PixelWindow window = WindowOf(box, image);
        mask.Clear();
        Paint(
            probabilities,
            size,
            box,
            window,
            mask[Math.Min(mask.Length, (window.Top * image.Width) + window.Left)..],
            image.Width,
            threshold
        );
        return window;
    }

    /// <summary>Paints the mask of a box on a part of the image.</summary>
    /// <param name="probabilities">height x width numbers of the small mask, 0..1.</param>
    /// <param name="size">Its size, at least 1 x 1.</param>
    /// <param name="box">Left, top, right, bottom in pixels of the image.</param>
    /// <param name="window">The part of the image, such as <see cref="WindowOf"/> the box.</param>
    /// <param name="mask">height x width values of the part, written: 1 in the mask, 0 elsewhere.</param>
    /// <param name="threshold">A pixel with at least this probability is in the mask.</param>
    /// <exception cref="ArgumentException">The numbers are not masks of these sizes, or it is not one box.</exception>
    public static void Paste(
        ReadOnlySpan<float> probabilities,
        ImageSize size,
        ReadOnlySpan<float> box,
        PixelWindow window,
        Span<byte> mask,
        float threshold = 0.5f
    )
    {
        if (box.Length != 4)
            throw new ArgumentException($"{box.Length} numbers are not a box.", nameof(box));
        if (mask.Length != (long)window.Width * window.Height)
            throw new ArgumentException($"{mask.Length} values are not a mask of {window}.", nameof(mask));
        Paint(probabilities, size, box, window, mask, window.Width, threshold);
    }

    private static (int First, int Count) Range(float from, float to, int length)
    {
        double first = Math.Max(Math.Floor((double)from) - 1, 0),
            end = Math.Min(Math.Ceiling((double)to) + 1, length);
        // False for NaN too.
        return first < end ? ((int)first, (int)(end - first)) : default;
    }

    private static void Paint(
        ReadOnlySpan<float> probabilities,
        ImageSize size,
        ReadOnlySpan<float> box,
        PixelWindow window,
        Span<byte> mask,
        int stride,
        float threshold
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Width, nameof(size));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Height, nameof(size));
        if (probabilities.Length != (long)size.Width * size.Height)
            throw new ArgumentException($"{probabilities.Length} numbers are not a mask of {size}.", nameof(probabilities));
        int width = window.Width,
            padded = width + Vector<float>.Count;
        int[] columns = ArrayPool<int>.Shared.Rent(width);
        float[] scratch = ArrayPool<float>.Shared.Rent(checked(padded * 7));
        Span<float> left = scratch.AsSpan(0, padded),
            right = scratch.AsSpan(padded, padded),
            values = scratch.AsSpan(padded * 2, padded);
        for (int x = 0; x < width; x++)
            columns[x] = Place(window.Left + x, box[0], box[2], size.Width, out left[x], out right[x]);
        // The two rows of the small mask that a row lies between, each with the values to the left and to the right of every pixel.
        Span<float> upper = scratch.AsSpan(padded * 3, padded * 2),
            lower = scratch.AsSpan(padded * 5, padded * 2);
        int held = int.MinValue;
        for (int y = 0; y < window.Height; y++)
        {
            int row = Place(window.Top + y, box[1], box[3], size.Height, out float above, out float below);
            if (row != held)
            {
                Expand(probabilities, size, row, columns.AsSpan(0, width), upper);
                Expand(probabilities, size, row + 1, columns.AsSpan(0, width), lower);
                held = row;
            }

            for (int x = 0; x < width; x += Vector<float>.Count)
            {
                Vector<float> west = new(left[x..]),
                    east = new(right[x..]);
                Vector<float> value =
                    (new Vector<float>(upper[x..]) * (west * above))
                    + (new Vector<float>(upper[(padded + x)..]) * (east * above))
                    + (new Vector<float>(lower[x..]) * (west * below))
                    + (new Vector<float>(lower[(padded + x)..]) * (east * below));
                value.CopyTo(values[x..]);
            }

            Span<byte> pixels = mask.Slice(y * stride, width);
            for (int x = 0; x < pixels.Length; x++)
                pixels[x] = values[x] >= threshold ? (byte)1 : (byte)0;
        }

        ArrayPool<float>.Shared.Return(scratch);
        ArrayPool<int>.Shared.Return(columns);
    }

    // The last place of the small mask at or before a pixel's center, from -1 on, and the weights of it and of the next one.
    private static int Place(int pixel, float from, float to, int length, out float before, out float after)
    {
        float at = ((pixel + 0.5f - from) / (to - from) * 2) - 1;
        if (float.IsInfinity(at))
            at = 0;
        at = ((at + 1) * (length / 2f)) - 0.5f;
        float floor = MathF.Floor(at);
        after = at - floor;
        before = 1 - after;
        if (floor >= -1 && floor < length)
            return (int)floor;
        (before, after) = (0, 0);
        return -1;
    }

    private static void Expand(ReadOnlySpan<float> probabilities, ImageSize size, int row, ReadOnlySpan<int> columns, Span<float> values)
    {
        values.Clear();
        if (row < 0 || row >= size.Height)
            return;
        ReadOnlySpan<float> from = probabilities.Slice(row * size.Width, size.Width);
        int padded = values.Length / 2;
        for (int x = 0; x < columns.Length; x++)
        {
            int place = columns[x];
            if (place >= 0)
                values[x] = from[place];
            if (place + 1 < from.Length)
                values[padded + x] = from[place + 1];
        }
    }
}
