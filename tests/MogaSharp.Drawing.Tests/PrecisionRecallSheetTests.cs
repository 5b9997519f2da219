using System.Xml.Linq;
using MogaSharp.Vision;

namespace MogaSharp.Drawing.Tests;

public sealed class PrecisionRecallSheetTests
{
    [Fact]
    public void There_is_a_chart_of_all_and_one_of_each_class_that_has_objects()
    {
        ChartSheet sheet = PrecisionRecallSheet.Of(Report(3), ["cat", "dog", "bird"], "results.json");
        Assert.Equal(["all classes, 2 objects", "cat, 1 object", "bird, 1 object"], sheet.Charts.Select(chart => chart.Title));
        Assert.Equal(["IoU 0.5: AP 100.0", "IoU 0.75: AP 0.0"], sheet.Charts[1].Series.Select(series => series.Name));
        Assert.Equal(["IoU 0.5: AP 50.0", "IoU 0.75: AP 0.0"], sheet.Charts[0].Series.Select(series => series.Name));
        Assert.All(sheet.Charts.SelectMany(chart => chart.Series), series => Assert.Equal((101, 101), (series.X.Length, series.Y.Length)));
        var svg = XDocument.Parse(sheet.ToSvg());
        XNamespace space = "http://www.w3.org/2000/svg";
        string[] texts = [.. svg.Descendants(space + "text").Select(text => text.Value)];
        Assert.Contains("recall", texts);
        // Charts of poor classes reach to 1 too, so that they can be compared.
        Assert.Equal(3, texts.Count(text => text == "precision"));
        Assert.Equal(6, texts.Count(text => text == "1"));
        Assert.Contains("results.json", texts);
        Assert.Contains("bird, 1 object", texts);
    }

    [Fact]
    public void Of_many_classes_those_with_most_objects_are_drawn_and_without_objects_only_the_mean_is()
    {
        string[] names = [.. Enumerable.Range(0, 300).Select(i => $"class {i}")];
        Assert.Equal(1 + PrecisionRecallSheet.MostClasses, PrecisionRecallSheet.Of(Report(300), names).Charts.Length);
        var nothing = new CocoDetectionMetrics([(1, [])], 1);
        Assert.NotEmpty(Assert.Single(PrecisionRecallSheet.Of(nothing.Report(), ["cat"]).Charts).ToSheet().ToSvg());
        Assert.Throws<ArgumentException>(() => PrecisionRecallSheet.Of(Report(3), ["cat"]));
    }

    // An object of every second class; the first one is found by 2/3, the others are not.
    private static CocoDetectionReport Report(int classes)
    {
        var metrics = new CocoDetectionMetrics(
            [(1, [.. Enumerable.Range(0, (classes + 1) / 2).Select(i => new AnnotatedObject(new Box(20 * i, 0, 10, 10), 100, 2 * i))])],
            classes
        );
        metrics.Add(1, new Detection(new Box(2, 0, 10, 10), 0.9, 0));
        return metrics.Report();
    }
}
