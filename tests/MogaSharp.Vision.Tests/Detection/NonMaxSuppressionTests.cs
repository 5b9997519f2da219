using MogaSharp.Testing;
using static MogaSharp.Vision.Tests.DetectionFixtures;

namespace MogaSharp.Vision.Tests;

public sealed class NonMaxSuppressionTests
{
    private static readonly FixtureFile Expected = Units("nms");
    private static readonly float[] Boxes = Expected.Floats("boxes");
    private static readonly float[] Scores = Expected.Floats("scores");
    private static readonly int[] Labels = [.. Expected.Longs("labels").Select(label => (int)label)];

    [Theory]
    [InlineData("0.3")]
    [InlineData("0.5")]
    [InlineData("0.7")]
    public void The_same_boxes_are_kept_as_by_the_official_code(string threshold)
    {
        var suppression = new NonMaxSuppression(float.Parse(threshold));
        Assert.Equal(Expected.Longs($"keep.{threshold}"), Kept(suppression, Boxes, Scores, []).Select(place => (long)place));
        int[] kept = Kept(suppression, Boxes, Scores, Labels);
        Assert.Equal(Expected.Longs($"keep_per_class.{threshold}"), kept.Select(place => (long)place));
        Assert.Equal(
            Expected.Floats($"dets_per_class.{threshold}"),
            kept.SelectMany(place => (float[])[.. Boxes[(place * 4)..][..4], Scores[place]])
        );
        Assert.Equal(kept[..20], Kept(suppression with { Most = 20 }, Boxes, Scores, Labels));
        Assert.Equal(Kept(suppression, Boxes, Scores, []), Kept(suppression with { IsClassAgnostic = true }, Boxes, Scores, Labels));
    }

    [Theory]
    [InlineData("multiclass", 20, 100)]
    [InlineData("multiclass_agnostic", 4, 20)]
    public void The_same_pairs_are_kept_as_by_the_official_code(string name, int columns, int most)
    {
        float[] boxes = [.. Expected.Floats("multiclass.boxes").Chunk(20).SelectMany(row => row[..columns])];
        var suppression = new NonMaxSuppression(0.5f) { Most = most };
        DetectionSet kept = suppression.SelectPairs(boxes, Expected.Floats("multiclass.scores"), 5, 0.05f);
        Assert.Equal(Expected.Longs($"{name}.labels"), kept.Labels.ToArray().Select(label => (long)label));
        float[][] rows = [.. Expected.Floats($"{name}.det").Chunk(5)];
        Assert.Equal(rows.SelectMany(row => row[..4]), kept.Boxes.ToArray());
        Assert.Equal(rows.Select(row => row[4]), kept.Scores.ToArray());
    }

    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(1, 1, 0)]
    [InlineData(7, 2, 0)]
    [InlineData(33, 3, 0)]
    [InlineData(500, 1, 0)]
    [InlineData(1001, 5, 0)]
    [InlineData(800, 80, -150)]
    [InlineData(300, 4, -150)]
    public void Random_boxes_are_suppressed_as_by_two_loops(int count, int classes, float from)
    {
        var random = new Random(count);
        float[] boxes = RandomBoxes(random, count, 200, from),
            // Few different scores, so that many are equal.
            scores = [.. Enumerable.Range(0, count).Select(_ => random.Next(1 + (count / 3)) / 1024f)];
        int[] labels = [.. Enumerable.Range(0, count).Select(_ => random.Next(classes))];
        foreach (float threshold in new[] { 0, 0.3f, 0.5f, 0.9f, 1 })
        {
            var suppression = new NonMaxSuppression(threshold);
            int[] expected = Slow(Shifted(boxes, labels), scores, threshold);
            Assert.Equal(expected, Kept(suppression, boxes, scores, labels));
            int most = count / 7;
            Assert.Equal(expected.Take(most), Kept(suppression with { Most = most }, boxes, scores, labels));
            Assert.Equal(Slow(boxes, scores, threshold), Kept(suppression, boxes, scores, []));
        }
    }

    // Boxes left of the image reach the places of the class before after they are moved. From ten thousand on that is not looked at.
    [Fact]
    public void From_many_boxes_on_classes_are_alone()
    {
        float[] boxes = [0, 0, 100, 100, -101, -101, -1, -1],
            scores = [0.9f, 0.8f];
        int[] labels = [0, 1];
        Assert.Equal([0], Kept(new NonMaxSuppression(0.5f), boxes, scores, labels));
        Assert.Equal([0, 1], Kept(new NonMaxSuppression(0.5f) { SplitFrom = 2 }, boxes, scores, labels));
        var random = new Random(5);
        float[] many = RandomBoxes(random, 10_000, 200, -150),
            of = RandomFloats(random, 10_000, 0, 1);
        int[] label = [.. of.Select((_, i) => i % 3)];
        float[] shifted = Shifted(many, label);
        int[] expected =
        [
            .. Enumerable
                .Range(0, 3)
                .SelectMany(one => Slow(shifted, of, 0.5f, [.. Enumerable.Range(0, 10_000).Where(i => label[i] == one)]))
                .OrderByDescending(i => of[i])
                .ThenBy(i => i),
        ];
        Assert.Equal(expected, Kept(new NonMaxSuppression(0.5f), many, of, label));
        Assert.NotEqual(expected, Kept(new NonMaxSuppression(0.5f) { SplitFrom = 10_001 }, many, of, label));
    }

    [Fact]
    public void Only_a_higher_overlap_than_the_threshold_removes_a_box()
    {
        float[] boxes = [0, 0, 10, 10, 0, 5, 10, 10, 20, 20, 20, 20, 20, 20, 20, 20],
            scores = [0.5f, 0.9f, 0.5f, 0.5f];
        Assert.Equal([1, 0, 2, 3], Kept(new NonMaxSuppression(0.5f), boxes, scores, []));
        Assert.Equal([1, 2, 3], Kept(new NonMaxSuppression(0.4999f), boxes, scores, []));
    }

    [Fact]
    public void Numbers_that_are_none_remove_nothing()
    {
        float[] boxes = [0, 0, 10, 10, float.NaN, 0, 10, 10, 0, 0, 10, 10, 9, 9, 3, 3, 0, 0, float.PositiveInfinity, 10],
            scores = [float.NaN, 0.9f, 0.1f, 0.5f, 0.4f];
        Assert.Equal([1, 3, 4, 2], Kept(new NonMaxSuppression(0.5f), boxes, scores, []));
        Assert.Equal([1, 3, 4, 2, 0], Kept(new NonMaxSuppression(0.5f), boxes, scores, [1, 0, 0, 0, 0]));
        Assert.Equal([1, 3, 4, 2, 0], Kept(new NonMaxSuppression(0.5f), boxes, scores, [1, 1, 2, 3, 4]));
        Assert.Equal([1, 3, 4, 2], Kept(new NonMaxSuppression(0.5f), boxes, scores, [int.MaxValue, 5, int.MaxValue, -7, int.MinValue]));
    }

    [Fact]
    public void Lists_that_do_not_fit_are_refused()
    {
        var suppression = new NonMaxSuppression(0.5f);
        static void Refuses(string message, Action action) => Assert.StartsWith(message, Assert.Throws<ArgumentException>(action).Message);
        Refuses("2 scores and 0 labels are not those of 1 boxes.", () => suppression.Suppress(new float[4], new float[2], new int[1]));
        Refuses(
            "1 scores and 2 labels are not those of 1 boxes.",
            () => suppression.Suppress(new float[4], new float[1], new int[2], new int[1])
        );
        Refuses("1 places are too few for 2 boxes.", () => suppression.Suppress(new float[8], new float[2], new int[1]));
        Refuses(
            "8 numbers are not boxes for 6 scores of 5 classes and the background.",
            () => suppression.SelectPairs(new float[8], new float[6], 5, 0)
        );
        Refuses("1 scores and 2 labels are not those of 2 boxes.", () => _ = new DetectionSet(new float[8], new float[1], new int[2]));
        Assert.Equal(0, suppression.SelectPairs(new float[4], [float.NaN, 0.01f, 0.9f], 2, 0.05f).Count);
    }

    private static int[] Kept(NonMaxSuppression suppression, float[] boxes, float[] scores, int[] labels)
    {
        int[] kept = new int[scores.Length];
        return kept[..suppression.Suppress(boxes, scores, labels, kept)];
    }

    private static float[] Shifted(float[] boxes, int[] labels)
    {
        float shift = boxes.Length == 0 ? 0 : boxes.Max() + 1;
        return [.. boxes.Select((value, i) => value + (labels[i / 4] * shift))];
    }

    private static int[] Slow(float[] boxes, float[] scores, float threshold, int[]? of = null)
    {
        List<int> kept = [];
        foreach (int i in (of ?? Enumerable.Range(0, scores.Length)).OrderByDescending(i => scores[i]).ThenBy(i => i))
            if (kept.All(j => !(Ratio(boxes.AsSpan(i * 4, 4), boxes.AsSpan(j * 4, 4)) > threshold)))
                kept.Add(i);
        return [.. kept];
    }

    private static float Ratio(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        float width = MathF.Max(0, MathF.Min(a[2], b[2]) - MathF.Max(a[0], b[0])),
            height = MathF.Max(0, MathF.Min(a[3], b[3]) - MathF.Max(a[1], b[1])),
            common = width * height;
        return common / (((a[2] - a[0]) * (a[3] - a[1])) + ((b[2] - b[0]) * (b[3] - b[1])) - common);
    }
}
