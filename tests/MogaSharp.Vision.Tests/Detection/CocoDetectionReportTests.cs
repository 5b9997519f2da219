namespace MogaSharp.Vision.Tests;

public sealed class CocoDetectionReportTests
{
    [Fact]
    public void Classes_and_curves_are_those_of_a_case_by_hand()
    {
        // Two objects, one found exactly and one by 3/4; between them something wrong. And a class that is only detected.
        var metrics = new CocoDetectionMetrics([(1, [new(new Box(0, 0, 10, 10), 100, 0), new(new Box(100, 0, 12, 12), 144, 0)])], 2);
        metrics.Add(1, new Detection(new Box(0, 0, 10, 10), 0.9, 0));
        metrics.Add(1, new Detection(new Box(50, 0, 10, 10), 0.8, 0));
        metrics.Add(1, new Detection(new Box(100, 0, 12, 8), 0.7, 0));
        metrics.Add(1, new Detection(new Box(50, 0, 10, 10), 0.8, 1));
        CocoDetectionReport report = metrics.Report();
        CocoClassFigures first = report.Classes[0],
            second = report.Classes[1];
        // At 0.5 up to half the recall (51 of 101) all are right, then 2 of 3; from 0.7 on the second object is not found.
        double found = (51 + (50 * 2.0 / 3)) / 101,
            half = 51.0 / 101;
        Assert.Equal(found, first.Precision50, 1e-9);
        Assert.Equal(half, first.Precision75, 1e-9);
        Assert.Equal(((4 * found) + (6 * half)) / 10, first.Precision, 1e-9);
        Assert.Equal(((4 * 1) + (6 * 0.5)) / 10, first.Recall, 1e-9);
        Assert.Equal((2, 3), (first.Objects, first.Detections));
        Assert.Equal((0, 1), (second.Objects, second.Detections));
        Assert.True(double.IsNaN(second.Precision) && double.IsNaN(second.Precision50) && double.IsNaN(second.Recall));
        double[] curve = [.. report.PrecisionCurve(0.5)];
        Assert.Equal(101, curve.Length);
        Assert.Equal((1, 1), (curve[0], curve[50]), Near);
        Assert.Equal((2.0 / 3, 2.0 / 3), (curve[51], curve[100]), Near);
        Assert.Equal(curve, report.PrecisionCurve(0.5, 0));
        Assert.Equal(0, report.PrecisionCurve(0.75, 0)[51]);
        Assert.All(report.PrecisionCurve(0.5, 1), value => Assert.True(double.IsNaN(value)));
        Assert.Equal((0, 0.01, 1), (CocoDetectionReport.Recalls[0], CocoDetectionReport.Recalls[1], CocoDetectionReport.Recalls[100]));
        Assert.Throws<ArgumentOutOfRangeException>(() => report.PrecisionCurve(0.52));
        Assert.Throws<ArgumentOutOfRangeException>(() => report.PrecisionCurve(0.5, 2));
    }

    [Theory]
    [InlineData(CocoComparison.Boxes, "bbox")]
    [InlineData(CocoComparison.Masks, "segm")]
    public void Means_of_classes_and_curves_are_the_figures(CocoComparison comparison, string results)
    {
        CocoDetectionMetrics metrics = CocoFixture.Counted(comparison, CocoFixture.Detections(results));
        CocoDetectionReport report = metrics.Report();
        CocoClassFigures[] classes = [.. report.Classes.Where(one => one.Objects > 0)];
        Assert.Equal(3, classes.Length);
        Assert.Equal(metrics.Figures(), report.Figures);
        Assert.Equal(report.Figures["AP"], classes.Average(one => one.Precision), 1e-9);
        Assert.Equal(report.Figures["AP50"], classes.Average(one => one.Precision50), 1e-9);
        Assert.Equal(report.Figures["AP75"], classes.Average(one => one.Precision75), 1e-9);
        Assert.Equal(report.Figures["AR_100"], classes.Average(one => one.Recall), 1e-9);
        Assert.Equal(report.Figures["AP50"], report.PrecisionCurve(0.5).Average(), 1e-9);
        Assert.Equal(report.Figures["AP75"], report.PrecisionCurve(0.75).Average(), 1e-9);
        Assert.Equal(metrics.Count, report.Classes.Sum(one => one.Detections));
    }

    private static bool Near((double, double) one, (double, double) other) =>
        Math.Abs(one.Item1 - other.Item1) < 1e-9 && Math.Abs(one.Item2 - other.Item2) < 1e-9;
}
