namespace MogaSharp.Graph;

/// <summary>Functions that the base library lacks, in double precision; for reference results, not for speed.</summary>
public static class SpecialFunctions
{
    /// <summary>The error function, to a few units in the last place of a double.</summary>
    public static double Erf(double x)
    {
        if (double.IsNaN(x))
            return double.NaN;
        double magnitude = Math.Abs(x);
        double value = magnitude < 3 ? ErfSeries(magnitude) : 1 - ErfcFraction(magnitude);
        return Math.CopySign(value, x);
    }

    /// <summary>x (1 + erf(x / sqrt 2)) / 2.</summary>
    public static double Gelu(double x) =>
        x switch
        {
            double.PositiveInfinity => x,
            // erfc keeps its relative precision where 1 + erf has lost it.
            < -3 => double.IsNegativeInfinity(x) ? double.NaN : 0.5 * x * ErfcFraction(-x / Math.Sqrt(2)),
            _ => 0.5 * x * (1 + Erf(x / Math.Sqrt(2))),
        };

    /// <summary>x / (1 + exp(-x)).</summary>
    public static double Silu(double x) => x / (1 + Math.Exp(-x));

    // erf(x) = 2/sqrt(pi) exp(-x^2) sum over n of 2^n x^(2n+1) / (1 3 5 ... (2n+1)): all terms positive, no cancellation.
    private static double ErfSeries(double x)
    {
        double term = x,
            sum = x;
        for (int n = 1; term > sum * 1e-18; n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    // erfc(x) = exp(-x^2) / sqrt(pi) / (x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))), evaluated from the inside.
    private static double ErfcFraction(double x)
    {
        double fraction = x;
        for (int n = 120; n >= 1; n--)
            fraction = x + (n / 2.0 / fraction);
        return Math.Exp(-x * x) / Math.Sqrt(Math.PI) / fraction;
    }
}
