using System.Buffers;
using System.Drawing;

namespace MogaSharp.Imaging;

/// <summary>
/// Bilinear resizing between the two nearest pixels of each axis, without widening when shrinking, as OpenCV does it and with it
/// the pipelines of the dense tasks. Equal to them bit by bit, hence the shifts and the roundings in single precision.
/// </summary>
internal static class PlainBilinear
{
    private const int One = 1 << 11;

    /// <summary>The two source pixels of an output pixel and their weights, which add up to <see cref="One"/>.</summary>
    private readonly record struct Pair(int First, int Second, int FirstWeight, int SecondWeight);

    public static void Resize(ReadOnlySpan<byte> source, Size size, int channels, Span<byte> destination, Size newSize, Rectangle window)
    {
        if (size == newSize * 2)
        {
            Halve(source, size.Width * channels, channels, destination, window);
            return;
        }
        Pair[] columns = ArrayPool<Pair>.Shared.Rent(window.Width);
        for (int x = 0; x < window.Width; x++)
            columns[x] = Column(window.X + x, size.Width, newSize.Width);
        int rowLength = window.Width * channels;
        int[] sums = ArrayPool<int>.Shared.Rent(rowLength * 2);
        Span<int> upper = sums.AsSpan(0, rowLength),
            lower = sums.AsSpan(rowLength, rowLength);
        for (int y = 0; y < window.Height; y++)
        {
            Pair rows = Row(window.Y + y, size.Height, newSize.Height);
            Across(source.Slice(rows.First * size.Width * channels, size.Width * channels), columns, channels, upper);
            Across(source.Slice(rows.Second * size.Width * channels, size.Width * channels), columns, channels, lower);
            Span<byte> to = destination.Slice(y * rowLength, rowLength);
            for (int i = 0; i < to.Length; i++)
                to[i] = (byte)((((rows.FirstWeight * (upper[i] >> 4)) >> 16) + ((rows.SecondWeight * (lower[i] >> 4)) >> 16) + 2) >> 2);
        }
        ArrayPool<int>.Shared.Return(sums);
        ArrayPool<Pair>.Shared.Return(columns);
    }

    private static Pair Column(int output, int source, int target)
    {
        (int first, float fraction) = Position(output, source, target);
        if (first < 0)
            return new Pair(0, 0, One, 0);
        return first >= source - 1 ? new Pair(source - 1, source - 1, One, 0) : Weighted(first, first + 1, fraction);
    }

    private static Pair Row(int output, int source, int target)
    {
        // Unlike a column, a row beyond the border keeps its fraction: both weights then count the border row.
        (int first, float fraction) = Position(output, source, target);
        return Weighted(Math.Clamp(first, 0, source - 1), Math.Clamp(first + 1, 0, source - 1), fraction);
    }

    private static (int First, float Fraction) Position(int output, int source, int target)
    {
        double scale = 1 / ((double)target / source);
        float position = (float)(((output + 0.5) * scale) - 0.5);
        int first = (int)MathF.Floor(position);
        return (first, position - first);
    }

    private static Pair Weighted(int first, int second, float fraction) =>
        new(first, second, (int)MathF.Round((1 - fraction) * One), (int)MathF.Round(fraction * One));

    private static void Across(ReadOnlySpan<byte> row, ReadOnlySpan<Pair> columns, int channels, Span<int> sums)
    {
        for (int i = 0, x = 0; i < sums.Length; x++)
        {
            Pair pair = columns[x];
            for (int channel = 0; channel < channels; channel++, i++)
                sums[i] =
                    (row[(pair.First * channels) + channel] * pair.FirstWeight)
                    + (row[(pair.Second * channels) + channel] * pair.SecondWeight);
        }
    }

    /// <summary>Exactly half the size takes the mean of two by two pixels instead.</summary>
    private static void Halve(ReadOnlySpan<byte> source, int pitch, int channels, Span<byte> destination, Rectangle window)
    {
        int at = 0;
        for (int y = window.Y; y < window.Bottom; y++)
        {
            ReadOnlySpan<byte> upper = source.Slice(2 * y * pitch, pitch),
                lower = source.Slice(((2 * y) + 1) * pitch, pitch);
            for (int x = window.X; x < window.Right; x++)
            {
                for (int left = 2 * x * channels, end = left + channels; left < end; left++, at++)
                    destination[at] = (byte)((upper[left] + upper[left + channels] + lower[left] + lower[left + channels] + 2) >> 2);
            }
        }
    }
}
