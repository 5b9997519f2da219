using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using MogaSharp.Vision;

namespace MogaSharp.Imaging;

/// <summary>
/// Affine maps of 8-bit RGB images with the results of OpenCV's <c>warpAffine</c>, bit by bit: places in units of a 32th of a pixel,
/// bilinear between four pixels, black outside of the image. Safe to use from many threads at once.
/// </summary>
public static class AffineWarp
{
    private const int Channels = 3;

    // Places are computed with ten binary digits, and rounded to five.
    private const int PlaceBits = 10;
    private const int StepBits = 5;
    private const int Steps = 1 << StepBits;
    private const int ToSteps = PlaceBits - StepBits;

    // Far outside of any image, and far from the end of the type.
    private const double MostPlace = 1L << 60;

    /// <summary>Moves an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="map">As for the other method.</param>
    /// <param name="size">The size of the new image, each side at least 1.</param>
    /// <exception cref="ArgumentException">The map has no inverse.</exception>
    public static RgbImage Apply(RgbImage image, in AffineMap map, ImageSize size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Width, nameof(size));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Height, nameof(size));
        byte[] pixels = new byte[checked(size.Width * size.Height * 3)];
        Apply(image.Pixels, new ImageSize(image.Width, image.Height), pixels, size, map);
        return new RgbImage(size.Width, size.Height, pixels);
    }

    /// <summary>Moves an image of interleaved 8-bit RGB samples, rows without gaps.</summary>
    /// <param name="source">height x width x 3 samples.</param>
    /// <param name="sourceSize">The size of the image, each side at least 1.</param>
    /// <param name="destination">As many samples of the new size, written; must not overlap the source.</param>
    /// <param name="size">The size of the new image, each side at least 1.</param>
    /// <param name="map">Where the pixels go. Unlike elsewhere, whole numbers are the centers of pixels, as OpenCV has it
    /// (<see cref="PoseRegion.ToInput"/> gives such a map).</param>
    /// <exception cref="ArgumentException">A span has another length, or the map has no inverse.</exception>
    public static void Apply(ReadOnlySpan<byte> source, ImageSize sourceSize, Span<byte> destination, ImageSize size, in AffineMap map)
    {
        CheckLength(source.Length, sourceSize, nameof(source));
        CheckLength(destination.Length, size, nameof(destination));
        AffineMap back = Inverse(map);
        // The part of a place that depends on the column, for all rows.
        (long X, long Y)[] columns = new (long, long)[size.Width];
        for (int x = 0; x < columns.Length; x++)
            columns[x] = (Place(back.Xx * x), Place(back.Yx * x));
        int at = 0;
        for (int y = 0; y < size.Height; y++)
        {
            long rowX = Place((back.Xy * y) + back.X0) + (1 << (ToSteps - 1)),
                rowY = Place((back.Yy * y) + back.Y0) + (1 << (ToSteps - 1));
            foreach ((long columnX, long columnY) in columns)
            {
                Span<byte> pixel = destination.Slice(at, Channels);
                Sample(source, sourceSize, (rowX + columnX) >> ToSteps, (rowY + columnY) >> ToSteps, pixel);
                at += Channels;
            }
        }
    }

    // OpenCV's own order of operations: the last bit of the inverse can decide how a place is rounded.
    private static AffineMap Inverse(in AffineMap map)
    {
        double d = 1 / map.Determinant;
        if (!double.IsFinite(d) || d == 0)
            throw new ArgumentException($"The map {map} has no inverse.", nameof(map));
        double xx = map.Yy * d,
            xy = -map.Xy * d,
            yx = -map.Yx * d,
            yy = map.Xx * d;
        return new AffineMap(xx, xy, (-xx * map.X0) - (xy * map.Y0), yx, yy, (-yx * map.X0) - (yy * map.Y0));
    }

    private static long Place(double pixels) => (long)Math.Clamp(Math.Round(pixels * (1 << PlaceBits)), -MostPlace, MostPlace);

    private static void Sample(ReadOnlySpan<byte> source, ImageSize size, long x, long y, Span<byte> pixel)
    {
        (long left, long top) = (x >> StepBits, y >> StepBits);
        (int right, int down) = ((int)x & (Steps - 1), (int)y & (Steps - 1));
        int pitch = size.Width * Channels;
        int at = (int)((top * pitch) + (left * Channels)),
            last = at + pitch + Channels;
        // Each load takes four bytes, one more than a pixel has: the very last pixel is not read so.
        bool isInside = left >= 0 && top >= 0 && left < size.Width - 1 && top < size.Height - 1 && last + 4 <= source.Length;
        ref byte first = ref MemoryMarshal.GetReference(source);
        Vector128<int> value = isInside
            ? Between(
                RgbVector.Load(ref first, at),
                RgbVector.Load(ref first, at + Channels),
                RgbVector.Load(ref first, at + pitch),
                RgbVector.Load(ref first, last),
                right,
                down
            )
            : Between(
                PixelOrBlack(source, size, left, top),
                PixelOrBlack(source, size, left + 1, top),
                PixelOrBlack(source, size, left, top + 1),
                PixelOrBlack(source, size, left + 1, top + 1),
                right,
                down
            );
        (pixel[0], pixel[1], pixel[2]) = ((byte)value[0], (byte)value[1], (byte)value[2]);
    }

    private static Vector128<int> PixelOrBlack(ReadOnlySpan<byte> source, ImageSize size, long x, long y)
    {
        if (x < 0 || y < 0 || x >= size.Width || y >= size.Height)
            return Vector128<int>.Zero;
        ReadOnlySpan<byte> pixel = source.Slice((((int)y * size.Width) + (int)x) * Channels, Channels);
        return Vector128.Create(pixel[0], pixel[1], pixel[2], 0);
    }

    private static Vector128<int> Between(
        Vector128<int> upperLeft,
        Vector128<int> upperRight,
        Vector128<int> lowerLeft,
        Vector128<int> lowerRight,
        int right,
        int down
    )
    {
        Vector128<int> upper = (upperLeft * (Steps - right)) + (upperRight * right),
            lower = (lowerLeft * (Steps - right)) + (lowerRight * right);
        return ((upper * (Steps - down)) + (lower * down) + Vector128.Create(Steps * Steps / 2)) >> (2 * StepBits);
    }

    private static void CheckLength(int length, ImageSize size, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Width, name);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Height, name);
        if (length != (long)size.Width * size.Height * Channels)
            throw new ArgumentException($"{size} RGB pixels are not {length} bytes.", name);
    }
}
