using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using MogaSharp.Vision;

namespace MogaSharp.Imaging;

/// <summary>
/// Affine maps of 8-bit images with the results of Pillow's <c>Image.transform</c> with <c>fillcolor</c>, bit by bit: double
/// precision, results cut (not rounded) to whole numbers. Safe to use from many threads at once.
/// </summary>
public static class AffineTransform
{
    private const int Digits = 15;

    // 2^52 as bits: a whole number below 2^52, or-ed into its fraction, is that number plus 2^52.
    private const ulong TwoTo52 = 0x4330_0000_0000_0000;

    /// <summary>Where the pixels of an image come from that is turned about its center, with the coefficients that Pillow's
    /// <c>Image.rotate</c> computes.</summary>
    /// <param name="degrees">The angle; positive turns against the clock.</param>
    /// <param name="width">Pixels of a row.</param>
    /// <param name="height">Rows.</param>
    public static AffineMap Rotation(double degrees, int width, int height)
    {
        double angle = degrees % 360;
        if (angle < 0)
            angle += 360;
        double radians = -(angle * (Math.PI / 180));
        double cos = Rounded(Math.Cos(radians)),
            sin = Rounded(Math.Sin(radians));
        double centerX = width / 2.0,
            centerY = height / 2.0;
        return new AffineMap(
            cos,
            sin,
            (cos * -centerX) + (sin * -centerY) + 0.0 + centerX,
            -sin,
            cos,
            (-sin * -centerX) + (cos * -centerY) + 0.0 + centerY
        );
    }

    /// <summary>Transforms an image of interleaved 8-bit samples, rows without gaps.</summary>
    /// <param name="source">height x width x channels samples.</param>
    /// <param name="width">Pixels of a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="channels">1 (gray) or 3.</param>
    /// <param name="destination">As many samples, written; must not overlap the source.</param>
    /// <param name="toSource">Where the new pixels come from, in the order of Pillow's <c>Image.AFFINE</c>; its inverse is where the
    /// old ones go.</param>
    /// <param name="filter"><see cref="ResizeFilter.Bilinear"/> (2 x 2 pixels) or <see cref="ResizeFilter.Bicubic"/> (4 x 4 pixels, a =
    /// -1).</param>
    /// <param name="fill">The color of pixels from outside the image, one sample for each channel.</param>
    /// <exception cref="ArgumentException">A span has another length, or the filter or the number of channels is none of these.</exception>
    public static void Apply(
        ReadOnlySpan<byte> source,
        int width,
        int height,
        int channels,
        Span<byte> destination,
        in AffineMap toSource,
        ResizeFilter filter,
        ReadOnlySpan<byte> fill
    )
    {
        if (channels is not (1 or 3))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "1 or 3 channels can be transformed");
        if (filter is not (ResizeFilter.Bilinear or ResizeFilter.Bicubic))
            throw new ArgumentOutOfRangeException(nameof(filter), filter, "The filter is bilinear or bicubic.");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (source.Length != (long)width * height * channels || destination.Length != source.Length)
            throw new ArgumentException(
                $"{width} x {height} pixels of {channels} channels are neither {source.Length} nor {destination.Length} bytes."
            );
        if (fill.Length != channels)
            throw new ArgumentException($"There are {fill.Length} samples of fill for {channels} channels.", nameof(fill));
        var sampler = new Sampler(source, width, height, channels);
        int at = 0;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++, at += channels)
            {
                double centerX = x + 0.5,
                    centerY = y + 0.5;
                double fromX = (toSource.Xx * centerX) + (toSource.Xy * centerY) + toSource.X0;
                double fromY = (toSource.Yx * centerX) + (toSource.Yy * centerY) + toSource.Y0;
                Span<byte> pixel = destination.Slice(at, channels);
                if (!(fromX >= 0 && fromX < width && fromY >= 0 && fromY < height))
                {
                    fill.CopyTo(pixel);
                    continue;
                }
                Vector256<double> value =
                    filter == ResizeFilter.Bilinear
                        ? sampler.Bilinear(fromX - 0.5, fromY - 0.5)
                        : sampler.Bicubic(fromX - 0.5, fromY - 0.5);
                pixel[0] = (byte)value[0];
                if (channels == 1)
                    continue;
                pixel[1] = (byte)value[1];
                pixel[2] = (byte)value[2];
            }
        }
    }

    // Python rounds the exact binary value to decimal digits, which Math.Round does not.
    private static double Rounded(double value)
    {
        Span<char> text = stackalloc char[32];
        value.TryFormat(text, out int length, $"F{Digits}", CultureInfo.InvariantCulture);
        return double.Parse(text[..length], CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Reads pixels between pixels, a channel in each lane. Beyond the border the border pixels count. Where a position falls on
    /// a row or a column the rest of the neighborhood has the weight 0 and is not read.
    /// </summary>
    private readonly ref struct Sampler(ReadOnlySpan<byte> source, int width, int height, int channels)
    {
        private readonly ref byte _first = ref MemoryMarshal.GetReference(source);
        private readonly int _length = source.Length;

        public Vector256<double> Bilinear(double x, double y)
        {
            int left = (int)Math.Floor(x),
                top = (int)Math.Floor(y);
            double right = x - left,
                down = y - top;
            Vector256<double> upper = BilinearRow(top, left, right);
            return down == 0 ? upper : Between(upper, BilinearRow(top + 1, left, right), down);
        }

        public Vector256<double> Bicubic(double x, double y)
        {
            int left = (int)Math.Floor(x),
                top = (int)Math.Floor(y);
            double right = x - left,
                down = y - top;
            Vector256<double> value =
                down == 0
                    ? BicubicRow(top, left, right)
                    : Cubic(
                        BicubicRow(top - 1, left, right),
                        BicubicRow(top, left, right),
                        BicubicRow(top + 1, left, right),
                        BicubicRow(top + 2, left, right),
                        down
                    );
            return Vector256.Min(Vector256.Max(value, Vector256<double>.Zero), Vector256.Create(255.0));
        }

        private Vector256<double> BilinearRow(int y, int x, double fraction)
        {
            int row = Math.Clamp(y, 0, height - 1) * width;
            return fraction == 0 ? Pixel(row, x) : Between(Pixel(row, x), Pixel(row, x + 1), fraction);
        }

        private Vector256<double> BicubicRow(int y, int x, double fraction)
        {
            int row = Math.Clamp(y, 0, height - 1) * width;
            return fraction == 0 ? Pixel(row, x) : Cubic(Pixel(row, x - 1), Pixel(row, x), Pixel(row, x + 1), Pixel(row, x + 2), fraction);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Vector256<double> Pixel(int row, int x)
        {
            int offset = (row + Math.Clamp(x, 0, width - 1)) * channels;
            ref byte pixel = ref Unsafe.Add(ref _first, offset);
            uint samples =
                channels == 1 ? pixel
                : offset + 4 <= _length ? Unsafe.ReadUnaligned<uint>(ref pixel)
                : (uint)(pixel | (Unsafe.Add(ref pixel, 1) << 8) | (Unsafe.Add(ref pixel, 2) << 16));
            Vector128<uint> wide = Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalar(samples).AsByte()));
            Vector256<ulong> bits = Vector256.Create(Vector128.WidenLower(wide), Vector128.WidenUpper(wide));
            return (bits | Vector256.Create(TwoTo52)).AsDouble() - Vector256.Create(TwoTo52).AsDouble();
        }

        private static Vector256<double> Between(Vector256<double> a, Vector256<double> b, double fraction) => a + ((b - a) * fraction);

        // The order of the additions is Pillow's; another one would round otherwise.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<double> Cubic(
            Vector256<double> a,
            Vector256<double> b,
            Vector256<double> c,
            Vector256<double> d,
            double fraction
        )
        {
            Vector256<double> p2 = c - a;
            Vector256<double> p3 = ((a - b) * 2) + c - d;
            Vector256<double> p4 = b - a - c + d;
            return b + ((p2 + ((p3 + (p4 * fraction)) * fraction)) * fraction);
        }
    }
}
