namespace MogaSharp.Data;

/// <summary>
/// Sine and cosine by sums and products alone. Those of the system differ in the last bit from one to another, and a scene has the same
/// bits everywhere.
/// </summary>
internal static class ExactAngle
{
    /// <summary>Sine and cosine, to about 1e-13.</summary>
    public static (double Sin, double Cos) SinCos(double degrees) => (Sin(degrees), Sin(degrees + 90));

    private static double Sin(double degrees)
    {
        degrees -= 360 * Math.Floor((degrees / 360) + 0.5);
        if (degrees > 90)
            degrees = 180 - degrees;
        else if (degrees < -90)
            degrees = -180 - degrees;
        double x = degrees * (Math.PI / 180),
            square = x * x,
            term = x,
            sum = x;
        // Taylor's series; the next term would be below 1e-14.
        for (int n = 2; n <= 18; n += 2)
        {
            term *= -square / (n * (n + 1));
            sum += term;
        }

        return sum;
    }
}
