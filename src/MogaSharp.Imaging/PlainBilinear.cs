using System.Buffers;
using System.Drawing;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MogaSharp.Imaging;

/// <summary>
/// Bilinear resizing between the two nearest pixels of each axis, without widening when shrinking, as OpenCV does it and with it
/// the pipelines of the dense tasks. Equal to them bit by bit, hence the shifts and the roundings in single precision.
/// </summary>
internal static class PlainBilinear
{
    private const int One = 1 << 11;

    // What a store may write beyond the sums of a row.
    private const int Spare = 1;

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
        int pitch = size.Width * channels,
            rowLength = window.Width * channels,
            held = rowLength + Spare;
        int[] sums = ArrayPool<int>.Shared.Rent(held * 2);
        Span<int> upper = sums.AsSpan(0, held),
            lower = sums.AsSpan(held, held);
        // Neighboring rows of the result mostly come from the same rows of the source, or share one.
        int upperRow = -1,
            lowerRow = -1;
        for (int y = 0; y < window.Height; y++)
        {
            Pair rows = Row(window.Y + y, size.Height, newSize.Height);
            if (rows.First == lowerRow)
            {
                Span<int> other = upper;
                upper = lower;
                lower = other;
                (upperRow, lowerRow) = (lowerRow, upperRow);
            }
            if (rows.First != upperRow)
                Across(source.Slice(rows.First * pitch, pitch), columns.AsSpan(0, window.Width), channels, upper);
            if (rows.Second != lowerRow)
                Across(source.Slice(rows.Second * pitch, pitch), columns.AsSpan(0, window.Width), channels, lower);
            (upperRow, lowerRow) = (rows.First, rows.Second);
            Down(upper, lower, rows, destination.Slice(y * rowLength, rowLength));
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

    /// <summary>The sums of a row, each without its last four bits, as rows are weighted.</summary>
    private static void Across(ReadOnlySpan<byte> row, ReadOnlySpan<Pair> columns, int channels, Span<int> sums)
    {
        int x = 0;
        if (channels == 3)
        {
            // A load takes four bytes and a store four sums, one more than a pixel has; the next pixel overwrites the fourth sum.
            int last = (row.Length / 3) - 1;
            ref byte source = ref MemoryMarshal.GetReference(row);
            ref int target = ref MemoryMarshal.GetReference(sums[..((columns.Length * 3) + Spare)]);
            for (; x < columns.Length && columns[x].Second < last; x++)
            {
                Pair pair = columns[x];
                Vector128<int> sum =
                    (RgbVector.Load(ref source, pair.First * 3) * pair.FirstWeight)
                    + (RgbVector.Load(ref source, pair.Second * 3) * pair.SecondWeight);
                Vector128.ShiftRightArithmetic(sum, 4).StoreUnsafe(ref target, (nuint)(x * 3));
            }
        }
        for (int i = x * channels; x < columns.Length; x++)
        {
            Pair pair = columns[x];
            for (int channel = 0; channel < channels; channel++, i++)
                sums[i] =
                    (
                        (row[(pair.First * channels) + channel] * pair.FirstWeight)
                        + (row[(pair.Second * channels) + channel] * pair.SecondWeight)
                    ) >> 4;
        }
    }

    private static void Down(ReadOnlySpan<int> upper, ReadOnlySpan<int> lower, Pair rows, Span<byte> destination)
    {
        int i = 0;
        ref int up = ref MemoryMarshal.GetReference(upper[..destination.Length]);
        ref int down = ref MemoryMarshal.GetReference(lower[..destination.Length]);
        ref byte target = ref MemoryMarshal.GetReference(destination);
        for (; i <= destination.Length - 16; i += 16)
        {
            Vector256<int> first = Between(Vector256.LoadUnsafe(ref up, (nuint)i), Vector256.LoadUnsafe(ref down, (nuint)i), rows),
                second = Between(Vector256.LoadUnsafe(ref up, (nuint)i + 8), Vector256.LoadUnsafe(ref down, (nuint)i + 8), rows);
            Vector256<short> narrow = Vector256.Narrow(first, second);
            Vector128.Narrow(narrow.GetLower(), narrow.GetUpper()).AsByte().StoreUnsafe(ref target, (nuint)i);
        }
        for (; i < destination.Length; i++)
            destination[i] = (byte)((((rows.FirstWeight * upper[i]) >> 16) + ((rows.SecondWeight * lower[i]) >> 16) + 2) >> 2);
    }

    private static Vector256<int> Between(Vector256<int> upper, Vector256<int> lower, Pair rows)
    {
        Vector256<int> sum =
            Vector256.ShiftRightArithmetic(upper * rows.FirstWeight, 16) + Vector256.ShiftRightArithmetic(lower * rows.SecondWeight, 16);
        return Vector256.ShiftRightArithmetic(sum + Vector256.Create(2), 2);
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
