using MogaSharp.Cpu;
using MogaSharp.Graph;

namespace MogaSharp.Tasks.Tests.Explain;

public sealed class ReceptiveFieldTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Positive_taps_around_the_middle_count()
    {
        var builder = new GraphBuilder();
        Scope s = builder.Root;
        Value x = builder.Input("input", new Shape(1, 1, 9, 9));
        Value first = s.Conv("first", x, 1, 3, padding: 1, hasBias: false),
            second = s["block"].Activate(ActivationKind.Relu, s["block"].Conv("second", first, 1, 3, padding: 1, hasBias: false));
        ComputationGraph graph = builder.Build(new GraphOutput("first", first), new GraphOutput("second", second));
        // A tap below zero takes from the middle and does not count.
        float[] taps = [0, 1, 0, 1, 2, -1, 0, 1, 0],
            ones = [.. Enumerable.Repeat(1f, 9)];
        var weights = new WeightSet([
            KeyValuePair.Create("first.weight", new Tensor(new Shape(1, 1, 3, 3), taps)),
            KeyValuePair.Create("block.second.weight", new Tensor(new Shape(1, 1, 3, 3), ones)),
        ]);
        using var engine = new CpuEngine(new(Threads: 1));
        using var field = new EffectiveReceptiveField(graph, weights, [], engine);
        Assert.All(field.Maps, map => Assert.True(double.IsNaN(map.AreaOf(0.5))));
        var image = new Tensor(x.Shape, [.. Enumerable.Repeat(1f, 81)]);
        field.Add(image, Token);
        field.Add(image, Token);
        // Its output is below zero in the middle: nothing counts.
        field.Add(new Tensor(x.Shape, [.. Enumerable.Repeat(-1f, 81)]), Token);
        ReceptiveFieldMap map = field.Maps[0];
        Assert.Equal(("first", 9, 9, 3), (map.Layer, map.Height, map.Width, map.Images));
        for (int i = 0; i < 81; i++)
        {
            (int y, int column) = ((i / 9) - 3, (i % 9) - 3);
            double expected = y is >= 0 and < 3 && column is >= 0 and < 3 ? Math.Max(taps[(y * 3) + column], 0) * 2 / 3 : 0;
            Assert.Equal(expected, map.Values[i], 1e-6);
        }

        // Of the five, two lie in the middle pixel, all in the nine around it.
        Assert.Equal(1 / 81.0, map.AreaOf(0.39), 1e-12);
        Assert.Equal(9 / 81.0, map.AreaOf(0.41), 1e-12);
        Assert.Equal(25 / 81.0, field.Maps[1].AreaOf(0.99), 1e-12);
    }

    [Fact]
    public void Layers_are_named_and_sizes_kept()
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("input", new Shape(1, 2, 6, 6));
        Value y = builder.Root.Linear("head", builder.Root.SpatialMean(builder.Root.Conv("conv", x, 3, 3, padding: 1)), 4);
        ComputationGraph graph = builder.Build(new GraphOutput("logits", y));
        WeightSet weights = WeightInitializer.Create(graph.Parameters, seed: 0);
        using var engine = new CpuEngine(new(Threads: 1));
        Assert.Equal(
            "The network gives no feature maps; name a layer.",
            Assert.Throws<ExplainException>(() => new EffectiveReceptiveField(graph, weights, [], engine).Dispose()).Message
        );
        Assert.StartsWith(
            "The network has no layer 'head' with a feature map.",
            Assert.Throws<ExplainException>(() => new EffectiveReceptiveField(graph, weights, ["head"], engine).Dispose()).Message,
            StringComparison.Ordinal
        );
        using var field = new EffectiveReceptiveField(graph, weights, ["conv"], engine);
        field.Add(new Tensor(new Shape(3, 2, 6, 6)), Token);
        Assert.Equal(3, field.Maps[0].Images);
        Assert.Throws<GraphException>(() => field.Add(new Tensor(new Shape(1, 2, 5, 6)), Token));
    }
}
