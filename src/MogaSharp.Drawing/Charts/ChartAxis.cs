using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace MogaSharp.Drawing;

/// <summary>
/// A scale of a chart: where values stand, and which of them are marked. ScottPlot knows linear scales only, so a logarithmic one gets
/// the logarithms.
/// </summary>
internal sealed record ChartAxis(bool IsLogarithmic, bool IsWhole)
{
    /// <summary>Where a value stands; NaN for one that has no place.</summary>
    public double Place(double value) =>
        !double.IsFinite(value) || (IsLogarithmic && value <= 0) ? double.NaN
        : IsLogarithmic ? Math.Log10(value)
        : value;

    /// <summary>From where to where the scale goes, with a margin, so that no line runs along the frame.</summary>
    public (double From, double To) Limits(IEnumerable<double> places)
    {
        double[] all = [.. places.Where(double.IsFinite)];
        if (all.Length == 0)
            return (0, 1);
        (double least, double most) = (all.Min(), all.Max());
        // A single value stands in the middle; neighbors of what is counted are whole numbers too.
        double margin =
            most > least ? (most - least) * 0.05
            : IsWhole || IsLogarithmic ? 1
            : Math.Max(1e-6, Math.Abs(most) * 0.05);
        return (least - margin, most + margin);
    }

    /// <summary>What marks values between two places.</summary>
    public ITickGenerator Ticks(double from, double to)
    {
        if (!IsLogarithmic)
        {
            var none = new EvenlySpacedMinorTickGenerator(0);
            return new NumericAutomatic
            {
                IntegerTicksOnly = IsWhole,
                LabelFormatter = Text,
                MinorTickGenerator = none,
            };
        }

        var ticks = new NumericManual();
        // Below two decades, the powers of ten alone would be too few.
        double[] steps = to - from < 2 ? [1, 2, 5] : [1];
        int every = Math.Max(1, (int)Math.Ceiling((to - from) / 8));
        for (int power = (int)Math.Floor(from / every) * every; power <= to; power += every)
        {
            foreach (double step in steps)
            {
                double at = power + Math.Log10(step);
                if (at >= from && at <= to)
                    ticks.AddMajor(at, Text(Math.Pow(10, at)));
            }
        }

        return ticks;
    }

    // Ten digits hide what adding up steps of a tenth leaves.
    private static string Text(double value) =>
        value.ToString("G10", CultureInfo.InvariantCulture).Replace("E", "e", StringComparison.Ordinal);
}
