using MogaSharp.Cpu.Planning;
using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Engine;

/// <summary>
/// That plans fuse what they should, keep apart what others read, and are right both ways. A plan is compared with the types of all its
/// steps, so what has no step of its own is within one of those.
/// </summary>
public sealed class FusionTests
{
    private GraphBuilder _builder = new();

    private Scope Root => _builder.Root;

    [Fact]
    public void A_product_ends_with_its_activation_gate_or_shortcut()
    {
        Steps(x => [Act(ActivationKind.Silu, Conv("a", x))], "MatrixStep<Silu>");
        Steps(x => [Act(ActivationKind.Gelu, Act(ActivationKind.Gelu, Conv("a", x)))], "MatrixStep<Twice<Gelu>>");
        Steps(x => [Act(ActivationKind.Relu, Root.Conv("a", x, 6, 3, padding: 1))], "MatrixStep<Relu>");
        Steps(x => [Act(ActivationKind.Silu, Conv("a", x)) * x], "MatrixStep<Silu, MultiplyOther>");
        Steps(x => [x * Conv("a", x)], "MatrixStep<MultiplyOther>");
        Steps(x => [x + Conv("a", x)], "MatrixStep<AddScaledOther>");
        Steps(x => [Root.Scale("s", x, 1) + Conv("a", x)], "MatrixStep<AddScaledOther>");
        // The bias per image is the pool.
        Steps(x => [Act(ActivationKind.Silu, Conv("a", x) + Root.GlobalAveragePool(x))], "LoopStep", "MatrixStep<Silu>");
    }

    [Fact]
    public void A_product_that_others_read_is_kept()
    {
        Steps(x => Conv("a", x) is var y ? [Act(ActivationKind.Silu, y), y] : [], "MatrixStep", "LoopStep");
        Steps(x => Conv("a", x) is var y ? [Act(ActivationKind.Silu, y) + y] : [], "MatrixStep", "LoopStep", "LoopStep");
        Steps(x => Act(ActivationKind.Silu, Conv("a", x)) is var y ? [y * x, y] : [], "MatrixStep<Silu>", "LoopStep");
        Steps(x => Conv("a", x) is var y ? [x + y, y] : [], "MatrixStep", "LoopStep");
        // Two different activations in a row are two steps.
        Steps(x => [Act(ActivationKind.Silu, Act(ActivationKind.Gelu, Conv("a", x)))], "MatrixStep<Gelu>", "LoopStep");
        // Nothing is activated after a shortcut within one step.
        Steps(x => [Act(ActivationKind.Silu, x + Conv("a", x))], "MatrixStep<AddScaledOther>", "LoopStep");
        // A product with itself.
        Steps(x => Conv("a", x) is var y ? [y * y] : [], "MatrixStep", "LoopStep");
        Steps(x => Conv("a", x) is var y ? [y + y] : [], "MatrixStep", "LoopStep");
    }

    [Fact]
    public void A_channel_aggregation_is_one_step()
    {
        Steps(x => [Aggregation(x, out _, out _)], "ChannelAggregationStep");
        Steps(x => [x + Aggregation(x, out _, out _)], "ChannelAggregationStep");
        Steps(
            x => [Root.Conv("fc2", Act(ActivationKind.Gelu, Root.DepthwiseConv("dw", Conv("fc1", x), 5)), 6, 1)],
            "ChannelAggregationStep"
        );
    }

    [Fact]
    public void A_channel_aggregation_with_other_parts_or_readers_is_not()
    {
        string[] apart = ["MatrixStep", "DepthwiseStep<Gelu>", "MatrixStep<Gelu>", "MatrixStep"];
        Steps(x => [Aggregation(x, out Value hidden, out _), hidden], apart);
        Steps(x => [Aggregation(x, out _, out Value factor), factor], apart);
        Steps(x => [Aggregation(x, out _, out Value factor) * factor], [.. apart, "LoopStep"]);
        Steps(x => [Aggregation(x, out _, out _, dilation: 2)], apart);
        apart[1] = "DepthwiseStep<Silu>";
        Steps(x => [Aggregation(x, out _, out _, ActivationKind.Silu)], apart);
    }

    [Fact]
    public void A_multi_order_context_is_one_step_unless_others_read_its_parts()
    {
        Steps(x => [MultiOrder(x, out _, out _)], "MultiOrderStep");
        // Depthwise convolutions read ranges of channels where they lie. The range that goes on as it is is copied, then the three parts.
        string[] apart = ["DepthwiseStep", "DepthwiseStep", "LoopStep", "DepthwiseStep", "LoopStep", "LoopStep", "LoopStep"];
        Steps(x => [MultiOrder(x, out Value common, out _), common], apart);
        Steps(x => [MultiOrder(x, out _, out Value part), part], apart);
        Steps(x => [MultiOrder(x, out _, out _, start: 1)], apart);
    }

    [Fact]
    public void An_mlp_is_one_step_unless_others_read_its_parts()
    {
        Steps(x => [x + Mlp(Norm(x), out _)], "MlpStep<Silu>");
        Steps(x => [Mlp(Norm(x), out Value hidden), hidden], "MatrixStep<Silu>", "MatrixStep");
        // The shortcut has a norm of its own: it is cheaper computed twice than read again.
        Steps(x => Norm(x) is var y ? [Mlp(y, out _) + y] : [], "LoopStep", "MlpStep<Silu>");
        Steps(x => Norm(x) is var y ? [Conv("a", y), Conv("b", y)] : [], "LoopStep", "MatrixStep", "MatrixStep");
        Steps(x => [Mlp(x, out _)], images: 1, rows: 1, "MatrixStep<Silu>", "MatrixStep");
        Steps(
            x => [Root.Conv("c", Act(ActivationKind.Silu, x + Conv("a", x)), 6, 1)],
            "MatrixStep<AddScaledOther>",
            "LoopStep",
            "MatrixStep"
        );
        Steps(x => [Act(ActivationKind.Silu, Norm(x))], "LoopStep", "LoopStep");
    }

    [Fact]
    public void Recursive_gates_are_one_step_unless_others_read_their_parts()
    {
        Steps(x => [Chain(x, out _)], "GatedChainStep");
        Steps(
            x => [Chain(x, out Value product), product],
            "LoopStep",
            "LoopStep",
            "LoopStep",
            "LoopStep",
            "MatrixStep<MultiplyOther>",
            "MatrixStep"
        );
        Steps(x => [Chain(x, out _), Root.Slice(x, 0, 3)], "GatedChainStep", "LoopStep");
        Steps(x => [Root.Conv("b", x * Root.Slice(x, 0, 6), 6, 1)], "LoopStep", "LoopStep", "MatrixStep");
    }

    [Fact]
    public void Attention_is_one_step_unless_others_read_its_parts()
    {
        Steps(x => [Attention(x, out _)], "AttentionStep");
        Steps(x => [Attention(x, out Value scores), scores], "LoopStep", "LoopStep", "LoopStep");
        Steps(x => [Root.Add(new AttentionOutput(2), Root.Add(new QueryKeyProduct(2, 1), x, x), x)], "LoopStep", "LoopStep");
        Steps(x => [Windowed(x, 7, 2, 2)], images: 2, rows: 7, "AttentionStep");
        Steps(x => [Windowed(x, 7, 2, 1)], images: 2, rows: 7, "LoopStep", "AttentionStep", "LoopStep");
    }

    // The reason is what a plan prints for people, so its words are compared.
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
        Reason("no gated projection: 35 pixels are few", x => [Gated(x, ActivationKind.Silu)], images: 1, rows: 5);
        Reason("no gated projection: the two sides have different activations", x => [Gated(x, ActivationKind.Gelu)]);
        Reason("no MLP: the hidden channels are read 2 times", x => [Mlp(Norm(x), out Value hidden), hidden]);
        Reason("no MLP: 7 pixels are few", x => [Mlp(x, out _)], images: 1, rows: 1);
        Reason(
            "no MLP: what is activated is not a 1x1 convolution alone",
            x => [Root.Conv("c", Act(ActivationKind.Silu, x + Conv("a", x)), 6, 1)]
        );
        Reason("a norm of its own: no 1x1 convolution reads it", x => [Act(ActivationKind.Silu, Norm(x))]);
        Reason("a norm of its own: it is read 2 times", x => Norm(x) is var y ? [Conv("a", y), Conv("b", y)] : []);
        Reason("no attention: the scores are read 2 times", x => [Attention(x, out Value scores), scores]);
        Reason(
            "no attention: no softmax comes before the values",
            x => [Root.Add(new AttentionOutput(2), Root.Add(new QueryKeyProduct(2, 1), x, x), x)]
        );
        Reason("no attention: queries, keys and values are not the windows", x => [Windowed(x, 7, 2, 1)], images: 2, rows: 7);

        void Reason(string reason, Func<Value, Value[]> make, int images = 2, int rows = 9) =>
            Assert.Contains(Compile(make, images, rows).Notes, note => note.Reason.StartsWith(reason, StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_fused_is_not_excused()
    {
        Assert.Empty(Compile(x => [Aggregation(x, out _, out _)]).Notes);
        Assert.Empty(Compile(x => [MultiOrder(x, out _, out _)]).Notes);
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
        scores = Root.Add(new QueryKeyProduct(2, 0.5), x, x);
        return Root.Add(new AttentionOutput(2), Root.Add(new Softmax(), scores), x);
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

    private void Steps(Func<Value, Value[]> make, params string[] kinds) => Steps(make, images: 2, rows: 9, kinds);

    private void Steps(Func<Value, Value[]> make, int images, int rows, params string[] kinds) =>
        Assert.Equal(kinds, StepKinds.Of(Compile(make, images, rows)));

    // The plan of outputs on six channels of 7 columns, which is run and compared.
    private Plan Compile(Func<Value, Value[]> make, int images = 2, int rows = 9)
    {
        _builder = new GraphBuilder();
        Value[] outputs = make(_builder.Input("x", new Shape(images, 6, rows, 7)));
        GraphCase c = GraphCase.Create(_builder.Build([.. outputs.Select((output, i) => new GraphOutput($"y{i}", output))]));
        using var engine = new CpuEngine(new(Threads: 2));
        using CpuSession session = engine.CreateSession(c.Graph, c.Weights);
        ErrorModel.AssertClose(c, c.Run(session));
        return session.PlanOf(c.Inputs[0].Shape);
    }
}
