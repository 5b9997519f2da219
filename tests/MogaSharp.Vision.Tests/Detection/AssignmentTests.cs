using System.Text.Json;
using MogaSharp.Testing;
using static MogaSharp.Vision.Tests.DetectionFixtures;

namespace MogaSharp.Vision.Tests;

/// <summary>Which boxes are trained to find which object, and which of them are drawn.</summary>
public sealed class AssignmentTests
{
    private static readonly FixtureFile Expected = Units("assign");
    private static readonly float[] Boxes = Expected.Floats("candidates");
    private static readonly float[] Truths = Expected.Floats("gt");

    [Theory]
    [InlineData("retina")]
    [InlineData("rpn")]
    [InlineData("rcnn")]
    [InlineData("cascade2")]
    [InlineData("cascade3")]
    public void Boxes_are_assigned_as_by_the_official_code(string name)
    {
        MaxIoUAssigner assigner = name switch
        {
            "retina" => MaxIoUAssigner.RetinaNet,
            "rpn" => MaxIoUAssigner.RegionProposals,
            "rcnn" => MaxIoUAssigner.Regions(0.5f, true),
            "cascade2" => MaxIoUAssigner.Regions(0.6f, false),
            _ => MaxIoUAssigner.Regions(0.7f, false),
        };
        using JsonDocument settings = JsonDocument.Parse(Expected.Metadata[$"{name}.settings"]);
        Assert.Equal(settings.RootElement.GetProperty("pos_iou_thr").GetSingle(), assigner.PositiveThreshold);
        Assert.Equal(settings.RootElement.GetProperty("neg_iou_thr").GetSingle(), assigner.NegativeThreshold);
        Assert.Equal(settings.RootElement.GetProperty("min_pos_iou").GetSingle(), assigner.LeastMatch);
        Assert.Equal(
            !settings.RootElement.TryGetProperty("match_low_quality", out JsonElement low) || low.GetBoolean(),
            assigner.MatchesLowQuality
        );
        (int[] assigned, float[] overlaps) = Assign(assigner, Boxes, Truths, []);
        Assert.Equal(Expected.Longs($"{name}.assigned"), assigned.Select(one => (long)one));
        Assert.Equal(Expected.Floats($"{name}.max_iou"), overlaps);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public void Random_boxes_are_assigned_as_by_a_whole_matrix(bool matchesAllBest, bool ignoresByShareOfBox)
    {
        for (int seed = 0; seed < 12; seed++)
        {
            var random = new Random(seed);
            float[] boxes = RandomBoxes(random, 1 + random.Next(200)),
                truths = RandomBoxes(random, 1 + random.Next(9)),
                ignored = RandomBoxes(random, random.Next(4));
            var assigner = new MaxIoUAssigner(0.5f, 0.3f)
            {
                LeastMatch = 0.1f,
                MatchesAllBest = matchesAllBest,
                IgnoreThreshold = 0.4f,
                IgnoresByShareOfBox = ignoresByShareOfBox,
            };
            (int[] assigned, float[] overlaps) = Assign(assigner, boxes, truths, ignored);
            (int[] slow, float[] most) = Slow(assigner, boxes, truths, ignored);
            Assert.Equal(slow, assigned);
            Assert.Equal(most, overlaps);
        }
    }

    [Fact]
    public void Boxes_that_do_not_take_part_are_as_if_they_were_not_there()
    {
        var random = new Random(11);
        bool[] valid = [.. Enumerable.Range(0, 300).Select(_ => random.Next(3) > 0)];
        int[] assigned = new int[300];
        float[] overlaps = new float[300];
        MaxIoUAssigner.RegionProposals.Assign(Boxes, Truths, [], assigned, overlaps, valid);
        float[] others = [.. Boxes.Chunk(4).Where((_, i) => valid[i]).SelectMany(box => box)];
        (int[] expected, float[] most) = Assign(MaxIoUAssigner.RegionProposals, others, Truths, []);
        Assert.Equal(expected, assigned.Where((_, i) => valid[i]));
        Assert.Equal(most, overlaps.Where((_, i) => valid[i]));
        Assert.All(assigned.Where((_, i) => !valid[i]), one => Assert.Equal(MaxIoUAssigner.Ignored, one));
        MaxIoUAssigner.RegionProposals.Assign(Boxes, [], [], assigned, overlaps, valid);
        Assert.Equal(valid.Select(takesPart => takesPart ? 0 : -1), assigned);
    }

    [Fact]
    public void Without_objects_all_is_background()
    {
        Assert.All(Assign(MaxIoUAssigner.RetinaNet, Boxes, [], Truths).Assigned, one => Assert.Equal(MaxIoUAssigner.Background, one));
        Assert.Empty(Assign(MaxIoUAssigner.RetinaNet, [], Truths, []).Assigned);
    }

    // As in the official code: where nothing overlaps an object, all boxes overlap it most.
    [Fact]
    public void An_object_that_nothing_overlaps_is_assigned_to_every_box_unless_it_must_overlap()
    {
        float[] boxes = [0, 0, 4, 4, 5, 5, 9, 9],
            truths = [100, 100, 110, 110];
        Assert.Equal([1, 1], Assign(MaxIoUAssigner.RetinaNet, boxes, truths, []).Assigned);
        Assert.Equal([1, 0], Assign(MaxIoUAssigner.RetinaNet with { MatchesAllBest = false }, boxes, truths, []).Assigned);
        Assert.Equal([0, 0], Assign(MaxIoUAssigner.RegionProposals, boxes, truths, []).Assigned);
    }

    [Fact]
    public void A_box_of_not_a_number_is_ignored()
    {
        float[] boxes = [0, 0, 10, 10, float.NaN, 0, 10, 10],
            truths = [0, 0, 10, 10];
        Assert.Equal([1, -1], Assign(MaxIoUAssigner.RegionProposals, boxes, truths, []).Assigned);
    }

    [Fact]
    public void Samples_have_the_official_numbers_of_boxes()
    {
        int[] assigned =
        [
            .. Enumerable
                .Range(0, 100)
                .Select(i =>
                    i % 10 == 0 ? -1
                    : i % 3 == 0 ? 2
                    : 0
                ),
        ];
        int positives = assigned.Count(one => one > 0),
            negatives = assigned.Count(one => one == 0);
        BoxSample sample = new RandomSampler(20, 0.25).Sample(assigned, 2, new Random(1).Next);
        Assert.Equal((5, 15), (sample.Positives.Length, sample.Negatives.Length));
        sample = new RandomSampler(80, 0.5).Sample(assigned, 2, new Random(1).Next);
        Assert.Equal((positives, 80 - positives), (sample.Positives.Length, sample.Negatives.Length));
        sample = new RandomSampler(int.MaxValue, 0.5).Sample(assigned, 2, _ => throw new InvalidOperationException("Nothing is drawn."));
        Assert.Equal((positives, negatives), (sample.Positives.Length, sample.Negatives.Length));
        Assert.Equal(sample.Count, positives + negatives);
        sample = new RandomSampler(20, 0.25) { MostNegativesPerPositive = 1.5 }.Sample(assigned, 2, new Random(1).Next);
        Assert.Equal((5, 7), (sample.Positives.Length, sample.Negatives.Length));
        sample = new RandomSampler(20, 0) { MostNegativesPerPositive = 3 }.Sample(assigned, 2, new Random(1).Next);
        Assert.Equal((0, 3), (sample.Positives.Length, sample.Negatives.Length));
    }

    [Fact]
    public void Samples_are_of_their_kind_ascending_and_each_as_likely()
    {
        int[] assigned = [0, 1, -1, 2, 0, 0, 1, 0, -1, 0];
        int[] drawn = new int[assigned.Length];
        var random = new Random(3);
        for (int i = 0; i < 3000; i++)
        {
            BoxSample sample = new RandomSampler(4, 0.5).Sample(assigned, 2, random.Next);
            Assert.Equal(sample.Positives.Order().Distinct(), sample.Positives);
            Assert.Equal(sample.Negatives.Order().Distinct(), sample.Negatives);
            Assert.Equal(sample.Positives.Select(place => assigned[place] - 1), sample.PositiveTruths);
            foreach (int place in sample.Positives.Concat(sample.Negatives))
                drawn[place]++;
        }

        for (int i = 0; i < drawn.Length; i++)
        {
            int expected =
                assigned[i] > 0 ? 2000
                : assigned[i] == 0 ? 1200
                : 0;
            Assert.InRange(drawn[i], expected - 150, expected + 150);
        }

        BoxSample first = new RandomSampler(4, 0.5).Sample(assigned, 2, new Random(8).Next);
        Assert.Equal(first, new RandomSampler(4, 0.5).Sample(assigned, 2, new Random(8).Next));
    }

    [Fact]
    public void Boxes_of_objects_come_first()
    {
        int[] assigned = [0, 2, 0];
        BoxSample sample = new RandomSampler(int.MaxValue, 0.5) { AddsTruths = true }.Sample(assigned, 2, _ => 0);
        Assert.Equal([0, 1, 3], sample.Positives);
        Assert.Equal([0, 1, 1], sample.PositiveTruths);
        Assert.Equal([2, 4], sample.Negatives);
        float[] boxes = [.. Enumerable.Range(0, 12).Select(i => (float)i)],
            truths = [.. Enumerable.Range(100, 8).Select(i => (float)i)],
            copied = new float[sample.Count * 4];
        sample.CopyBoxes(boxes, truths, copied);
        Assert.Equal([100, 101, 102, 103, 104, 105, 106, 107, 4, 5, 6, 7, 0, 1, 2, 3, 8, 9, 10, 11], copied);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        static void Refuses(string message, Action action) => Assert.StartsWith(message, Assert.Throws<ArgumentException>(action).Message);
        Refuses(
            "2, 1 and 0 values are not those of 1 boxes.",
            () => MaxIoUAssigner.RetinaNet.Assign(new float[4], [], [], new int[2], new float[1])
        );
        Refuses("A box is assigned to 3, there are 2 objects.", () => RandomSampler.Regions.Sample([0, 3], 2, _ => 0));
        Refuses(
            "The stream gave 3 where a number below 3 was asked for.",
            () => new RandomSampler(2, 0).Sample([0, 0, 0], 0, range => range)
        );
    }

    private static (int[] Assigned, float[] Overlaps) Assign(MaxIoUAssigner assigner, float[] boxes, float[] truths, float[] ignored)
    {
        (int[] assigned, float[] overlaps) = (new int[boxes.Length / 4], new float[boxes.Length / 4]);
        assigner.Assign(boxes, truths, ignored, assigned, overlaps);
        return (assigned, overlaps);
    }

    private static (int[], float[]) Slow(MaxIoUAssigner assigner, float[] boxes, float[] truths, float[] ignored)
    {
        (int n, int m, int k) = (boxes.Length / 4, truths.Length / 4, ignored.Length / 4);
        float[,] overlaps = new float[m, n];
        for (int j = 0; j < n; j++)
        {
            ReadOnlySpan<float> box = boxes.AsSpan(j * 4, 4);
            bool isIgnored = false;
            for (int i = 0; i < k; i++)
            {
                ReadOnlySpan<float> region = ignored.AsSpan(i * 4, 4);
                isIgnored |= assigner.IgnoresByShareOfBox
                    ? BoxOverlap.Of(box, region, OverlapMeasure.IntersectionOverFirst) > 0.4f
                    : BoxOverlap.Of(region, box, OverlapMeasure.IntersectionOverFirst) > 0.4f;
            }

            for (int i = 0; i < m; i++)
                overlaps[i, j] = isIgnored ? -1 : BoxOverlap.Of(truths.AsSpan(i * 4, 4), box);
        }

        int[] assigned = new int[n];
        float[] most = new float[n];
        for (int j = 0; j < n; j++)
        {
            int best = Enumerable.Range(0, m).MaxBy(i => overlaps[i, j]);
            most[j] = overlaps[best, j];
            assigned[j] =
                most[j] >= 0.5f ? best + 1
                : most[j] is >= 0 and < 0.3f ? 0
                : -1;
        }

        for (int i = 0; i < m; i++)
        {
            float best = Enumerable.Range(0, n).Max(j => overlaps[i, j]);
            if (best >= 0.1f)
                foreach (int j in Enumerable.Range(0, n).Where(j => overlaps[i, j] == best).Take(assigner.MatchesAllBest ? n : 1))
                    assigned[j] = i + 1;
        }

        return (assigned, most);
    }
}
