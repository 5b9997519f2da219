using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Tasks.Tests.Explain;

/// <summary>Dropped patches: what is drawn, what is counted, what salient ones are.</summary>
public sealed class OcclusionTests : IDisposable
{
    private static readonly Shape Size = new(4, 3, 50, 50);
    private static readonly float[] Mean = [0.485f, 0.456f, 0.406f];
    private static readonly float[] Deviation = [0.229f, 0.224f, 0.225f];

    private readonly CpuEngine _engine = new(new(Threads: 2));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _engine.Dispose();

    [Fact]
    public void Patches_are_those_of_enlargement_by_nearest_neighbor_and_cover_the_image()
    {
        var grid = new PatchGrid(6, 50, 48);
        Assert.False(grid.IsEven);
        Assert.Equal([2, 3, 4, 6, 8, 12, 16, 24], PatchGrid.EvenSides(48, 96));
        // 50 / 6 is 8.33: rows of 9, 8, 8, 9, 8 and 8 pixels.
        int[] heights = [.. Enumerable.Range(0, 6).Select(row => Enumerable.Range(0, 50).Count(y => grid.PatchOf(y, 0) == 6 * row))];
        Assert.Equal([9, 8, 8, 9, 8, 8], heights);
        float[] map = [.. Enumerable.Range(0, 50 * 48).Select(i => (float)grid.PatchOf(i / 48, i % 48))];
        Assert.Equal(Enumerable.Range(0, 36).Select(patch => (double)patch), grid.Average(map));
    }

    [Fact]
    public void Black_is_zero_before_and_the_mean_is_zero_after_normalization()
    {
        using PatchOcclusion black = Open(new() { Grid = 5 }),
            mean = Open(new() { Grid = 5, Baseline = OcclusionBaseline.Mean });
        int[] all = [.. Enumerable.Range(0, 25)];
        var zeros = new Tensor(Size);
        var darkness = new Tensor(
            Size,
            [.. Enumerable.Range(0, zeros.Data.Length).Select(i => -Mean[i / 2500 % 3] / Deviation[i / 2500 % 3])]
        );
        Assert.Equal(black.Logits(darkness, [], Token).Data, black.Logits(Images(), all, Token).Data);
        Assert.Equal(mean.Logits(zeros, [], Token).Data, mean.Logits(Images(), all, Token).Data);
    }

    [Fact]
    public void Draws_are_each_images_own_unless_they_are_shared()
    {
        Tensor images = Images();
        int[] labels = Best(images);
        using PatchOcclusion own = Open(new() { Grid = 5, Batch = 3 });
        OcclusionCounts together = own.Measure(images, labels, 10, null, Token),
            apart = Enumerable
                .Range(0, 4)
                .Select(i => own.Measure(One(images, i), [labels[i]], 10 + i, null, Token))
                .Aggregate((a, b) => a.Plus(b));
        Assert.Equal(3, together.Correct.Length);
        Assert.Equal(together.Correct.SelectMany(run => run), apart.Correct.SelectMany(run => run));
        Assert.All(together.Correct, run => Assert.Equal(4, run[0]));
        Assert.True(together.Accuracy[^1] < 1, "Dropping nine tenths of the patches changes nothing.");

        // The same image four times: a shared draw drops the same of all.
        Tensor same = new(Size, [.. Enumerable.Range(0, 4).SelectMany(_ => One(images, 0).Data)]);
        int[] first = [labels[0], labels[0], labels[0], labels[0]];
        using PatchOcclusion shared = Open(
                new()
                {
                    Grid = 5,
                    Runs = 8,
                    IsDrawShared = true,
                }
            ),
            drawn = Open(new() { Grid = 5, Runs = 8 });
        Assert.All(
            shared.Measure(same, first, 0, null, Token).Correct.SelectMany(run => run),
            right => Assert.Contains(right, new[] { 0, 4 })
        );
        Assert.Contains(drawn.Measure(same, first, 0, null, Token).Correct.SelectMany(run => run), right => right is > 0 and < 4);
    }

    [Fact]
    public void Salient_patches_are_those_of_the_map_and_the_others_come_in_the_opposite_order()
    {
        Tensor images = Images();
        int[] labels = Best(images);
        (ComputationGraph graph, WeightSet weights) = Network();
        using var cam = new ClassActivation(graph, weights, new(), _engine);
        Tensor map = cam.Explain(One(images, 1), cancellationToken: Token).Map;
        var grid = new PatchGrid(5, 50, 50);
        double[] salience = grid.Average(map.Data);
        int[] order = [.. Enumerable.Range(0, 25).OrderByDescending(patch => salience[patch])];
        foreach (OcclusionDrop drop in new[] { OcclusionDrop.Salient, OcclusionDrop.NonSalient })
        {
            using PatchOcclusion occlusion = Open(new() { Grid = 5, Drop = drop });
            OcclusionCounts counts = occlusion.Measure(One(images, 1), [labels[1]], 0, null, Token);
            int[] first = drop == OcclusionDrop.Salient ? order : [.. Enumerable.Range(0, 25).OrderBy(patch => salience[patch])];
            int[] expected =
            [
                .. OcclusionOptions
                    .Counts(25)
                    .Select(dropped => Best(occlusion.Logits(One(images, 1), first[..dropped], Token))[0] == labels[1] ? 1 : 0),
            ];
            Assert.Equal(expected, Assert.Single(counts.Correct));
            Assert.All(counts.Spread, spread => Assert.Equal(double.NaN, spread));
        }
    }

    [Fact]
    public void Counts_add_up_to_a_mean_and_a_spread()
    {
        OcclusionCounts counts = new OcclusionCounts(
            4,
            [
                [4, 1],
                [4, 2],
            ]
        ).Plus(
            new(
                4,
                [
                    [2, 1],
                    [2, 4],
                ]
            )
        );
        Assert.Equal([0.75, 0.5], counts.Accuracy);
        Assert.Equal([0, Math.Sqrt(2 * 0.25 * 0.25)], counts.Spread);
        Assert.Throws<ArgumentException>(() =>
            counts.Plus(
                new(
                    1,
                    [
                        [1, 1],
                    ]
                )
            )
        );
    }

    private static Tensor Images() => FormulaWeights.CoarseAndFine(Size);

    private static Tensor One(Tensor images, int image) => new(Size.With(0, 1), images.Data.Chunk(7500).ElementAt(image));

    private static (ComputationGraph Graph, WeightSet Weights) Network()
    {
        ComputationGraph graph = MogaNetFixture.Load("custom_64_b2").Options.CreateDefinition().Build(Size);
        return (graph, FormulaWeights.Create(graph.Parameters));
    }

    private PatchOcclusion Open(OcclusionOptions options)
    {
        (ComputationGraph graph, WeightSet weights) = Network();
        return new(graph, weights, options, _engine, Mean, Deviation);
    }

    private int[] Best(Tensor imagesOrLogits)
    {
        if (imagesOrLogits.Shape.Rank == 2)
            return [.. imagesOrLogits.Data.Chunk(10).Select(row => Array.IndexOf(row, row.Max()))];
        using PatchOcclusion whole = Open(new() { Grid = 5 });
        return Best(whole.Logits(imagesOrLogits, [], Token));
    }
}
