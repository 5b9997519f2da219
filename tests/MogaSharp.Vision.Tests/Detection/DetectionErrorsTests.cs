using System.Collections.Immutable;
using System.Text.Json;

namespace MogaSharp.Vision.Tests;

public sealed class DetectionErrorsTests
{
    private static readonly DetectionErrorKind[] Kinds = Enum.GetValues<DetectionErrorKind>();

    // An object of each of two classes, far apart.
    private static readonly ImmutableArray<AnnotatedObject> Two =
    [
        new(new Box(0, 0, 10, 10), 100, 0),
        new(new Box(100, 0, 10, 10), 100, 1),
    ];

    // The official program counts classes without objects, and has equal scores in another order once something is corrected.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Counts_and_gains_are_those_of_the_official_code(int place)
    {
        JsonElement expected = CocoFixture.Json("tide_expected")[place];
        IEnumerable<(long Image, Detection Detection)> ranked = CocoFixture
            .Detections("bbox")
            .Where(one => one.Detection.Label != CocoFixture.LabelOf(90))
            .OrderByDescending(one => one.Detection.Score)
            .ThenBy(one => one.Image)
            .Select((one, i) => (one.Image, one.Detection with { Score = 1 - (i / 1000.0) }));
        CocoDetectionMetrics metrics = CocoFixture.Counted(CocoComparison.Boxes, ranked, [1000]);
        double foreground = expected.GetProperty("foreground").GetDouble();
        DetectionErrors errors = metrics.Errors(foreground, expected.GetProperty("background").GetDouble());
        string[] names = ["Cls", "Loc", "Both", "Dupe", "Bkg", "Miss"];
        foreach ((string name, DetectionErrorKind kind) in names.Zip(Kinds))
        {
            Assert.Equal(expected.GetProperty("count").GetProperty(name).GetInt32(), errors.Count(kind));
            Assert.Equal(expected.GetProperty("gain").GetProperty(name).GetDouble(), errors.Gain(kind), 1e-9);
        }

        Assert.Equal(expected.GetProperty("ap").GetDouble(), errors.AveragePrecision, 1e-9);
        Assert.Equal(metrics.Figures()[foreground == 0.5 ? "AP50" : "AP75"], errors.AveragePrecision, 1e-9);
    }

    [Theory]
    [InlineData(CocoComparison.Boxes, "bbox")]
    [InlineData(CocoComparison.Masks, "segm")]
    public void Kinds_are_parts_of_what_is_wrong(CocoComparison comparison, string results)
    {
        CocoDetectionMetrics metrics = CocoFixture.Counted(comparison, CocoFixture.Detections(results), [1000]);
        DetectionErrors errors = metrics.Errors();
        Assert.Equal(metrics.Figures()["AP50"], errors.AveragePrecision, 1e-9);
        int wrong = Kinds.Where(kind => kind != DetectionErrorKind.Missed).Sum(errors.Count),
            objects = CocoFixture.Objects.Sum(image => image.Objects.Count(one => !one.IsCrowd));
        // What is neither right nor wrong lies in a crowd.
        Assert.InRange(errors.Right + wrong, metrics.Count - 20, metrics.Count);
        Assert.InRange(errors.Right + errors.Count(DetectionErrorKind.Missed), 1, objects);
        Assert.All(Kinds, kind => Assert.InRange(errors.Gain(kind), 0, 1 - errors.AveragePrecision));
    }

    [Fact]
    public void Perfect_detections_have_no_error()
    {
        DetectionErrors errors = CocoFixture
            .Counted(
                CocoComparison.Boxes,
                CocoFixture.Objects.SelectMany(image =>
                    image.Objects.Where(one => !one.IsCrowd).Select(one => (image.Image, new Detection(one.Box, 0.5, one.Label)))
                )
            )
            .Errors();
        Assert.Equal(1, errors.AveragePrecision, 1e-9);
        Assert.All(Kinds, kind => Assert.Equal((0, 0), (errors.Count(kind), errors.Gain(kind))));
    }

    // Each detection is the only one, at a shift whose overlap is known: 8 of 10 pixels are 2/3, 6 are 3/7, 1 is 1/19.
    [Theory]
    [InlineData(0, 0, null)]
    [InlineData(2, 0, null)]
    [InlineData(0, 1, DetectionErrorKind.Class)]
    [InlineData(2, 1, DetectionErrorKind.Class)]
    [InlineData(4, 0, DetectionErrorKind.Place)]
    [InlineData(4, 1, DetectionErrorKind.Both)]
    [InlineData(9, 0, DetectionErrorKind.Background)]
    [InlineData(9, 1, DetectionErrorKind.Background)]
    [InlineData(50, 0, DetectionErrorKind.Background)]
    public void A_detection_has_the_kind_of_its_place_and_class(double shift, int label, DetectionErrorKind? expected)
    {
        DetectionErrors errors = Errors(Two, new Detection(new Box(shift, 0, 10, 10), 0.9, label));
        Assert.Equal(expected is null ? 1 : 0, errors.Right);
        foreach (DetectionErrorKind kind in Kinds.Where(kind => kind != DetectionErrorKind.Missed))
            Assert.Equal(kind == expected ? 1 : 0, errors.Count(kind));
        // An object that a correction would find is not missed.
        bool couldBeFound = expected is null or DetectionErrorKind.Class or DetectionErrorKind.Place;
        Assert.Equal(couldBeFound ? 1 : 2, errors.Count(DetectionErrorKind.Missed));
    }

    [Fact]
    public void Gains_are_those_of_the_corrected_detections()
    {
        // The first class is found once and once more; the second one is taken for the first.
        DetectionErrors errors = Errors(
            Two,
            new Detection(new Box(0, 0, 10, 10), 0.9, 0),
            new Detection(new Box(1, 0, 10, 10), 0.8, 0),
            new Detection(new Box(100, 0, 10, 10), 0.7, 0)
        );
        Assert.Equal(0.5, errors.AveragePrecision, 1e-9);
        Assert.Equal(
            (1, 1, 0),
            (errors.Count(DetectionErrorKind.Duplicate), errors.Count(DetectionErrorKind.Class), errors.Count(DetectionErrorKind.Missed))
        );
        Assert.Equal(0.5, errors.Gain(DetectionErrorKind.Class), 1e-9);
        Assert.Equal(0, errors.Gain(DetectionErrorKind.Duplicate), 1e-9);
    }

    [Fact]
    public void A_surer_background_and_a_missed_object_cost_precision_and_recall()
    {
        // The wrong one comes first, so the only precision is 1/2, up to half of the recall: 51 of 101 places.
        AnnotatedObject[] objects = [new(new Box(0, 0, 10, 10), 100, 0), new(new Box(100, 0, 10, 10), 100, 0)];
        DetectionErrors errors = Errors(
            [.. objects],
            new Detection(new Box(50, 50, 10, 10), 0.9, 0),
            new Detection(new Box(0, 0, 10, 10), 0.8, 0)
        );
        double half = 51.0 / 101;
        Assert.Equal(half / 2, errors.AveragePrecision, 1e-9);
        Assert.Equal(half / 2, errors.Gain(DetectionErrorKind.Background), 1e-9);
        Assert.Equal(0.5 - (half / 2), errors.Gain(DetectionErrorKind.Missed), 1e-9);
        Assert.Equal((1, 1), (errors.Count(DetectionErrorKind.Background), errors.Count(DetectionErrorKind.Missed)));
    }

    [Fact]
    public void Of_two_that_could_be_corrected_to_one_object_the_surer_one_is()
    {
        DetectionErrors errors = Errors(Two, new Detection(new Box(4, 0, 10, 10), 0.6, 0), new Detection(new Box(5, 0, 10, 10), 0.7, 0));
        Assert.Equal(2, errors.Count(DetectionErrorKind.Place));
        Assert.Equal(0.5, errors.Gain(DetectionErrorKind.Place), 1e-9);
    }

    [Fact]
    public void Crowds_are_neither_right_nor_wrong_and_without_objects_nothing_is_a_number()
    {
        AnnotatedObject crowd = new(new Box(0, 0, 100, 100), 10_000, 0) { IsCrowd = true };
        DetectionErrors errors = Errors([crowd], new Detection(new Box(10, 10, 10, 10), 0.9, 0));
        Assert.All(Kinds, kind => Assert.Equal(0, errors.Count(kind)));
        Assert.Equal((0, true), (errors.Right, double.IsNaN(errors.AveragePrecision)));
        Assert.True(double.IsNaN(errors.Gain(DetectionErrorKind.Class)));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1.1, 0)]
    [InlineData(double.NaN, 0)]
    [InlineData(0.5, 0.5)]
    [InlineData(0.5, -0.1)]
    public void Overlaps_that_are_none_are_refused(double foreground, double background) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => CocoFixture.Counted(CocoComparison.Boxes, []).Errors(foreground, background));

    private static DetectionErrors Errors(ImmutableArray<AnnotatedObject> objects, params Detection[] detections)
    {
        var metrics = new CocoDetectionMetrics([(1, objects)], 2);
        foreach (Detection detection in detections)
            metrics.Add(1, detection);
        return metrics.Errors();
    }
}
