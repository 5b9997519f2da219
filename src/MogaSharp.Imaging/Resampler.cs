using System.Buffers;
using System.Drawing;

namespace MogaSharp.Imaging;

/// <summary>
/// Resizes 8-bit images with Pillow's results, bit by bit: weights in 22-bit fixed point, first along the rows, then along the
/// columns, with 8-bit samples between. <see cref="ResizeFilter.PlainBilinear"/> has the results of OpenCV instead.
/// </summary>
public static class Resampler
{
    /// <summary>Resizes an image of interleaved 8-bit samples, rows without gaps.</summary>
    /// <param name="source">height x width x channels samples.</param>
    /// <param name="width">Pixels of a source row, at least 1.</param>
    /// <param name="height">Source rows, at least 1.</param>
    /// <param name="channels">1 (gray) or 3.</param>
    /// <param name="destination">newHeight x newWidth x channels samples, written.</param>
    /// <param name="newWidth">Pixels of a new row, at least 1.</param>
    /// <param name="newHeight">New rows, at least 1.</param>
    /// <param name="filter">The filter.</param>
    /// <exception cref="ArgumentException">A span has another length, or a number is out of its range.</exception>
    public static void Resize(
        ReadOnlySpan<byte> source,
        int width,
        int height,
        int channels,
        Span<byte> destination,
        int newWidth,
        int newHeight,
        ResizeFilter filter
    )
    {
        if (channels is not (1 or 3))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "1 or 3 channels can be resized");
        CheckLength(source.Length, width, height, channels, nameof(source));
        CheckLength(destination.Length, newWidth, newHeight, channels, nameof(destination));
        var newSize = new Size(newWidth, newHeight);
        ResizeWindow(source, new Size(width, height), channels, destination, newSize, new Rectangle(Point.Empty, newSize), filter);
    }

    /// <summary>
    /// Computes only a window of the resized image. Thus a center crop of a very long image never makes the long image.
    /// </summary>
    internal static void ResizeWindow(
        ReadOnlySpan<byte> source,
        Size size,
        int channels,
        Span<byte> destination,
        Size newSize,
        Rectangle window,
        ResizeFilter filter
    )
    {
        if (filter == ResizeFilter.Nearest)
        {
            Nearest(source, size, channels, destination, newSize, window);
            return;
        }
        if (filter == ResizeFilter.PlainBilinear)
        {
            PlainBilinear.Resize(source, size, channels, destination, newSize, window);
            return;
        }
        using ResampleWeights? across = newSize.Width == size.Width ? null : new(filter, size.Width, newSize.Width, window.X, window.Width);
        using ResampleWeights? down =
            newSize.Height == size.Height ? null : new(filter, size.Height, newSize.Height, window.Y, window.Height);
        int firstRow = down?.SourceFirst ?? window.Y;
        int rows = (down?.SourceEnd ?? window.Bottom) - firstRow;
        int rowBytes = window.Width * channels;
        byte[]? rented = null;
        Span<byte> rowsAcross = down is null ? destination : (rented = ArrayPool<byte>.Shared.Rent(checked(rows * rowBytes)));
        int pitch = size.Width * channels;
        for (int y = 0; y < rows; y++)
        {
            ReadOnlySpan<byte> from = source.Slice((firstRow + y) * pitch, pitch);
            Span<byte> to = rowsAcross.Slice(y * rowBytes, rowBytes);
            if (across is null)
                from.Slice(window.X * channels, rowBytes).CopyTo(to);
            else
                ResampleKernels.Across(from, to, across, channels);
        }
        if (down is null)
            return;
        for (int y = 0; y < window.Height; y++)
        {
            ReadOnlySpan<int> weights = down.Of(y, out int start);
            ResampleKernels.Down(rowsAcross[((start - firstRow) * rowBytes)..], destination.Slice(y * rowBytes, rowBytes), weights);
        }
        ArrayPool<byte>.Shared.Return(rented!);
    }

    private static void Nearest(ReadOnlySpan<byte> source, Size size, int channels, Span<byte> destination, Size newSize, Rectangle window)
    {
        int[] columns = ArrayPool<int>.Shared.Rent(window.Width);
        int[] rows = ArrayPool<int>.Shared.Rent(window.Height);
        NearestPositions(size.Width, newSize.Width, window.X, columns.AsSpan(0, window.Width));
        NearestPositions(size.Height, newSize.Height, window.Y, rows.AsSpan(0, window.Height));
        int at = 0;
        for (int y = 0; y < window.Height; y++)
        {
            ReadOnlySpan<byte> row = source.Slice(rows[y] * size.Width * channels, size.Width * channels);
            for (int x = 0; x < window.Width; x++)
            {
                for (int channel = 0; channel < channels; channel++)
                    destination[at++] = row[(columns[x] * channels) + channel];
            }
        }
        ArrayPool<int>.Shared.Return(columns);
        ArrayPool<int>.Shared.Return(rows);
    }

    private static void NearestPositions(int source, int target, int first, Span<int> positions)
    {
        double step = (double)source / target;
        double position = step * 0.5;
        // Summing, not multiplying: the rounding of the sum decides which of two pixels a tie takes.
        for (int i = 0; i < first; i++)
            position += step;
        foreach (ref int pixel in positions)
        {
            pixel = Math.Min((int)position, source - 1);
            position += step;
        }
    }

    private static void CheckLength(int length, int width, int height, int channels, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (length != (long)width * height * channels)
            throw new ArgumentException($"{width} x {height} pixels of {channels} channels are not {length} bytes.", name);
    }
}
