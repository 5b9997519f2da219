using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Models.Tests;

/// <summary>Blocks as parts of graphs of one's own.</summary>
public sealed class BlockTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void G_n_conv_of_any_order_is_its_formula(int order)
    {
        (ComputationGraph graph, WeightSet weights, Tensor input) = Build(
            16,
            (s, x) => new GnConv { Order = order, Scale = 0.5 }.Build(s["g"], x)
        );
        Assert.Equal(
            order - 1,
            graph.Parameters.Count(spec =>
                spec.Name.StartsWith("g.pws.", StringComparison.Ordinal) && spec.Name.EndsWith("weight", StringComparison.Ordinal)
            )
        );
        int[] widths = [.. Enumerable.Range(0, order).Select(i => 16 >> (order - 1 - i))];
        Assert.Equal(new Shape(widths.Sum(), 1, 7, 7), graph.Parameters.Single(spec => spec.Name == "g.dwconv.weight").Shape);

        // The recursion of the paper's equation 5, written out at one pixel, from the depthwise result of the graph itself.
        ReferenceTensor[] all = new ReferenceInterpreter(graph, weights).RunAll(input);
        double[] fused = Pixel(all[graph.Values.Single(value => value.Scope == "g.proj_in").Index]);
        double[] gates = Pixel(all[graph.Values.Single(value => value.Scope == "g.dwconv").Index]);
        double[] y = [.. fused.Take(widths[0]).Select((p, c) => p * 0.5 * gates[c])];
        for (int i = 1, at = widths[0]; i < order; at += widths[i++])
            y = [.. Product(weights, $"g.pws.{i - 1}", y).Select((p, c) => p * 0.5 * gates[at + c])];
        double[] expected = Product(weights, "g.proj_out", y),
            actual = Pixel(all[^1]);
        for (int c = 0; c < 16; c++)
            Assert.Equal(expected[c], actual[c], 12);
    }

    [Fact]
    public void G_n_conv_takes_any_spatial_operator()
    {
        SpatialOperator[] operators =
        [
            (s, x) => s.DepthwiseConv("dwconv", x, 3, dilation: 2),
            (s, x) => s.Add(new AveragePool2d(3), x),
            (s, x) =>
                s.Concat(
                    s.DepthwiseConv("low", s.Slice(x, 0, 8), 5),
                    s.DepthwiseConv("high", s.Slice(x, 8, x.Channels - 8), 7, dilation: 3)
                ),
            new GlobalLocalFilter(6, 4).Build,
        ];
        foreach (SpatialOperator spatial in operators)
        {
            (ComputationGraph graph, WeightSet weights, Tensor input) = Build(
                16,
                (s, x) => new GnConv { Order = 3, Spatial = spatial }.Build(s["g"], x)
            );
            ReferenceTensor result = new ReferenceInterpreter(graph, weights).RunAll(input)[^1];
            Assert.Equal(input.Shape, result.Shape);
            Assert.All(result.Data, value => Assert.True(double.IsFinite(value)));
        }
    }

    [Theory]
    [InlineData(0, 16, "order from 1")]
    [InlineData(6, 16, "multiple of 2^5 channels")]
    [InlineData(3, 18, "multiple of 2^2 channels")]
    public void G_n_conv_refuses_orders_that_do_not_fit_the_channels(int order, int channels, string message) =>
        Assert.Contains(
            message,
            Assert.Throws<GraphException>(() => Build(channels, (s, x) => new GnConv { Order = order }.Build(s["g"], x))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void G_n_conv_refuses_an_operator_that_changes_the_shape() =>
        Assert.Contains(
            "changes 1x28x6x7 to 1x28x3x4",
            Assert
                .Throws<GraphException>(() =>
                    Build(
                        16,
                        (s, x) => new GnConv { Order = 3, Spatial = (at, y) => at.Conv("dwconv", y, y.Channels, 3, 2, 1) }.Build(s["g"], x)
                    )
                )
                .Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void The_global_local_filter_refuses_odd_channels() =>
        Assert.Contains(
            "even number",
            Assert.Throws<GraphException>(() => Build(3, (s, x) => new GlobalLocalFilter(6, 4).Build(s, x))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Convolutional_and_linear_mlps_are_the_same_function()
    {
        (ComputationGraph linear, WeightSet weights, Tensor input) = Build(8, (s, x) => new ConvNeXtBlock().Build(s["b"], x));
        (ComputationGraph conv, _, _) = Build(8, (s, x) => new ConvNeXtBlock { ConvMlp = true }.Build(s["b"], x));
        WeightSet same = new(
            conv.Parameters.Select(spec => KeyValuePair.Create(spec.Name, new Tensor(spec.Shape, weights[spec.Name].Data)))
        );
        Assert.Equal(new Shape(32, 8, 1, 1), conv.Parameters.Single(spec => spec.Name == "b.mlp.fc1.weight").Shape);
        double[] a = new ReferenceInterpreter(linear, weights).RunAll(input)[^1].Data,
            b = new ReferenceInterpreter(conv, same).RunAll(input)[^1].Data;
        for (int i = 0; i < a.Length; i++)
            Assert.Equal(a[i], b[i], 12);
    }

    [Fact]
    public void A_map_no_longer_than_a_window_is_one_window_without_shift()
    {
        (ComputationGraph graph, WeightSet weights, Tensor input) = Build(
            8,
            (s, x) =>
                new SwinBlock
                {
                    Heads = 2,
                    Window = 7,
                    Shift = 3,
                }.Build(s["b"], x),
            new Shape(1, 8, 6, 12)
        );
        Assert.Contains(graph.Values, value => value.Op is WindowPartition { Window: 6, Shift: 0 });
        Assert.DoesNotContain(graph.Parameters, spec => spec.Name == "b.attn_mask");
        Assert.Equal(input.Shape, new ReferenceInterpreter(graph, weights).RunAll(input)[^1].Shape);
        Assert.Contains(
            "do not tile",
            Assert
                .Throws<GraphException>(() => Build(8, (s, x) => new SwinBlock { Heads = 2 }.Build(s, x), new Shape(1, 8, 16, 16)))
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "3 heads do not divide 8",
            Assert.Throws<GraphException>(() => Build(8, (s, x) => new SwinBlock { Heads = 3 }.Build(s, x), new Shape(1, 8, 7, 7))).Message,
            StringComparison.Ordinal
        );
    }

    // timm's get_relative_position_index and attn_mask for a window of 2, shifted by 1, on a map of 4 x 4.
    [Fact]
    public void Swin_s_buffers_are_timm_s()
    {
        (ComputationGraph graph, _, _) = Build(
            8,
            (s, x) =>
                new SwinBlock
                {
                    Heads = 2,
                    Window = 2,
                    Shift = 1,
                }.Build(s["b"], x),
            new Shape(1, 8, 4, 4)
        );
        WeightSet fresh = WeightInitializer.Create(graph.Parameters, 0);
        Assert.Equal([4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4], fresh["b.attn.relative_position_index"].Data);
        float[] mask = fresh["b.attn_mask"].Data;
        Assert.All(mask[..16], value => Assert.Equal(0, value));
        Assert.Equal([0, -100, 0, -100, -100, 0, -100, 0, 0, -100, 0, -100, -100, 0, -100, 0], mask[16..32]);
        Assert.Equal([0, 0, -100, -100, 0, 0, -100, -100, -100, -100, 0, 0, -100, -100, 0, 0], mask[32..48]);
        for (int i = 0; i < 16; i++)
            Assert.Equal(i % 5 == 0 ? 0 : -100, mask[48 + i]);
    }

    private static (ComputationGraph Graph, WeightSet Weights, Tensor Input) Build(
        int channels,
        Func<Scope, Value, Value> block,
        Shape? shape = null
    )
    {
        var builder = new GraphBuilder(ParameterOrder.Modules);
        Shape input = shape ?? new Shape(1, channels, 6, 7);
        Value y = block(builder.Root, builder.Input("input", input));
        ComputationGraph graph = builder.Build(new GraphOutput("y", y));
        return (graph, FormulaWeights.Create(graph.Parameters), FormulaWeights.Input(input));
    }

    // The channels of one pixel in the middle.
    private static double[] Pixel(ReferenceTensor map)
    {
        int area = map.Shape[2] * map.Shape[3];
        return [.. Enumerable.Range(0, map.Shape[1]).Select(c => map.Data[(c * area) + (area / 2)])];
    }

    private static double[] Product(WeightSet weights, string layer, double[] x)
    {
        (Tensor weight, Tensor bias) = (weights[layer + ".weight"], weights[layer + ".bias"]);
        return
        [
            .. Enumerable
                .Range(0, weight.Shape[0])
                .Select(o => bias.Data[o] + x.Select((value, i) => value * weight.Data[(o * x.Length) + i]).Sum()),
        ];
    }
}
