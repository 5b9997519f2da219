using MogaSharp.Testing;
using static MogaSharp.Vision.Tests.DetectionFixtures;

namespace MogaSharp.Vision.Tests;

/// <summary>The second stage of detectors: a whole cascade of the official code, from its proposals to its masks.</summary>
public sealed class RegionDetectionTests
{
    private const int Classes = 80;

    private static readonly ImageSize Image = new(448, 416);
    private static readonly FixtureFile Cascade = new(
        Repository.Fixture("dense", "detection", "cascade_mask_rcnn", "moganet_s_given_proposals.safetensors")
    );

    private static readonly float[] Proposals = [.. Cascade.Floats("proposals").Chunk(5).SelectMany(row => row[..4])];

    [Fact]
    public void A_cascade_finds_the_official_objects()
    {
        Assert.Equal("[416, 448, 3]", Cascade.Metadata["img_shape"]);
        float[] regions = Proposals,
            next = new float[regions.Length];
        BoxCoder[] coders = [BoxCoder.Regions, BoxCoder.SecondCascadeStage, BoxCoder.ThirdCascadeStage];
        for (int stage = 0; stage < 2; stage++)
        {
            var refining = new RegionDetections(Classes, coders[stage]);
            refining.Refine(regions, Cascade.Floats($"stage.{stage}.cls"), Cascade.Floats($"stage.{stage}.reg.sample"), Image, next);
            AssertNear(Cascade.Floats($"stage.{stage + 1}.rois"), next, 1e-3);
            regions = [.. next];
        }

        DetectionSet found = new RegionDetections(Classes, coders[2]).Select(
            regions,
            Cascade.Floats("cls_avg"),
            Cascade.Floats("stage.2.reg.sample"),
            Image
        );
        Assert.Equal(Cascade.Longs("det.labels"), found.Labels.ToArray().Select(label => (long)label));
        AssertNear(Cascade.Floats("det.boxes"), found.Boxes, 0.02);
        AssertNear(Cascade.Floats("det.scores"), found.Scores, 1e-4);
    }

    [Fact]
    public void Its_regions_are_on_the_official_levels()
    {
        int[] levels = new int[Proposals.Length / 4];
        RoiLevels.Write(Proposals, levels);
        Assert.Equal(Cascade.Longs("roi_level"), levels.Select(level => (long)level));
    }

    [Fact]
    public void Its_masks_have_the_official_areas()
    {
        float[] probabilities = Cascade.Floats("mask.prob"),
            boxes = Cascade.Floats("det.boxes");
        long[] areas = Cascade.Longs("mask.area");
        byte[] mask = new byte[Image.Width * Image.Height];
        for (int i = 0; i < probabilities.Length / 784; i++)
        {
            MaskPaste.Paste(probabilities.AsSpan(i * 784, 784), new ImageSize(28, 28), boxes.AsSpan(i * 4, 4), Image, mask);
            Assert.InRange(mask.Sum(value => value), areas[i] - 3, areas[i] + 3);
        }
    }

    [Fact]
    public void Each_class_has_its_own_box_and_the_likeliest_is_refined()
    {
        float[] regions = [0, 0, 10, 10, 0, 0, 10, 10],
            logits = [1, 2, 9, 3, 0, 9],
            deltas = [0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0],
            refined = new float[8];
        var second = new RegionDetections(2, BoxCoder.Plain);
        second.Refine(regions, logits, deltas, new ImageSize(50, 50), refined);
        Assert.Equal([10, 0, 20, 10, 0, 10, 10, 20], refined);
        second.Refine(regions, logits, deltas, new ImageSize(50, 50), refined, [0, 2]);
        Assert.Equal([0, 0, 10, 10, 0, 10, 10, 20], refined);
        second.Refine(regions, logits, deltas, new ImageSize(50, 50), refined, [1, 1]);
        Assert.Equal([10, 0, 20, 10, 10, 10, 20, 20], refined);
    }

    [Fact]
    public void Scores_are_shares_and_boxes_in_the_pixels_of_the_image()
    {
        float[] regions = [0, 0, 10, 10, 100, 100, 140, 120];
        DetectionSet found = new RegionDetections(2, BoxCoder.Plain) { Threshold = 0.3f }.Select(
            regions,
            [0, MathF.Log(3), 0, 500, 0, 0],
            new float[8],
            new ImageSize(130, 150),
            (2, 4)
        );
        Assert.Equal([1, 0.6f], found.Scores.ToArray());
        Assert.Equal([1, 0], found.Sources.ToArray());
        Assert.Equal([new Detection(new Box(50, 25, 15, 5), 1, 0), new Detection(new Box(0, 0, 5, 2.5), 0.6f, 1)], [found[0], found[1]]);
        Assert.Equal(0, new RegionDetections(2, BoxCoder.Plain).Select([], [], [], Image).Count);
    }

    [Fact]
    public void Numbers_that_do_not_fit_are_refused()
    {
        var second = new RegionDetections(2, BoxCoder.Plain);
        static void Refuses(string message, Action action) => Assert.StartsWith(message, Assert.Throws<ArgumentException>(action).Message);
        Refuses(
            "2 logits and 4 deltas are not those of 1 regions and 2 classes.",
            () => second.Select(new float[4], new float[2], new float[4], Image)
        );
        Refuses(
            "3 logits and 12 deltas are not those of 1 regions and 2 classes.",
            () => second.Select(new float[4], new float[3], new float[12], Image)
        );
        foreach (int label in new[] { -1, 3 })
            Refuses(
                $"A region is of the class {label}, there are 2.",
                () => second.Refine(new float[4], new float[3], new float[8], Image, new float[4], [label])
            );
        Refuses(
            "4 numbers and 2 labels are not those of 1 regions.",
            () => second.Refine(new float[4], new float[3], new float[4], Image, new float[4], new int[2])
        );
    }
}
