using System.Numerics;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Tasks.Tests.Explain;

/// <summary>What interactions must be whatever the network is, and what is drawn.</summary>
public sealed class InteractionTests : IDisposable
{
    private readonly CpuEngine _engine = new(new(Threads: 2));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _engine.Dispose();

    [Fact]
    public void The_identities_hold_in_double_precision()
    {
        const int Side = 3,
            N = Side * Side;
        double[] v = ReferenceValues(Side);
        ImageInteractions all = ImageInteractions.OfAllSets(Side, v);
        // What the orders add up to is Shapley's interaction index, written out from its own definition.
        for (int pair = 0; pair < all.Pairs.Length; pair++)
        {
            (int i, int j) = (1 << all.Pairs[pair].First, 1 << all.Pairs[pair].Second);
            double index = 0;
            for (int set = 0; set < v.Length; set++)
                if ((set & (i | j)) == 0)
                    index += Weight(BitOperations.PopCount((uint)set)) * (v[set | i | j] - v[set | i] - v[set | j] + v[set]);
            Assert.Equal(index, all.Interactions.Average(row => row[pair]), 1e-9);
        }

        double alone = Enumerable.Range(0, N).Sum(patch => v[1 << patch] - v[0]),
            together = all.Interactions.Select((row, m) => 2 * row.Sum() * (N - 1 - m) / (N * (N - 1.0))).Sum();
        Assert.Equal(v[^1] - v[0], alone + together, 1e-9);
        Assert.True(Math.Abs(together) > 1e-4, "The network hardly has interactions, so that the identity says nothing.");

        static double Weight(int size) => Factorial(size) * Factorial(N - size - 2) / Factorial(N - 1);
        static double Factorial(int of) => of < 2 ? 1 : of * Factorial(of - 1);
    }

    [Fact]
    public void Equal_sets_are_run_once()
    {
        using MultiOrderInteraction meter = Open(
            new()
            {
                Grid = 3,
                Orders = [0, 7],
                Pairs = 6,
                Contexts = 5,
            }
        );
        InteractionDraw draw = InteractionDraw.Create(
            new()
            {
                Grid = 3,
                Orders = [0, 7],
                Pairs = 6,
                Contexts = 5,
            },
            0
        );
        ImageInteractions result = meter.Measure(Image(), 3, draw, null, Token);
        // None, all, and of each pair those that show it, one of it, and all but one of it.
        int patches = draw.Pairs.SelectMany(pair => new[] { pair.First, pair.Second }).Distinct().Count();
        Assert.Equal(2 + (2 * patches) + (2 * draw.Pairs.Length), result.Passes);
        Assert.Equal(2 * 6 * 5 * 4, result.Values.Length);
        Assert.Equal(result.Interactions[0], result.Halves[1][0]);
    }

    [Fact]
    public void All_contexts_of_an_order_give_what_all_sets_give()
    {
        using MultiOrderInteraction meter = Open(new() { Grid = 3 });
        ImageInteractions all = meter.MeasureAll(Image(), 3, null, Token);
        PatchPair pair = all.Pairs[5];
        int[] others = [.. Enumerable.Range(0, 9).Where(patch => patch != pair.First && patch != pair.Second)];
        var draw = new InteractionDraw(
            [1],
            [pair],
            [
                [
                    [.. others.Select(patch => PatchMask.Of(9, patch))],
                ],
            ]
        );
        Assert.Equal(all.Interactions[1][5], meter.Measure(Image(), 3, draw, null, Token).Interactions[0][0], 1e-5);
    }

    [Theory]
    [InlineData(14)]
    [InlineData(4)]
    public void Pairs_are_neighbors_and_contexts_have_their_size(int side)
    {
        var options = new InteractionOptions
        {
            Grid = side,
            Pairs = side == 4 ? InteractionDraw.NeighborPairs(4) : 50,
            Contexts = 3,
        };
        InteractionDraw draw = InteractionDraw.Create(options, 7);
        Assert.Equal(
            options.Pairs,
            draw.Pairs.Select(pair => (Math.Min(pair.First, pair.Second), Math.Max(pair.First, pair.Second))).Distinct().Count()
        );
        Assert.All(draw.Pairs, pair => Assert.InRange(pair.Distance(side), 1, 2));
        for (int order = 0; order < draw.Orders.Length; order++)
        for (int pair = 0; pair < draw.Pairs.Length; pair++)
            Assert.All(
                draw.Contexts[order][pair],
                set =>
                {
                    Assert.Equal(draw.Orders[order], set.Count);
                    Assert.False(set[draw.Pairs[pair].First] || set[draw.Pairs[pair].Second]);
                }
            );
        InteractionDraw again = InteractionDraw.Create(options, 7),
            other = InteractionDraw.Create(options with { Seed = 2 }, 7);
        Assert.Equal(draw.Pairs, again.Pairs);
        Assert.Equal(draw.Contexts[5][0], again.Contexts[5][0]);
        Assert.NotEqual(draw.Pairs, other.Pairs);
    }

    [Fact]
    public void The_orders_and_neighbors_of_14x14_are_those_of_the_paper()
    {
        Assert.Equal([0, 9, 19, 38, 58, 77, 97, 116, 135, 155, 174, 184, 194], InteractionOptions.DefaultOrders(196));
        Assert.Equal(1950, InteractionDraw.NeighborPairs(14));
    }

    [Fact]
    public void A_curve_has_a_mean_of_one_an_error_and_halves()
    {
        ImageInteractions Of(double a, double b) =>
            new()
            {
                Grid = 3,
                Orders = [0, 7],
                Pairs = [new(0, 1), new(0, 8)],
                Interactions =
                [
                    [a, -a],
                    [b, 3 * b],
                ],
                Halves =
                [
                    [
                        [a, a],
                        [0, 0],
                    ],
                    [
                        [a, a],
                        [2 * a, 2 * a],
                    ],
                ],
            };
        InteractionCurve one = InteractionCurve.Of([Of(1, 1)]),
            two = InteractionCurve.Of([Of(1, 1), Of(3, 1)]);
        Assert.Equal([2.0 / 3, 4.0 / 3], one.J);
        Assert.All(one.StandardError, error => Assert.Equal(double.NaN, error));
        Assert.Equal([1, 1], InteractionCurve.Of([Of(1, 1)], 1).J);
        Assert.Equal([2, 2], two.Strength);
        Assert.Equal([0, 1], two.Ratios);
        // Each image's strengths differ from J times their own mean by 0.5 of 2 one way or the other: sqrt(2 (0.25)^2 / 2).
        Assert.Equal([0.25, 0.25], two.StandardError.Select(error => Math.Round(error, 12)));
        Assert.Equal([(2 + (2.0 / 3)) / 2, (0 + (4.0 / 3)) / 2], one.SplitHalf);
    }

    [Fact]
    public void A_saturated_network_has_finite_log_odds()
    {
        Assert.Equal(200, InteractionValues.Of(InteractionValue.LogOdds, [200, 0], 0));
        Assert.Equal(-200, InteractionValues.Of(InteractionValue.LogProbability, [200, 0], 1));
        Assert.Equal(0, InteractionValues.Of(InteractionValue.Logit, [200, 0], 1));
    }

    [Fact]
    public void What_does_not_fit_is_told()
    {
        using MultiOrderInteraction meter = Open(new() { Grid = 3 }),
            large = Open(new() { Grid = 5 });
        Refused("There is no class 10; the network has 10, from 0 on.", () => meter.MeasureAll(Image(), 10, null, Token));
        Refused(
            "A grid of 5x5 has too many sets of patches; all of them are looked at up to 4x4.",
            () => large.MeasureAll(Image(), 0, null, Token)
        );
        Refused("A grid over 48x48 pixels has from 2 to 48 patches, not 49.", () => Open(new() { Grid = 49 }));
        Refused("There is no order 8; of 9 patches there are 0 to 7.", () => InteractionDraw.Create(new() { Grid = 3, Orders = [8] }, 0));
        Refused("A grid of 3x3 has 36 pairs of neighbors, not 50.", () => InteractionDraw.Create(new() { Grid = 3 }, 0));
        Refused("The network has one class, of which log_odds says nothing; take logit.", () => Open(new() { Grid = 3 }, 1));
        Refused(
            "The images are 2x3x48x40; the network was prepared for 1x3x48x48.",
            () => meter.MeasureAll(new Tensor(new Shape(2, 3, 48, 40)), 0, null, Token)
        );

        static void Refused(string message, Action act) => Assert.Equal(message, Assert.Throws<ExplainException>(act).Message);
    }

    [Fact]
    public void A_run_can_be_cancelled()
    {
        using MultiOrderInteraction meter = Open(new() { Grid = 3, Batch = 8 });
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => meter.MeasureAll(Image(), 0, new Stop(source), source.Token));
    }

    private static Tensor Image() => FormulaWeights.CoarseAndFine(new Shape(1, 3, 48, 48));

    private static (ComputationGraph Graph, WeightSet Weights) Network(int classes = 10)
    {
        MogaNetOptions options = MogaNetFixture.Load("custom_64_b2").Options with { NumClasses = classes };
        ComputationGraph graph = options.CreateDefinition().Build(new Shape(1, 3, 48, 48));
        return (graph, FormulaWeights.Create(graph.Parameters));
    }

    // Of a tiny network, in double precision throughout.
    private static double[] ReferenceValues(int side)
    {
        MogaNetOptions options = MogaNetFixture.Load("custom_64_b2").Options with
        {
            Arch = new([8, 8, 8, 8], [1, 1, 1, 1], [2, 2, 2, 2]),
            NumClasses = 3,
        };
        var shape = new Shape(1, 3, 33, 33);
        ComputationGraph graph = options.CreateDefinition().Build(shape);
        var reference = new ReferenceInterpreter(graph, FormulaWeights.Create(graph.Parameters));
        Tensor image = FormulaWeights.CoarseAndFine(shape);
        var grid = new PatchGrid(side, 33, 33);
        return
        [
            .. Enumerable
                .Range(0, 1 << grid.Count)
                .AsParallel()
                .AsOrdered()
                .WithDegreeOfParallelism(2)
                .Select(set =>
                {
                    var shown = new Tensor(shape);
                    grid.Paint(image.Data, PatchMask.OfBits(grid.Count, set), new float[3], shown.Span);
                    double[] logits = reference.Run(shown)[graph.Outputs[0].Name].Data;
                    return logits[1] - Math.Log(Math.Exp(logits[0]) + Math.Exp(logits[2]));
                }),
        ];
    }

    private MultiOrderInteraction Open(InteractionOptions options, int classes = 10)
    {
        (ComputationGraph graph, WeightSet weights) = Network(classes);
        return new(graph, weights, options, _engine);
    }

    private sealed class Stop(CancellationTokenSource source) : IProgress<double>
    {
        public void Report(double value) => source.Cancel();
    }
}
