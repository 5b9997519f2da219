using MogaSharp.Testing;
using static MogaSharp.Vision.Tests.DetectionFixtures;

namespace MogaSharp.Vision.Tests;

/// <summary>Deltas, overlaps and levels of boxes.</summary>
public sealed class BoxTests
{
    private static readonly FixtureFile Expected = Units("boxes");
    private static readonly float[] Regions = Expected.Floats("rois");
    private static readonly float[] Truths = Expected.Floats("gts");

    public static TheoryData<string, string> Coders() =>
        new()
        {
            { "1", nameof(BoxCoder.Plain) },
            { "rcnn", nameof(BoxCoder.Regions) },
            { "stage2", nameof(BoxCoder.SecondCascadeStage) },
            { "stage3", nameof(BoxCoder.ThirdCascadeStage) },
        };

    // The logarithm of the official code is another one, so that the last bit may differ.
    [Theory]
    [MemberData(nameof(Coders))]
    public void Deltas_of_boxes_are_the_official_ones(string name, string preset)
    {
        float[] deltas = new float[Regions.Length];
        Of(preset).Encode(Regions, Truths, deltas);
        AssertNear(Expected.Floats($"encoded.{name}"), deltas, 1e-6, 1e-6);
    }

    [Theory]
    [MemberData(nameof(Coders))]
    public void Boxes_of_deltas_are_the_official_ones(string name, string preset)
    {
        float[] deltas = Expected.Floats("deltas"),
            boxes = new float[Regions.Length];
        Of(preset).Decode(Regions, deltas, boxes);
        AssertNear(Expected.Floats($"decoded_noclip.{name}"), boxes, 1e-4, 1e-6);
        Of(preset).Decode(Regions, deltas, boxes, new ImageSize(150, 100));
        AssertNear(Expected.Floats($"decoded.{name}"), boxes, 1e-4, 1e-6);
        Assert.Contains(150f, boxes);
    }

    [Theory]
    [MemberData(nameof(Coders))]
    public void Deltas_lead_back(string name, string preset)
    {
        float[] deltas = new float[Regions.Length],
            boxes = new float[Regions.Length];
        Of(preset).Encode(Regions, Truths, deltas);
        Of(preset).Decode(Regions, deltas, boxes);
        AssertNear(Truths, boxes, 1e-3);
        Assert.NotEmpty(name);
    }

    [Fact]
    public void Each_class_may_have_its_own_box()
    {
        float[] deltas = Expected.Floats("deltas"),
            each = new float[Regions.Length * 3],
            one = new float[Regions.Length],
            all = new float[Regions.Length * 3];
        for (int i = 0; i < each.Length; i++)
            each[i] = deltas[(i + 8) % deltas.Length];
        BoxCoder.Regions.Decode(Regions, each, all, new ImageSize(150, 100));
        for (int label = 0; label < 3; label++)
        {
            float[] own = [.. Enumerable.Range(0, 40).SelectMany(i => each[(((i * 3) + label) * 4)..][..4])];
            BoxCoder.Regions.Decode(Regions, own, one, new ImageSize(150, 100));
            Assert.Equal(one, Enumerable.Range(0, 40).SelectMany(i => all[(((i * 3) + label) * 4)..][..4]));
        }
    }

    [Fact]
    public void Boxes_do_not_grow_beyond_all_bounds()
    {
        float[] box = new float[4];
        BoxCoder.Plain.Decode([0, 0, 16, 32], [0, 0, 100, -100], box);
        Assert.Equal([8 - 500f, 16 - 0.256f, 8 + 500f, 16 + 0.256f], box.Select(value => MathF.Round(value, 3)));
    }

    [Fact]
    public void Overlaps_are_the_official_ones()
    {
        float[] matrix = new float[1600],
            pairs = new float[40];
        BoxOverlap.Matrix(Regions, Truths, matrix);
        Assert.Equal(Expected.Floats("iou"), matrix);
        BoxOverlap.Pairs(Regions, Truths, pairs);
        Assert.Equal(Enumerable.Range(0, 40).Select(i => matrix[i * 41]), pairs);
        BoxOverlap.Matrix(Regions, Truths, matrix, OverlapMeasure.IntersectionOverFirst);
        Assert.Equal(Expected.Floats("iof"), matrix);
        BoxOverlap.Pairs(Regions, Truths, pairs, OverlapMeasure.Generalized);
        Assert.Equal(Expected.Floats("giou_aligned"), pairs);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 17)]
    [InlineData(5, 33)]
    [InlineData(2, 0)]
    public void Awkward_numbers_of_boxes_have_the_same_overlaps(int rows, int columns)
    {
        var random = new Random(rows + columns);
        float[] boxes = RandomBoxes(random, rows),
            others = RandomBoxes(random, columns);
        foreach (OverlapMeasure measure in Enum.GetValues<OverlapMeasure>())
        {
            float[] matrix = new float[rows * columns];
            BoxOverlap.Matrix(boxes, others, matrix, measure);
            for (int i = 0; i < matrix.Length; i++)
            {
                ReadOnlySpan<float> box = boxes.AsSpan(i / columns * 4, 4),
                    other = others.AsSpan(i % columns * 4, 4);
                Assert.Equal(Slow(box, other, measure), matrix[i]);
                Assert.Equal(matrix[i], BoxOverlap.Of(box, other, measure));
            }
        }
    }

    [Fact]
    public void Boxes_that_are_none_overlap_nothing()
    {
        float[] box = [0, 0, 10, 10];
        Assert.Equal(0, BoxOverlap.Of(box, [8, 2, 4, 6]));
        Assert.Equal(0, BoxOverlap.Of(box, [3, 3, 3, 3]));
        Assert.Equal(0, BoxOverlap.Of([3, 3, 3, 3], [3, 3, 3, 3], OverlapMeasure.IntersectionOverFirst));
        Assert.True(float.IsNaN(BoxOverlap.Of(box, [float.NaN, 2, 4, 6])));
        Assert.Equal(-0.5f, BoxOverlap.Of(box, [30, 0, 40, 10], OverlapMeasure.Generalized));
    }

    [Fact]
    public void Regions_are_on_the_official_levels()
    {
        FixtureFile expected = Units("roi_align");
        float[] regions = [.. expected.Floats("level.rois").Chunk(5).SelectMany(region => region[1..])];
        int[] levels = new int[regions.Length / 4];
        RoiLevels.Write(regions, levels);
        Assert.Equal(expected.Longs("level").Select(level => (int)level), levels);
        Assert.Equal([0, 1, 2, 3], levels.Distinct().Order());
        RoiLevels.Write([0, 0, 224, 224, 0, 0, 1e9f, 1e9f, 5, 5, 4, 9, 5, 5, 5, 5, float.NaN, 0, 1, 1], levels.AsSpan(0, 5), 3);
        Assert.Equal([2, 2, 0, 0, 0], levels[..5]);
    }

    [Fact]
    public void Lists_that_do_not_fit_are_refused()
    {
        static void Refuses(string message, Action action) => Assert.StartsWith(message, Assert.Throws<ArgumentException>(action).Message);
        Refuses("5 numbers are not whole boxes of four.", () => BoxOverlap.Matrix(new float[5], new float[4], new float[1]));
        Refuses("3 numbers are not those of 1 x 2 boxes.", () => BoxOverlap.Matrix(new float[4], new float[8], new float[3]));
        Refuses("8 and 1 numbers are not those of 1 pairs.", () => BoxOverlap.Pairs(new float[4], new float[8], new float[1]));
        Refuses("8 and 4 numbers are not those of 1 boxes.", () => BoxCoder.Plain.Encode(new float[4], new float[8], new float[4]));
        Refuses(
            "12 deltas and 8 numbers are not those of 1 boxes.",
            () => BoxCoder.Plain.Decode(new float[4], new float[12], new float[8])
        );
        Refuses("6 deltas and 6 numbers are not those of 1 boxes.", () => BoxCoder.Plain.Decode(new float[4], new float[6], new float[6]));
        Refuses("2 levels are not those of 1 boxes.", () => RoiLevels.Write(new float[4], new int[2]));
    }

    private static BoxCoder Of(string preset) => (BoxCoder)typeof(BoxCoder).GetProperty(preset)!.GetValue(null)!;

    private static float Slow(ReadOnlySpan<float> a, ReadOnlySpan<float> b, OverlapMeasure measure)
    {
        float width = MathF.Max(0, MathF.Min(a[2], b[2]) - MathF.Max(a[0], b[0])),
            height = MathF.Max(0, MathF.Min(a[3], b[3]) - MathF.Max(a[1], b[1])),
            common = width * height,
            first = (a[2] - a[0]) * (a[3] - a[1]),
            union = first + ((b[2] - b[0]) * (b[3] - b[1])) - common;
        if (measure == OverlapMeasure.IntersectionOverFirst)
            return common / MathF.Max(first, 1e-6f);
        union = MathF.Max(union, 1e-6f);
        float around = (MathF.Max(a[2], b[2]) - MathF.Min(a[0], b[0])) * (MathF.Max(a[3], b[3]) - MathF.Min(a[1], b[1]));
        return measure == OverlapMeasure.Generalized ? (common / union) - ((around - union) / around) : common / union;
    }
}
