namespace MogaSharp.Imaging;

/// <summary>CIELAB with the white point D50, as TIFF and color profiles have it, to sRGB.</summary>
internal static class LabColor
{
    // White of D50, and linear sRGB from XYZ of D50 (Bradford adaptation), by IEC 61966-2-1 and ICC.1.
    private const double WhiteX = 0.96422, WhiteZ = 0.82521;

    /// <summary>Converts a row.</summary>
    /// <param name="samples">L (0 to 255 for 0 to 100), then a and b as signed numbers, and a byte that is not used.</param>
    /// <param name="rgb">The samples, written.</param>
    public static void RowToRgb(ReadOnlySpan<byte> samples, Span<byte> rgb)
    {
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
        {
            double fy = ((samples[from] * 100 / 255.0) + 16) / 116, fx = fy + ((sbyte)samples[from + 1] / 500.0), fz = fy - ((sbyte)samples[from + 2] / 200.0);
            double x = WhiteX * Linear(fx), y = Linear(fy), z = WhiteZ * Linear(fz);
            rgb[to] = Encoded((3.1338561 * x) - (1.6168667 * y) - (0.4906146 * z));
            rgb[to + 1] = Encoded((-0.9787684 * x) + (1.9161415 * y) + (0.0334540 * z));
            rgb[to + 2] = Encoded((0.0719453 * x) - (0.2289914 * y) + (1.4052427 * z));
        }
    }

    private static double Linear(double f) => f > 6 / 29.0 ? f * f * f : 3 * (6 / 29.0) * (6 / 29.0) * (f - (4 / 29.0));

    private static byte Encoded(double light)
    {
        light = Math.Clamp(light, 0, 1);
        return (byte)Math.Round(255 * (light <= 0.0031308 ? 12.92 * light : (1.055 * Math.Pow(light, 1 / 2.4)) - 0.055));
    }
}
