using static MogaSharp.Vision.Tests.DetectionFixtures;

namespace MogaSharp.Vision.Tests;

/// <summary>Proposals and detections of head maps, compared with all candidates in one sorted list.</summary>
public sealed class HeadSelectionTests
{
    private static readonly ImageSize Image = new(90, 70);

    [Theory]
    [InlineData(20, 1000)]
    [InlineData(1000, 50)]
    [InlineData(int.MaxValue, 1000)]
    public void Proposals_are_those_of_a_sorted_list(int mostPerLevel, int most)
    {
        ImageSize[] sizes = [new(23, 18), new(12, 9), new(6, 5), new(3, 3), new(2, 2)];
        HeadLevel[] levels = Random(sizes, AnchorGenerator.RegionProposals, 1, new Random(most));
        var selector = new ProposalSelector { MostPerLevel = mostPerLevel };
        selector = selector with { Suppression = selector.Suppression with { Most = most } };
        List<(float[] Box, float Score, int Label)> expected = All(
            levels,
            AnchorGenerator.RegionProposals,
            1,
            mostPerLevel,
            -1,
            areLabelsLevels: true
        );
        expected.RemoveAll(one => !(one.Box[2] > one.Box[0] && one.Box[3] > one.Box[1]));
        AssertKept(expected, new NonMaxSuppression(0.7f) { Most = most }, selector.Select(levels, Image));
    }

    [Theory]
    [InlineData(30, 0.05f)]
    [InlineData(1000, 0.3f)]
    [InlineData(1000, 0)]
    [InlineData(1000, 1)]
    public void Detections_are_those_of_a_sorted_list(int mostPerLevel, float threshold)
    {
        ImageSize[] sizes = [new(12, 9), new(6, 5), new(3, 3), new(2, 2), new(1, 1)];
        HeadLevel[] levels = Random(sizes, AnchorGenerator.RetinaNet, 7, new Random(mostPerLevel));
        var detections = new DenseDetections(7) { MostPerLevel = mostPerLevel, Threshold = threshold };
        var expected = All(levels, AnchorGenerator.RetinaNet, 7, mostPerLevel, threshold, areLabelsLevels: false);
        Assert.Equal(threshold == 1, expected.Count == 0);
        DetectionSet found = detections.Select(levels, Image);
        AssertKept(expected, detections.Suppression, found);
        // Where each comes from, there is its number, in the channel of its class.
        (float Number, int Label)[] all =
        [
            .. levels.SelectMany(level =>
                level.Scores.ToArray().Select((number, place) => (number, place / (level.Size.Width * level.Size.Height) % 7))
            ),
        ];
        for (int i = 0; i < found.Count; i++)
        {
            (float number, int label) = all[found.Sources[i]];
            Assert.Equal(found.Labels[i], label);
            Assert.Equal(found.Scores[i], 1 / (1 + Math.Exp(-number)), 1e-6);
        }

        foreach (var one in expected)
            for (int k = 0; k < 4; k++)
                one.Box[k] /= k % 2 == 0 ? 1.25f : 0.75f;
        AssertKept(expected, detections.Suppression, detections.Select(levels, Image, (1.25f, 0.75f)));
    }

    // More than fit in the list at once, nearly all of the same score.
    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    public void Of_equal_scores_the_first_places_are_taken(float number)
    {
        AnchorGenerator anchors = new([4], [1], [8]);
        var size = new ImageSize(300, 40);
        float[] scores = new float[12_000];
        Array.Fill(scores, number);
        scores[11_999] = number + 1;
        scores[3] = -50;
        scores[17] = float.NaN;
        var selector = new ProposalSelector
        {
            Anchors = anchors,
            MostPerLevel = 30,
            Suppression = new NonMaxSuppression(1),
        };
        DetectionSet found = selector.Select([new HeadLevel(scores, new float[48_000], size)], new ImageSize(1200, 160));
        int[] places = [.. Enumerable.Range(0, 32).Where(i => i is not (3 or 17))];
        // 40 gives the score 1 already, so that the last place is not better.
        IEnumerable<int> expected = number == 0 ? places.Prepend(11_999) : places;
        float[] grid = anchors.Grid(0, size);
        Assert.Equal(
            expected.Take(30).SelectMany(i => grid[(i * 4)..][..4].Select((x, k) => Math.Clamp(x, 0, k % 2 == 0 ? 1200 : 160))),
            found.Boxes.ToArray()
        );
        Assert.Equal(expected.Take(30), found.Sources.ToArray());
    }

    [Fact]
    public void Without_candidates_nothing_is_found()
    {
        ImageSize[] sizes = [new(2, 2), new(1, 1), new(1, 1), new(1, 1), new(1, 1)];
        HeadLevel[] levels =
        [
            .. sizes.Select(size =>
            {
                float[] scores = new float[size.Width * size.Height * 9];
                Array.Fill(scores, float.NaN);
                return new HeadLevel(scores, new float[scores.Length * 4], size);
            }),
        ];
        Assert.Equal(0, new DenseDetections(1).Select(levels, Image).Count);
    }

    [Fact]
    public void Maps_that_do_not_fit_are_refused()
    {
        static void Refuses(string message, Action action) => Assert.StartsWith(message, Assert.Throws<ArgumentException>(action).Message);
        var level = new HeadLevel(new float[7], new float[8], new ImageSize(2, 1));
        Refuses("There are 1 levels, the anchors have 5.", () => new ProposalSelector().Select([level], Image));
        Refuses(
            "7 scores and 8 deltas are not those of 9 anchors and 3 classes on 2 x 1.",
            () => new DenseDetections(3).Select([level, level, level, level, level], Image)
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            new ProposalSelector { MostPerLevel = 0 }.Select([level, level, level, level, level], Image)
        );
    }

    // Scores of many sizes, some of them equal, and boxes of which some have no extent within the image.
    private static HeadLevel[] Random(ImageSize[] sizes, AnchorGenerator anchors, int classes, Random random) =>
        [
            .. sizes.Select(size =>
            {
                int pixels = size.Width * size.Height;
                return new HeadLevel(
                    RandomFloats(random, pixels * anchors.Count * classes, -6, 3).Select(x => MathF.Round(x, 2)).ToArray(),
                    RandomFloats(random, pixels * anchors.Count * 4, -1.5f, 1.5f),
                    size
                );
            }),
        ];

    private static List<(float[] Box, float Score, int Label)> All(
        HeadLevel[] levels,
        AnchorGenerator anchors,
        int classes,
        int most,
        float threshold,
        bool areLabelsLevels
    )
    {
        List<(float[], float, int)> all = [];
        for (int level = 0; level < levels.Length; level++)
        {
            (ImageSize size, int pixels) = (levels[level].Size, levels[level].Size.Width * levels[level].Size.Height);
            float[] grid = anchors.Grid(level, size);
            List<(int Anchor, int Pixel, int Class, float Score)> pairs = [];
            for (int pixel = 0; pixel < pixels; pixel++)
            for (int anchor = 0; anchor < anchors.Count; anchor++)
            for (int label = 0; label < classes; label++)
            {
                float number = levels[level].Scores.Span[(((anchor * classes) + label) * pixels) + pixel],
                    score = (float)(1 / (1 + Math.Exp(-(double)number)));
                if (score > threshold)
                    pairs.Add((anchor, pixel, label, score));
            }

            foreach (var pair in pairs.OrderByDescending(pair => pair.Score).Take(most))
            {
                float[] delta =
                [
                    .. Enumerable.Range(0, 4).Select(k => levels[level].Deltas.Span[(((pair.Anchor * 4) + k) * pixels) + pair.Pixel]),
                ];
                float[] box = new float[4];
                BoxCoder.Plain.Decode(grid.AsSpan(((pair.Pixel * anchors.Count) + pair.Anchor) * 4, 4), delta, box, Image);
                all.Add((box, pair.Score, areLabelsLevels ? level : pair.Class));
            }
        }

        return all;
    }

    private static void AssertKept(List<(float[] Box, float Score, int Label)> all, NonMaxSuppression suppression, DetectionSet found)
    {
        int[] kept = new int[all.Count],
            labels = [.. all.Select(one => one.Label)];
        float[] boxes = [.. all.SelectMany(one => one.Box)],
            scores = [.. all.Select(one => one.Score)];
        int count = suppression.Suppress(boxes, scores, labels, kept);
        Assert.Equal(kept[..count].Select(place => all[place].Score), found.Scores.ToArray());
        Assert.Equal(kept[..count].Select(place => all[place].Label), found.Labels.ToArray());
        Assert.Equal(kept[..count].SelectMany(place => all[place].Box), found.Boxes.ToArray());
    }
}
