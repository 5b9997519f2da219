using System.Collections.Immutable;
using System.Text.Json;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Tasks.Tests;

/// <summary>From images to things, against the official code.</summary>
public sealed class ObjectDetectorTests
{
    private const string OneStep = "detection/retinanet/moganet_xt_photo_small",
        TwoSteps = "detection/mask_rcnn/moganet_xt_photo_small";

    private static readonly Dictionary<string, Lazy<LoadedModel>> Models = new[] { OneStep, TwoSteps }.ToDictionary(
        name => name,
        name => new Lazy<LoadedModel>(() => Load(DenseFixture.Load(name)))
    );

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static RgbImage Cat => ImageDecoder.Load(Repository.Fixture("imaging", "chelsea.png"));

    [Theory]
    [InlineData(OneStep)]
    [InlineData(TwoSteps)]
    public void A_photograph_gives_the_official_things(string name)
    {
        FixtureFile expected = DenseFixture.Load(name).Expected;
        using var detector = new ObjectDetector(Models[name].Value);
        ImageDetections found = detector.Predict(Cat, Token);
        float[] boxes = expected.Floats("det.boxes"),
            scores = expected.Floats("det.scores");
        long[] labels = expected.Longs("det.labels");
        Assert.Equal(labels.Length, found.Objects.Length);
        Assert.Equal(new ImageSize(451, 300), found.Size);
        for (int i = 0; i < labels.Length; i++)
        {
            // Neighbors whose scores are nearly the same may change places.
            int[] places =
            [
                .. new[] { i, i - 1, i + 1 }.Where(j => j >= 0 && j < labels.Length && (j == i || Math.Abs(scores[i] - scores[j]) < 2e-5)),
            ];
            float[] box = boxes[(i * 4)..((i * 4) + 4)];
            int place = places.FirstOrDefault(j => IsNear(found.Objects[j], box, scores[i], labels[i]), -1);
            Assert.True(place >= 0, $"detection {i}: {labels[i]} {scores[i]} at {string.Join(", ", box)}, found {found.Objects[i]}");
            DetectedObject one = found.Objects[place];
            Assert.Equal(LabelSet.Coco[(int)labels[i]].Name, one.Label.Name);
            if (name == TwoSteps)
                Assert.InRange(one.Mask!.Area - expected.Longs("mask.area")[i], -3, 3);
            else
                Assert.Null(one.Mask);
        }
    }

    [Fact]
    public void A_segmenter_gives_masks_and_refuses_models_that_make_none()
    {
        using var segmenter = new InstanceSegmenter(Models[TwoSteps].Value, new DetectionInference { HasMasks = false, MaxDetections = 3 });
        ImageDetections found = segmenter.Predict(Cat, Token);
        Assert.Equal(3, found.Objects.Length);
        Assert.All(found.Objects, one => Assert.NotNull(one.Mask));
        Assert.Contains(
            "The model finds boxes and makes no masks.",
            Assert.Throws<ModelCardException>(() => new InstanceSegmenter(Models[OneStep].Value)).Message
        );
    }

    [Fact]
    public void Codes_of_masks_are_the_official_ones()
    {
        JsonElement[] codes =
        [
            .. JsonDocument.Parse(DenseFixture.Load(TwoSteps).Expected.Metadata["mask_rle"]).RootElement.EnumerateArray(),
        ];
        using var detector = new ObjectDetector(Models[TwoSteps].Value);
        ImageDetections found = detector.Predict(Cat, Token);
        for (int i = 0; i < codes.Length; i++)
        {
            RunLengthMask official = RunLengthMask.Parse(new ImageSize(451, 300), codes[i].GetProperty("counts").GetString()),
                own = found.Objects[i].Mask!;
            // A pixel at the threshold may fall to either side.
            int common = RunLengthMask.Intersection([official, own]).Area;
            Assert.InRange(official.Area + own.Area - (2 * common), 0, 3);
        }
    }

    [Fact]
    public void Settings_choose_among_things()
    {
        LoadedModel model = Models[OneStep].Value;
        ImageDetections all = Detect(new DetectionInference());
        DetectedObject first = all.Objects[0];
        ImageDetections few = Detect(new DetectionInference { MaxDetections = 3 });
        Assert.Equal(all.Objects.Take(3), few.Objects);
        float score = (float)all.Objects[10].Score;
        Assert.Equal(all.Objects.TakeWhile(one => one.Score > score), Detect(new DetectionInference { ScoreThreshold = score }).Objects);
        ImageDetections own = Detect(new DetectionInference { Classes = [first.Class] });
        Assert.Equal(all.Objects.Where(one => one.Class == first.Class), own.Objects);
        // Whatever their classes, no two boxes that are left overlap more.
        ImmutableArray<DetectedObject> apart = Detect(new DetectionInference { IsClassAgnostic = true, OverlapThreshold = 0.1f }).Objects;
        Assert.Equal(0, Crowded(apart));
        Assert.NotEqual(0, Crowded(all.Objects));

        ImageDetections Detect(DetectionInference inference)
        {
            using var detector = new ObjectDetector(model, inference);
            return detector.Predict(Cat, Token);
        }
    }

    [Fact]
    public void Masks_are_left_out_on_request_and_an_image_of_one_pixel_is_searched()
    {
        using var detector = new ObjectDetector(Models[TwoSteps].Value, new DetectionInference { HasMasks = false, Size = new(64, 64) });
        Assert.True(detector.HasMasks);
        ImageDetections found = detector.Predict(Cat, Token);
        Assert.NotEmpty(found.Objects);
        Assert.All(found.Objects, one => Assert.Null(one.Mask));
        Assert.Equal(new ImageSize(1, 1), detector.Predict(new RgbImage(1, 1, [1, 2, 3]), Token).Size);
    }

    [Fact]
    public void An_image_is_the_same_alone_and_in_a_batch_of_other_sizes()
    {
        using var detector = new ObjectDetector(Models[OneStep].Value, new DetectionInference { Size = new(96, 64) });
        RgbImage small = Cat.Resize(90, 120, ResizeFilter.Bilinear);
        var both = detector.Predict([Cat, small, Cat], Token);
        Assert.Equal(detector.Predict(Cat, Token).Objects, both[0].Objects);
        Assert.Equal(detector.Predict(small, Token).Objects, both[1].Objects);
        Assert.Equal(both[0].Objects, both[2].Objects);
    }

    [Fact]
    public void Impossible_settings_and_models_for_other_tasks_are_refused()
    {
        LoadedModel model = Models[OneStep].Value;
        foreach (
            DetectionInference inference in new DetectionInference[]
            {
                new() { ScoreThreshold = 1 },
                new() { ScoreThreshold = float.NaN },
                new() { OverlapThreshold = -0.1f },
                new() { MaxDetections = 0 },
                new() { Size = new(0, 5) },
            }
        )
            Assert.ThrowsAny<ArgumentException>(() => new ObjectDetector(model, inference));
        DenseFixture other = DenseFixture.Load("pose/topdown/moganet_t_256x192");
        var error = Assert.Throws<ModelCardException>(() => new ObjectDetector(LoadedModel.Create(other.Card, other.Weights())));
        Assert.True(error.IsForAnotherTask);
        Assert.Contains("it does not find things", error.Message, StringComparison.Ordinal);
    }

    private static int Crowded(ImmutableArray<DetectedObject> objects) =>
        objects.SelectMany((one, i) => objects.Skip(i + 1).Where(other => Overlap(one.Box, other.Box) > 0.101)).Count();

    private static double Overlap(Box one, Box other)
    {
        double width = Math.Min(one.Right, other.Right) - Math.Max(one.X, other.X),
            height = Math.Min(one.Bottom, other.Bottom) - Math.Max(one.Y, other.Y),
            common = Math.Max(width, 0) * Math.Max(height, 0);
        return common / (one.Area + other.Area - common);
    }

    private static LoadedModel Load(DenseFixture official) =>
        LoadedModel.Create(
            official.Card with
            {
                Preprocess = official.Card.Preprocess with { Width = 333, Height = 200 },
            },
            official.Weights()
        );

    private static bool IsNear(DetectedObject one, float[] box, float score, long label) =>
        one.Class == label
        && Math.Abs(one.Score - score) <= 1e-4
        && Math.Abs(one.Box.X - box[0]) <= 0.02
        && Math.Abs(one.Box.Y - box[1]) <= 0.02
        && Math.Abs(one.Box.Right - box[2]) <= 0.02
        && Math.Abs(one.Box.Bottom - box[3]) <= 0.02;
}
