namespace MogaSharp.Imaging;

/// <summary>
/// Turns the hues of an image, with the values of torchvision's <c>adjust_hue</c> on Pillow images: to Pillow's 8-bit HSV
/// (<c>Convert.c</c>), hue plus a number, back. Colors lose some precision on the way, also by 0. Works in place on interleaved samples.
/// Safe to use from many threads at once.
/// </summary>
public static class HueShift
{
    /// <summary>Turns the hues. A gray image stays as it is.</summary>
    /// <param name="pixels">The samples, changed in place.</param>
    /// <param name="channels">1 (gray) or 3 (RGB).</param>
    /// <param name="turn">The part of a whole turn, -0.5 to 0.5; positive from red to green.</param>
    /// <exception cref="ArgumentOutOfRangeException">The turn is out of its range.</exception>
    public static void Apply(Span<byte> pixels, int channels, double turn)
    {
        if (!(Math.Abs(turn) <= 0.5))
            throw new ArgumentOutOfRangeException(nameof(turn), turn, "-0.5 to 0.5");
        if (channels == 1)
            return;
        // The fraction is cut off before the number wraps around.
        byte shift = unchecked((byte)(int)(turn * 255));
        for (int i = 0; i < pixels.Length; i += 3)
        {
            Span<byte> pixel = pixels.Slice(i, 3);
            (byte hue, byte saturation, byte value) = ToHsv(pixel[0], pixel[1], pixel[2]);
            ToRgb(unchecked((byte)(hue + shift)), saturation, value, pixel);
        }
    }

    // Single and double precision change as they do in Pillow.
    private static (byte Hue, byte Saturation, byte Value) ToHsv(byte red, byte green, byte blue)
    {
        byte most = Math.Max(red, Math.Max(green, blue)),
            least = Math.Min(red, Math.Min(green, blue));
        if (most == least)
            return (0, 0, most);
        float range = most - least,
            saturation = range / most;
        float fromRed = (most - red) / range,
            fromGreen = (most - green) / range,
            fromBlue = (most - blue) / range;
        float hue =
            red == most ? fromBlue - fromGreen
            : green == most ? (float)(2.0 + fromRed - fromBlue)
            : (float)(4.0 + fromGreen - fromRed);
        hue = (float)(((hue / 6.0) + 1.0) % 1.0);
        return (Byte((int)(hue * 255.0)), Byte((int)(saturation * 255.0)), most);
    }

    private static void ToRgb(byte hue, byte saturation, byte value, Span<byte> pixel)
    {
        if (saturation == 0)
        {
            pixel.Fill(value);
            return;
        }

        double sixths = hue * 6.0 / 255.0;
        int sector = (int)Math.Floor(sixths);
        float rest = (float)(sixths - (float)sector),
            share = (float)(saturation / 255.0);
        byte p = Level(value * (1.0 - share)),
            q = Level(value * (1.0 - (share * rest))),
            t = Level(value * (1.0 - (share * (1.0 - rest))));
        (pixel[0], pixel[1], pixel[2]) = (sector % 6) switch
        {
            0 => (value, t, p),
            1 => (q, value, p),
            2 => (p, value, t),
            3 => (p, q, value),
            4 => (t, p, value),
            _ => (value, p, q),
        };
    }

    private static byte Level(double value) => Byte((int)Math.Round(value, MidpointRounding.AwayFromZero));

    private static byte Byte(int value) => (byte)Math.Clamp(value, 0, 255);
}
