using System.Collections.Immutable;

namespace MogaSharp.Vision.Tests;

public sealed class DetectionConfusionTests
{
    private const int Nothing = 2;

    private static readonly AnnotatedObject First = new(new Box(0, 0, 10, 10), 100, 0),
        Second = new(new Box(100, 0, 10, 10), 100, 1);

    [Fact]
    public void Objects_are_found_taken_for_others_or_missed()
    {
        DetectionConfusion confusion = Confusion(
            [First, Second],
            new Detection(new Box(1, 0, 10, 10), 0.9, 0),
            new Detection(new Box(50, 0, 10, 10), 0.9, 1),
            new Detection(new Box(0, 0, 10, 10), 0.29, 1)
        );
        Assert.Equal((1, 1, 1), (confusion[0, 0], confusion[1, Nothing], confusion[Nothing, 1]));
        Assert.Equal([(1, Nothing, 1), (Nothing, 1, 1)], confusion.Mistakes());
        confusion = Confusion([First], new Detection(new Box(1, 0, 10, 10), 0.3, 1), new Detection(new Box(0, 0, 10, 10), 0.5, 1));
        Assert.Equal([(0, 1, 1), (Nothing, 1, 1)], confusion.Mistakes());
    }

    // The right class has the object although a surer detection of another class overlaps it more.
    [Fact]
    public void The_right_class_comes_first()
    {
        DetectionConfusion confusion = Confusion(
            [First],
            new Detection(new Box(0, 0, 10, 10), 0.9, 1),
            new Detection(new Box(2, 0, 10, 10), 0.4, 0)
        );
        Assert.Equal((1, 0, 1), (confusion[0, 0], confusion[0, 1], confusion[Nothing, 1]));
    }

    [Fact]
    public void Detections_in_a_crowd_do_not_count()
    {
        AnnotatedObject crowd = new(new Box(0, 0, 100, 100), 10_000, 0) { IsCrowd = true };
        DetectionConfusion confusion = Confusion(
            [crowd],
            new Detection(new Box(10, 10, 10, 10), 0.9, 0),
            new Detection(new Box(10, 10, 10, 10), 0.9, 1)
        );
        Assert.Equal([(Nothing, 1, 1)], confusion.Mistakes());
    }

    [Theory]
    [InlineData(CocoComparison.Boxes, "bbox")]
    [InlineData(CocoComparison.Masks, "segm")]
    public void Rows_are_the_objects_and_columns_the_detections(CocoComparison comparison, string results)
    {
        CocoDetectionMetrics metrics = CocoFixture.Counted(comparison, CocoFixture.Detections(results), [1000]);
        DetectionConfusion confusion = metrics.Confusion(score: 0.5);
        for (int label = 0; label < confusion.Classes; label++)
        {
            int row = Enumerable.Range(0, confusion.Classes + 1).Sum(found => confusion[label, found]),
                column = Enumerable.Range(0, confusion.Classes + 1).Sum(truth => confusion[truth, label]),
                detections = CocoFixture.Detections(results).Count(one => one.Detection.Label == label && one.Detection.Score >= 0.5);
            Assert.Equal(CocoFixture.Objects.Sum(image => image.Objects.Count(one => one.Label == label && !one.IsCrowd)), row);
            Assert.InRange(column, detections - 10, detections);
        }

        Assert.Equal(0, confusion[confusion.Classes, confusion.Classes]);
        Assert.Throws<ArgumentOutOfRangeException>(() => confusion[confusion.Classes + 1, 0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => confusion[0, -1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => metrics.Confusion(overlap: 0));
    }

    [Fact]
    public void Perfect_detections_make_no_mistake()
    {
        CocoDetectionMetrics metrics = CocoFixture.Counted(
            CocoComparison.Masks,
            CocoFixture.Objects.SelectMany(image =>
                image.Objects.Select(one => (image.Image, new Detection(one.Box, 0.5, one.Label) { Mask = one.Mask }))
            )
        );
        Assert.Empty(metrics.Confusion().Mistakes());
    }

    private static DetectionConfusion Confusion(ImmutableArray<AnnotatedObject> objects, params Detection[] detections)
    {
        var metrics = new CocoDetectionMetrics([(1, objects)], 2);
        foreach (Detection detection in detections)
            metrics.Add(1, detection);
        return metrics.Confusion();
    }
}
