namespace MogaSharp.Imaging;

/// <summary>CIELAB with the white point D50, as TIFF and color profiles have it, to sRGB.</summary>
internal static class LabColor
{
    // White of D50, and linear sRGB from XYZ of D50 (Bradford adaptation), by IEC 61966-2-1 and ICC.1.
    private const double WhiteX = 0.96422,
        WhiteZ = 0.82521;

    /// <summary>
    /// Whether a and b are numbers with 128 added, as color profiles have them, where TIFF 6.0 asks for signed ones. Colors of images are
    /// mostly far from the edges: under the wrong reading nearly all of them would be beyond what a screen can show.
    /// </summary>
    /// <param name="lab">L, a, b of each pixel.</param>
    public static bool HasOffset(ReadOnlySpan<byte> lab)
    {
        long inTheMiddle = 0;
        for (int i = 0; i < lab.Length; i += 3)
            inTheMiddle += (lab[i + 1] is >= 64 and < 192 ? 1 : 0) + (lab[i + 2] is >= 64 and < 192 ? 1 : 0);
        return inTheMiddle * 3 > lab.Length;
    }

    /// <summary>Converts pixels where they are.</summary>
    /// <param name="pixels">L (0 to 255 for 0 to 100), a and b of each pixel; afterwards red, green and blue.</param>
    /// <param name="hasOffset">Whether a and b are numbers with 128 added; else they are signed.</param>
    public static void ToRgb(Span<byte> pixels, bool hasOffset)
    {
        int flip = hasOffset ? 0x80 : 0;
        for (int i = 0; i < pixels.Length; i += 3)
        {
            double fy = ((pixels[i] * 100 / 255.0) + 16) / 116,
                fx = fy + ((sbyte)(pixels[i + 1] ^ flip) / 500.0),
                fz = fy - ((sbyte)(pixels[i + 2] ^ flip) / 200.0);
            double x = WhiteX * Linear(fx),
                y = Linear(fy),
                z = WhiteZ * Linear(fz);
            pixels[i] = Encoded((3.1338561 * x) - (1.6168667 * y) - (0.4906146 * z));
            pixels[i + 1] = Encoded((-0.9787684 * x) + (1.9161415 * y) + (0.0334540 * z));
            pixels[i + 2] = Encoded((0.0719453 * x) - (0.2289914 * y) + (1.4052427 * z));
        }
    }

    private static double Linear(double f) => f > 6 / 29.0 ? f * f * f : 3 * (6 / 29.0) * (6 / 29.0) * (f - (4 / 29.0));

    private static byte Encoded(double light)
    {
        light = Math.Clamp(light, 0, 1);
        return (byte)Math.Round(255 * (light <= 0.0031308 ? 12.92 * light : (1.055 * Math.Pow(light, 1 / 2.4)) - 0.055));
    }
}
