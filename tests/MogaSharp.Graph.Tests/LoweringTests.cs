using MogaSharp.Testing;

namespace MogaSharp.Graph.Tests;

/// <summary>Composite ops: what they lower to, and that it is the same function.</summary>
public sealed class LoweringTests
{
    private readonly GraphBuilder _builder = new();

    [Fact]
    public void A_graph_without_compositions_is_its_own_lowering()
    {
        ComputationGraph graph = Build(_builder.Root.Activate(ActivationKind.Relu, Map(3)));
        Assert.Same(graph, graph.Lower());
    }

    [Fact]
    public void Training_ops_lower_to_their_input()
    {
        Value x = Map(4);
        ComputationGraph graph = Build(_builder.Root.DropPath(0.5, _builder.Root.Dropout(0.5, x)) + x);
        Assert.Equal(["Input", "Add"], graph.Lower().Values.Select(value => value.Op.Kind));
        Assert.Equal(["Input", "Dropout", "DropPath", "Add"], graph.Lower(op => op is TrainingOp).Values.Select(value => value.Op.Kind));
    }

    [Fact]
    public void Each_pixel_becomes_a_block()
    {
        ComputationGraph graph = Build(_builder.Root.Add(new Repeated(2), Map(2, 1, 2)));
        var input = new Tensor(new Shape(1, 2, 1, 2), [1, 2, 3, 4]);
        ReferenceTensor result = new ReferenceInterpreter(graph, new WeightSet([])).Run(input)["y"];
        Assert.Equal(new Shape(1, 2, 2, 4), result.Shape);
        Assert.Equal([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4], result.Data);
        Assert.Equal(["Input", "ChannelConcat", "ChannelShuffle", "PixelShuffle"], graph.Lower().Values.Select(value => value.Op.Kind));
    }

    [Fact]
    public void A_block_of_one_pixel_is_the_pixel()
    {
        Value x = Map(3);
        ComputationGraph lowered = Build(_builder.Root.Add(new Repeated(1), x)).Lower();
        Assert.Same(lowered.Inputs[0], lowered.Outputs[0].Value);
    }

    [Fact]
    public void Inputs_that_do_not_fit_are_refused_when_the_op_is_added()
    {
        Assert.Contains(
            "Repeated takes a feature map and a factor of at least 1, it got 1x3x4x4 and 0.",
            Assert.Throws<GraphException>(() => _builder.Root.Add(new Repeated(0), Map(3))).Message
        );
        Assert.Throws<GraphException>(() => _builder.Root.Add(new Repeated(2), _builder.Root.SpatialMean(Map(3))));
    }

    /// <summary>An op of a user's own, with a parameter, on top of another composite op.</summary>
    [Fact]
    public void The_set_of_compositions_is_open()
    {
        Value x = Map(2);
        string scale = _builder.Root.Declare("scale", new Shape(2), Initializer.Ones);
        ComputationGraph graph = Build(_builder.Root["enlarge"].Add(new ScaledUpsample(scale), x));
        ComputationGraph lowered = graph.Lower();
        Assert.Equal(new Shape(1, 2, 8, 8), graph.Outputs[0].Value.Shape);
        Assert.Equal(graph.Outputs[0].Value.Shape, lowered.Outputs[0].Value.Shape);
        Assert.All(lowered.Values, value => Assert.IsAssignableFrom<PrimitiveOp>(value.Op));
        Assert.All(lowered.Values.Skip(1), value => Assert.Equal("enlarge", value.Scope));
        Assert.Equal(graph.Parameters, lowered.Parameters);
        WeightSet weights = FormulaWeights.Create(graph.Parameters);
        Tensor input = FormulaWeights.Input(x.Shape, "x");
        Assert.Equal(
            new ReferenceInterpreter(graph, weights).Run(input)["y"].Data,
            new ReferenceInterpreter(lowered, weights).Run(input)["y"].Data
        );
    }

    [Fact]
    public void The_cost_of_a_composition_is_that_of_its_ops()
    {
        string weight = _builder.Root.Declare("weight", new Shape(5, 3, 1, 1), Initializer.Ones);
        ComputationGraph graph = Build(_builder.Root.Add(new Widened(weight), Map(3)));
        Assert.Equal(5 * 3 * 16, graph.TotalCost(new Shape(1, 3, 4, 4)).Convolution);
        Assert.Equal(5 * 3 * 64, graph.TotalCost(new Shape(1, 3, 8, 8)).Convolution);
    }

    [Fact]
    public void A_parameter_that_is_not_declared_is_refused() =>
        Assert.Contains(
            "reads the parameter 'nowhere', which is not declared",
            Assert.Throws<GraphException>(() => _builder.Root.Add(new Widened("nowhere"), Map(3))).Message
        );

    [Fact]
    public void Interpreters_refuse_a_graph_that_has_not_been_lowered()
    {
        Value value = _builder.Root.Add(new Repeated(2), Map(3));
        Assert.Contains(
            "Repeated is a composition",
            Assert.Throws<InvalidOperationException>(() => value.Accept<int, int>(null!, 0)).Message
        );
    }

    private Value Map(int channels, int height = 4, int width = 4) => _builder.Input("x", new Shape(1, channels, height, width));

    private ComputationGraph Build(Value y) => _builder.Build(new GraphOutput("y", y));

    // Each pixel a block: copies of the channels, interleaved, are what a pixel shuffle makes blocks of.
    private sealed record Repeated(int Factor) : CompositeOp
    {
        public override Value Lower(Scope at, IReadOnlyList<Value> inputs)
        {
            if (Factor < 1 || inputs is not [{ Shape.Rank: 4 } x])
                throw new GraphException(
                    $"Repeated takes a feature map and a factor of at least 1, it got {inputs[0].Shape} and {Factor}."
                );
            int copies = Factor * Factor;
            return copies == 1
                ? x
                : at.Add(new PixelShuffle(Factor), at.Add(new ChannelShuffle(copies), at.Concat([.. Enumerable.Repeat(x, copies)])));
        }
    }

    private sealed record ScaledUpsample(string Scale) : CompositeOp
    {
        public override IReadOnlyList<string> Parameters => [Scale];

        public override Value Lower(Scope at, IReadOnlyList<Value> inputs) =>
            at.Add(new Repeated(2), at.Add(new ChannelAffine(inputs[0].Channels, Scale), inputs[0]));
    }

    private sealed record Widened(string Weight) : CompositeOp
    {
        public override IReadOnlyList<string> Parameters => [Weight];

        public override Value Lower(Scope at, IReadOnlyList<Value> inputs) =>
            at.Add(new Conv2d(inputs[0].Channels, 5, 1, Weight, null), inputs[0]);
    }
}
