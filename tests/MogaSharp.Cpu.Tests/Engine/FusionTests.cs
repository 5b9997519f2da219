using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Engine;

/// <summary>That plans fuse what they should, keep apart what others read, and are right both ways.</summary>
public sealed class FusionTests
{
    private GraphBuilder _builder = new();

    private Scope Root => _builder.Root;

    [Fact]
    public void A_product_ends_with_its_activation_gate_or_shortcut()
    {
        Plan("conv1x1 -> Silu", x => Act(ActivationKind.Silu, Conv("a", x)));
        Plan("conv1x1 -> Gelu -> Gelu", x => Act(ActivationKind.Gelu, Act(ActivationKind.Gelu, Conv("a", x))));
        Plan("conv3x3 -> Relu", x => Act(ActivationKind.Relu, Root.Conv("a", x, 6, 3, padding: 1)));
        Plan("conv1x1 -> Silu * gate", x => Act(ActivationKind.Silu, Conv("a", x)) * x);
        Plan("conv1x1 * gate", x => x * Conv("a", x));
        Plan("conv1x1 + shortcut", x => x + Conv("a", x));
        Plan("conv1x1 + shortcut", x => Root.Scale("s", x, 1) + Conv("a", x));
        Plan("conv1x1 + image bias -> Silu", x => Act(ActivationKind.Silu, Conv("a", x) + Root.GlobalAveragePool(x)));
    }

    [Fact]
    public void A_product_that_others_read_is_kept()
    {
        PlanOf(x => Conv("a", x) is var y ? [Act(ActivationKind.Silu, y), y] : [], fused: "", notFused: "-> Silu");
        PlanOf(x => Conv("a", x) is var y ? [Act(ActivationKind.Silu, y) + y] : [], fused: "", notFused: "-> Silu");
        PlanOf(x => Act(ActivationKind.Silu, Conv("a", x)) is var y ? [y * x, y] : [], fused: "conv1x1 -> Silu", notFused: "gate");
        PlanOf(x => Conv("a", x) is var y ? [x + y, y] : [], fused: "", notFused: "shortcut");
        // Two different activations in a row are two steps.
        PlanOf(x => [Act(ActivationKind.Silu, Act(ActivationKind.Gelu, Conv("a", x)))], fused: "conv1x1 -> Gelu", notFused: "-> Silu");
        // Nothing is activated after a shortcut within one step.
        PlanOf(x => [Act(ActivationKind.Silu, x + Conv("a", x))], fused: "conv1x1 + shortcut", notFused: "-> Silu");
        // A product with itself.
        PlanOf(x => Conv("a", x) is var y ? [y * y] : [], fused: "", notFused: "gate");
        PlanOf(x => Conv("a", x) is var y ? [y + y] : [], fused: "", notFused: "shortcut");
    }

    [Fact]
    public void A_channel_aggregation_is_one_step()
    {
        PlanOf(x => [Aggregation(x, out _, out _)], fused: "fc1 -> 3x3 depthwise -> GELU -> decompose -> fc2", notFused: "conv1x1");
        PlanOf(x => [x + Aggregation(x, out _, out _)], fused: "fc2 + shortcut", notFused: "conv1x1");
        PlanOf(
            x => [Root.Conv("fc2", Act(ActivationKind.Gelu, Root.DepthwiseConv("dw", Conv("fc1", x), 5)), 6, 1)],
            fused: "fc1 -> 5x5 depthwise -> GELU -> fc2",
            notFused: "conv1x1"
        );
    }

    [Fact]
    public void A_channel_aggregation_with_other_parts_or_readers_is_not()
    {
        PlanOf(x => [Aggregation(x, out Value hidden, out _), hidden], fused: "conv1x1", notFused: "fc1 ->");
        PlanOf(x => [Aggregation(x, out _, out Value factor), factor], fused: "conv1x1", notFused: "fc1 ->");
        PlanOf(x => [Aggregation(x, out _, out Value factor) * factor], fused: "conv1x1", notFused: "fc1 ->");
        PlanOf(x => [Aggregation(x, out _, out _, ActivationKind.Silu)], fused: "conv1x1", notFused: "fc1 ->");
        PlanOf(x => [Aggregation(x, out _, out _, dilation: 2)], fused: "conv1x1", notFused: "fc1 ->");
    }

    [Fact]
    public void A_multi_order_context_is_one_step_unless_others_read_its_parts()
    {
        PlanOf(x => [MultiOrder(x, out _, out _)], fused: "multi-order depthwise 5x5d1 -> 5x5d2 -> 7x7d3", notFused: "concat");
        PlanOf(x => [MultiOrder(x, out Value common, out _), common], fused: "concat", notFused: "multi-order");
        PlanOf(x => [MultiOrder(x, out _, out Value part), part], fused: "concat", notFused: "multi-order");
        PlanOf(x => [MultiOrder(x, out _, out _, start: 1)], fused: "concat", notFused: "multi-order");
    }

    [Fact]
    public void A_plan_says_why_a_fusion_was_not_taken()
    {
        Reason("no Silu after a product: its input is read 2 times", x => Conv("a", x) is var y ? [Act(ActivationKind.Silu, y), y] : []);
        Reason("no Silu after a product: another activation", x => [Act(ActivationKind.Silu, Act(ActivationKind.Gelu, Conv("a", x)))]);
        Reason("no Silu after a product: a sum or product comes before it", x => [Act(ActivationKind.Silu, x + Conv("a", x))]);
        Reason("no gate: neither side", x => Conv("a", x) is var y ? [y * y] : []);
        Reason(
            "no shortcut: neither side is a product that is read here alone (one is read 2 times)",
            x => Conv("a", x) is var y ? [x + y, y] : []
        );
        Reason("no channel aggregation: the hidden channels are read by others", x => [Aggregation(x, out Value hidden, out _), hidden]);
        Reason("no channel aggregation: the subtracted number is read by others", x => [Aggregation(x, out _, out Value factor), factor]);
        Reason("no channel aggregation: the activation is Silu", x => [Aggregation(x, out _, out _, ActivationKind.Silu)]);
        Reason("no channel aggregation: the depthwise convolution is dilated", x => [Aggregation(x, out _, out _, dilation: 2)]);
        Reason("no multi-order depthwise: the first convolution is read by others", x => [MultiOrder(x, out Value common, out _), common]);
        Reason("no multi-order depthwise: a part is read 2 times", x => [MultiOrder(x, out _, out Value part), part]);
        Reason("no multi-order depthwise: the parts are not the ranges", x => [MultiOrder(x, out _, out _, start: 1)]);
        PlanOf(x => [Gated(x, ActivationKind.Silu)], fused: "no gated projection: 35 pixels are few", notFused: null, images: 1, rows: 5);
        Reason("no gated projection: the two sides have different activations", x => [Gated(x, ActivationKind.Gelu)]);
        // What is fused is not excused.
        PlanOf(x => [Aggregation(x, out _, out _)], fused: "fc1 ->", notFused: "not fused");
        PlanOf(x => [MultiOrder(x, out _, out _)], fused: "multi-order", notFused: "not fused");

        void Reason(string reason, Func<Value, Value[]> make) => PlanOf(make, fused: reason, notFused: null);
    }

    [Fact]
    public void An_mlp_is_one_step_unless_others_read_its_parts()
    {
        PlanOf(x => [x + Mlp(Norm(x), out _)], fused: "layer norm -> fc1 -> Silu -> fc2 + shortcut", notFused: "conv1x1");
        PlanOf(x => [Mlp(Norm(x), out Value hidden), hidden], fused: "no MLP: the hidden channels are read 2 times", notFused: "fc1 ->");
        // The shortcut has a norm of its own: it is cheaper computed twice than read again.
        PlanOf(x => Norm(x) is var y ? [Mlp(y, out _) + y] : [], fused: "a norm of its own: no 1x1 convolution reads it", notFused: null);
        PlanOf(
            x => Norm(x) is var y ? [Conv("a", y), Conv("b", y)] : [],
            fused: "a norm of its own: it is read 2 times",
            notFused: "layer norm ->"
        );
        PlanOf(x => [Mlp(x, out _)], fused: "no MLP: 7 pixels are few", notFused: "fc1 ->", images: 1, rows: 1);
        PlanOf(
            x => [Root.Conv("c", Act(ActivationKind.Silu, x + Conv("a", x)), 6, 1)],
            fused: "no MLP: what is activated is no 1x1 convolution alone",
            notFused: "fc1 ->"
        );
        PlanOf(
            x => [Act(ActivationKind.Silu, Norm(x))],
            fused: "a norm of its own: no 1x1 convolution reads it",
            notFused: "layer norm ->"
        );
    }

    [Fact]
    public void Recursive_gates_are_one_step_unless_others_read_their_parts()
    {
        PlanOf(x => [Chain(x, out _)], fused: "product -> conv1x1 * factor -> conv1x1", notFused: "slice");
        PlanOf(x => [Chain(x, out Value product), product], fused: "slice", notFused: "* factor");
        PlanOf(x => [Chain(x, out _), Root.Slice(x, 0, 3)], fused: "product -> conv1x1 * factor -> conv1x1", notFused: "multiply");
        PlanOf(x => [Root.Conv("b", x * Root.Slice(x, 0, 6), 6, 1)], fused: "Multiply", notFused: "product ->");
    }

    [Fact]
    public void Attention_is_one_step_unless_others_read_its_parts()
    {
        PlanOf(x => [Attention(x, out _)], fused: "attention of 63 tokens, 2 heads", notFused: "softmax");
        PlanOf(x => [Attention(x, out Value scores), scores], fused: "no attention: the scores are read 2 times", notFused: "attention of");
        PlanOf(
            x => [Root.Add(new AttentionValues(2), Root.Add(new AttentionScores(2, 1), x, x), x)],
            fused: "no attention: no softmax comes before the values",
            notFused: "attention of"
        );
        PlanOf(x => [Windowed(x, 7, 2, 2)], fused: "attention of 49 tokens in 2 windows, 2 heads", notFused: "window partition", rows: 7);
        PlanOf(
            x => [Windowed(x, 7, 2, 1)],
            fused: "no attention: queries, keys and values are not the windows",
            notFused: "tokens in",
            rows: 7
        );
    }

    private Value Norm(Value x) => Root.LayerNorm("norm", x);

    private Value Mlp(Value x, out Value hidden)
    {
        hidden = Act(ActivationKind.Silu, Root.Linear("fc1", x, 11));
        return Root.Linear("fc2", hidden, 6);
    }

    private Value Chain(Value x, out Value product)
    {
        product = Root.Slice(x, 0, 2) * Root.Slice(x, 1, 2);
        return Root.Conv("b", Root.Conv("a", product, 3, 1) * Root.Slice(x, 3, 3), 6, 1);
    }

    private Value Attention(Value x, out Value scores)
    {
        scores = Root.Add(new AttentionScores(2, 0.5), x, x);
        return Root.Add(new AttentionValues(2), Root.Add(new Softmax(), scores), x);
    }

    private Value Windowed(Value x, int window, int shift, int back) =>
        Root.Add(new WindowMerge(window, back), Attention(Root.Add(new WindowPartition(window, shift), x), out _), x);

    private Value Gated(Value x, ActivationKind other) =>
        Root.Conv("c", Act(ActivationKind.Silu, Conv("a", x)) * Act(other, Conv("b", x)), 6, 1);

    private Value Conv(string name, Value x) => Root.Conv(name, x, 6, 1);

    private Value Act(ActivationKind function, Value x) => Root.Activate(function, x);

    private Value Aggregation(
        Value x,
        out Value hidden,
        out Value factor,
        ActivationKind activation = ActivationKind.Gelu,
        int dilation = 1
    )
    {
        hidden = Act(activation, Root.DepthwiseConv("dw", Root.Conv("fc1", x, 20, 1), 3, dilation));
        factor = Act(ActivationKind.Gelu, Root.Conv("decompose", hidden, 1, 1));
        return Root.Conv("fc2", hidden + Root.Scale("sigma", hidden - factor, 1), 6, 1);
    }

    private Value MultiOrder(Value x, out Value common, out Value part, int start = 0)
    {
        common = Root.DepthwiseConv("dw0", x, 5);
        part = Root.DepthwiseConv("dw1", Root.Slice(common, 2, 2), 5, 2);
        return Root.Concat(Root.Slice(common, start, 2), part, Root.DepthwiseConv("dw2", Root.Slice(common, 4, 2), 7, 3));
    }

    private void Plan(string fused, Func<Value, Value> make) => PlanOf(x => [make(x)], fused, notFused: null);

    private void PlanOf(Func<Value, Value[]> make, string fused, string? notFused, int images = 2, int rows = 9)
    {
        _builder = new GraphBuilder();
        Value[] outputs = make(_builder.Input("x", new Shape(images, 6, rows, 7)));
        GraphCase c = GraphCase.Create(_builder.Build([.. outputs.Select((output, i) => new GraphOutput($"y{i}", output))]));
        using var engine = new CpuEngine(new(Threads: 2));
        using CpuSession session = engine.CreateSession(c.Graph, c.Weights);
        string plan = session.DescribePlan(c.Inputs[0].Shape);
        Assert.True(plan.Contains(fused, StringComparison.Ordinal), $"'{fused}' is not in\n{plan}");
        // The notes at the end name the steps that were not taken.
        string steps =
            notFused == "not fused"
                ? plan
                : string.Join('\n', plan.Split('\n').Where(line => !line.StartsWith("not fused", StringComparison.Ordinal)));
        if (notFused is not null)
            Assert.DoesNotContain(notFused, steps);
        ErrorModel.AssertClose(c, c.Run(session));
    }
}
