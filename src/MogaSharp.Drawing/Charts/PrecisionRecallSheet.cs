using System.Collections.Immutable;
using System.Globalization;
using MogaSharp.Vision;

namespace MogaSharp.Drawing;

/// <summary>Charts of how precision falls while recall grows: one of the mean of all classes, then one of each that has objects.
/// </summary>
public static class PrecisionRecallSheet
{
    /// <summary>The most charts of classes; of more classes, those with most objects are drawn.</summary>
    public const int MostClasses = 100;

    private static readonly double[] Overlaps = [0.5, 0.75];

    /// <summary>Makes the charts.</summary>
    /// <param name="report">The evaluation.</param>
    /// <param name="classes">The names of the classes.</param>
    /// <param name="title">What stands above all; null for nothing.</param>
    /// <exception cref="ArgumentException">There are not as many names as classes.</exception>
    public static ChartSheet Of(CocoDetectionReport report, IReadOnlyList<string> classes, string? title = null)
    {
        if (classes.Count != report.Classes.Length)
            throw new ArgumentException($"There are {classes.Count} names of {report.Classes.Length} classes.", nameof(classes));
        IEnumerable<int> drawn = Enumerable
            .Range(0, classes.Count)
            .Where(label => report.Classes[label].Objects > 0)
            .OrderByDescending(label => report.Classes[label].Objects)
            .Take(MostClasses)
            .Order();
        return new ChartSheet([
            Chart(report, Title("all classes", report.Classes.Sum(one => one.Objects)), null),
            .. drawn.Select(label => Chart(report, Title(classes[label], report.Classes[label].Objects), label)),
        ])
        {
            Title = title,
            Columns = 4,
            ChartWidth = 320,
            ChartHeight = 260,
        };
    }

    private static string Title(string name, int objects) => $"{name}, {objects} object{(objects == 1 ? "" : "s")}";

    private static LineChart Chart(CocoDetectionReport report, string title, int? label) =>
        new([.. Overlaps.Select(overlap => Curve(report, overlap, label))])
        {
            Title = title,
            XTitle = "recall",
            YTitle = "precision",
            YRange = (0, 1),
            LegendCorner = Corner.TopRight,
        };

    private static ChartSeries Curve(CocoDetectionReport report, double overlap, int? label)
    {
        ImmutableArray<double> precisions = report.PrecisionCurve(overlap, label);
        string name = string.Create(CultureInfo.InvariantCulture, $"IoU {overlap}: AP {100 * precisions.Average():F1}");
        return new ChartSeries(name, CocoDetectionReport.Recalls, precisions);
    }
}
