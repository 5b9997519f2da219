using System.Collections.Immutable;
using System.Text.Json;

namespace MogaSharp.Vision.Tests;

public sealed class CocoDetectionMetricsTests
{
    private static readonly JsonElement Expected = CocoFixture.Json("coco_expected");

    [Theory]
    [InlineData("bbox", "bbox", CocoComparison.Boxes)]
    [InlineData("segm", "segm", CocoComparison.Masks)]
    [InlineData("bbox_maxdets_100_300_1000", "bbox", CocoComparison.Boxes)]
    public void Figures_are_those_of_pycocotools(string name, string results, CocoComparison comparison)
    {
        JsonElement expected = Expected.GetProperty(name);
        bool isOther = expected.TryGetProperty("names", out JsonElement named);
        string[] names = [.. (isOther ? named : Expected.GetProperty("names_box_mask")).EnumerateArray().Select(one => one.GetString()!)];
        CocoDetectionMetrics metrics = CocoFixture.Counted(
            comparison,
            CocoFixture.Detections(results),
            isOther ? [100, 300, 1000] : [1, 10, 100]
        );
        (IReadOnlyDictionary<string, double> figures, ImmutableArray<double> precisions) = metrics.Evaluate();
        Assert.Equal(names.Select(one => one.Replace("AR@", "AR_").Replace("@1000", "")), figures.Keys);
        foreach ((JsonElement value, string key) in expected.GetProperty("stats").EnumerateArray().Zip(figures.Keys))
            Assert.InRange(figures[key], value.GetDouble() - 1e-9, value.GetDouble() + 1e-9);
        foreach (JsonProperty category in expected.GetProperty("per_category_ap").EnumerateObject())
        {
            double precision = precisions[CocoFixture.LabelOf(int.Parse(category.Name))];
            if (category.Value.ValueKind == JsonValueKind.Null)
                Assert.True(double.IsNaN(precision));
            else
                Assert.InRange(precision, category.Value.GetDouble() - 1e-9, category.Value.GetDouble() + 1e-9);
        }

        Assert.Equal(figures, metrics.Figures());
        Assert.Equal(precisions, metrics.AveragePrecisions());
    }

    [Theory]
    [InlineData("bbox", CocoComparison.Boxes)]
    [InlineData("segm", CocoComparison.Masks)]
    public void Counted_in_parts_and_merged_it_is_the_same(string results, CocoComparison comparison)
    {
        (long Image, Detection Detection)[] detections = [.. CocoFixture.Detections(results)];
        CocoDetectionMetrics whole = CocoFixture.Counted(comparison, detections),
            merged = CocoFixture.Counted(comparison, []);
        merged.Merge(CocoFixture.Counted(comparison, detections[..57]).Save());
        merged.Merge(CocoFixture.Counted(comparison, detections[57..]).Save());
        Assert.Equal(detections.Length, merged.Count);
        Assert.Equal(whole.Figures(), merged.Figures());
        Assert.Equal(whole.Save(), merged.Save());
    }

    // As processes share a set: each has every third image, in an order of its own, and one more has none.
    [Theory]
    [InlineData("bbox", CocoComparison.Boxes)]
    [InlineData("segm", CocoComparison.Masks)]
    public void Processes_that_share_the_images_have_the_bits_of_one(string results, CocoComparison comparison)
    {
        (long Image, Detection Detection)[] detections = [.. CocoFixture.Detections(results)];
        CocoDetectionMetrics whole = CocoFixture.Counted(comparison, detections),
            merged = CocoFixture.Counted(comparison, []);
        long[] images = [.. CocoFixture.Sizes.Keys];
        for (int rank = 0; rank < 4; rank++)
        {
            IEnumerable<long> share = images.Where((_, i) => rank < 3 && i % 3 == rank).Reverse();
            merged.Merge(CocoFixture.Counted(comparison, share.SelectMany(image => detections.Where(one => one.Image == image))).Save());
        }

        Assert.Equal(whole.Save(), merged.Save());
        Assert.Equal(whole.Figures(), merged.Figures());
        Assert.Equal(whole.AveragePrecisions(), merged.AveragePrecisions());
    }

    [Fact]
    public void Perfect_detections_have_perfect_figures()
    {
        IEnumerable<(long, Detection)> perfect = CocoFixture.Objects.SelectMany(image =>
            image.Objects.Select(one => (image.Image, new Detection(one.Box, 0.5, one.Label) { Mask = one.Mask }))
        );
        foreach (CocoComparison comparison in Enum.GetValues<CocoComparison>())
        {
            CocoDetectionMetrics metrics = CocoFixture.Counted(comparison, perfect);
            Assert.All(["AP", "AP50", "AP75", "AR_100"], name => Assert.Equal(1, metrics.Figures()[name], 1e-9));
            Assert.InRange(metrics.Figures()["AR_1"], 0.01, 0.99);
        }
    }

    [Fact]
    public void Without_objects_nothing_is_a_number_and_without_detections_nothing_is_found()
    {
        var metrics = new CocoDetectionMetrics([(3, [])], 2);
        metrics.Add(3, new Detection(new Box(1, 2, 3, 4), 0.5, 1));
        Assert.All(metrics.Figures().Values, value => Assert.True(double.IsNaN(value)));
        Assert.All(metrics.AveragePrecisions(), value => Assert.True(double.IsNaN(value)));
        Assert.All(CocoFixture.Counted(CocoComparison.Boxes, []).Figures().Values, value => Assert.Equal(0, value));
    }

    // A crowd takes any number of detections, and objects of other sizes are neither right nor wrong.
    [Fact]
    public void Crowds_and_other_sizes_are_left_out()
    {
        AnnotatedObject small = new(new Box(0, 0, 10, 10), 100, 0),
            crowd = new(new Box(50, 50, 100, 100), 10_000, 0) { IsCrowd = true };
        var metrics = new CocoDetectionMetrics([(1, [crowd, small])], 1);
        metrics.Add(1, new Detection(new Box(60, 60, 10, 10), 0.9, 0));
        metrics.Add(1, new Detection(new Box(80, 80, 10, 10), 0.8, 0));
        metrics.Add(1, new Detection(new Box(0, 0, 10, 10), 0.7, 0));
        IReadOnlyDictionary<string, double> figures = metrics.Figures();
        Assert.Equal((1, 1, 0), (Math.Round(figures["AP"], 9), Math.Round(figures["AP_small"], 9), figures["AR_1"]));
        Assert.True(double.IsNaN(figures["AP_medium"]) && double.IsNaN(figures["AR_large"]));
        metrics.Add(1, new Detection(new Box(300, 300, 10, 10), 0.75, 0));
        Assert.Equal(0.5, metrics.Figures()["AP"], 1e-9);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        CocoDetectionMetrics boxes = CocoFixture.Counted(CocoComparison.Boxes, []),
            masks = CocoFixture.Counted(CocoComparison.Masks, []);
        (long image, Detection detection) = CocoFixture.Detections("segm").First();
        static void Refuses(string message, Action action) => Assert.StartsWith(message, Assert.Throws<ArgumentException>(action).Message);
        Refuses("The image 1 is not one of the 20 that are evaluated.", () => boxes.Add(1, detection));
        Refuses("An object is of the class 4, there are 4.", () => boxes.Add(image, detection with { Label = 4 }));
        Refuses("An object is of the class -1, there are 4.", () => boxes.Add(image, detection with { Label = -1 }));
        Refuses("An object has no mask, and masks are compared.", () => masks.Add(image, detection with { Mask = null }));
        var other = RunLengthMask.FromRuns(new ImageSize(2, 2), [4]);
        Refuses(
            $"A mask is of 2 x 2, another one of the same image of {CocoFixture.Sizes[image]}.",
            () => masks.Add(image, detection with { Mask = other })
        );
        Refuses("The image 1 comes twice.", () => _ = new CocoDetectionMetrics([(1, []), (1, [])], 1));
        byte[] saved = CocoFixture.Counted(CocoComparison.Masks, CocoFixture.Detections("segm")).Save();
        Refuses("These bytes are not detections of 4 classes by their Boxes.", () => boxes.Merge(saved));
        Refuses("These bytes are not detections of 4 classes by their Masks.", () => masks.Merge(saved.AsSpan(1)));
        Refuses("These bytes are not whole detections.", () => masks.Merge(saved.AsSpan(0, saved.Length - 1)));
        saved[^1] = 0;
        Refuses("These bytes are not whole detections.", () => masks.Merge(saved));
        Refuses(
            "A detection is of the image 1000, which is not evaluated here.",
            () =>
                new CocoDetectionMetrics([(7, [])], 4).Merge(
                    CocoFixture.Counted(CocoComparison.Boxes, CocoFixture.Detections("bbox")).Save()
                )
        );
        Assert.Equal((0, 0), (boxes.Count, masks.Count));
        Assert.StartsWith(
            "The numbers of detections that are evaluated do not ascend from 1 or more.",
            Assert.Throws<InvalidOperationException>(() => CocoFixture.Counted(CocoComparison.Boxes, [], [10, 10]).Figures()).Message
        );
    }

    [Fact]
    public void Damaged_bytes_are_refused_or_other_detections()
    {
        byte[] saved = CocoFixture.Counted(CocoComparison.Masks, CocoFixture.Detections("segm").Take(3)).Save();
        int refused = 0;
        for (int i = 0; i < saved.Length; i++)
        {
            foreach (byte value in new byte[] { 0, 0x7f, 0x80, 0xff })
            {
                byte[] damaged = [.. saved];
                damaged[i] = value;
                CocoDetectionMetrics metrics = CocoFixture.Counted(CocoComparison.Masks, []);
                try
                {
                    metrics.Merge(damaged);
                    Assert.InRange(metrics.Count, 1, saved.Length);
                    Assert.All(metrics.Figures().Values, figure => Assert.InRange(figure, 0, 1));
                }
                catch (ArgumentException)
                {
                    refused++;
                }
            }
        }

        Assert.InRange(refused, saved.Length, 4 * saved.Length);
    }
}
