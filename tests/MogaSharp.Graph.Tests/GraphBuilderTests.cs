namespace MogaSharp.Graph.Tests;

public sealed class GraphBuilderTests
{
    private readonly GraphBuilder _builder = new();

    [Fact]
    public void A_parameter_declared_twice_is_refused_by_name()
    {
        Value x = _builder.Input("x", new Shape(1, 4, 5, 5));
        _builder.Root["stem"].Conv("conv", x, 4, 1);
        GraphException e = Assert.Throws<GraphException>(() => _builder.Root["stem"].Conv("conv", x, 4, 1));
        Assert.Equal("The parameter 'stem.conv.weight' is declared twice.", e.Message);
    }

    // The order of nn.Module.state_dict: own parameters, own buffers, children as they were first named.
    [Fact]
    public void Parameters_can_be_listed_as_PyTorch_lists_them()
    {
        string[] declared =
        [
            "b.late.weight",
            "a.weight",
            "b.mask",
            "b.gamma",
            "b.early.weight",
            "b.norm.running_mean",
            "b.norm.weight",
            "top",
        ];
        Assert.Equal(declared, List(ParameterOrder.Declaration));
        Assert.Equal(
            ["top", "b.gamma", "b.mask", "b.early.weight", "b.late.weight", "b.norm.weight", "b.norm.running_mean", "a.weight"],
            List(ParameterOrder.Modules)
        );

        string[] List(ParameterOrder order)
        {
            var builder = new GraphBuilder(order);
            builder.Root["b"].WithOrder("early", "late");
            foreach (string name in declared)
                builder.Root.Declare(
                    name,
                    new Shape(1),
                    Initializer.Zeros,
                    name.Contains("mask", StringComparison.Ordinal) || name.Contains("running", StringComparison.Ordinal)
                        ? ParameterKind.Buffer
                        : ParameterKind.Parameter
                );
            return [.. builder.Build(new GraphOutput("x", builder.Input("x", new Shape(1, 1, 1, 1)))).Parameters.Select(spec => spec.Name)];
        }
    }

    [Theory]
    [InlineData(ConvStart.FanOut, "Normal", 0.11785113019775793)]
    [InlineData(ConvStart.FanOutOfAll, "Normal", 0.08333333333333333)]
    [InlineData(ConvStart.Truncated, "TruncatedNormal", 0.02)]
    [InlineData(ConvStart.Uniform, "Uniform", 0.16666666666666666)]
    public void A_scope_decides_how_convolutions_start(ConvStart start, string kind, double number)
    {
        // 8 channels to 32 in two groups, 3x3: fan-in 9 * 4, fan-out 9 * 16, or 9 * 32 of all groups.
        Scope s = _builder.Root with
        {
            Start = start,
        };
        s["deep"][3].Conv("conv", _builder.Input("x", new Shape(1, 8, 5, 5)), 32, 3, groups: 2);
        ComputationGraph graph = _builder.Build();
        (string Kind, double Number) weight = Describe(graph.Parameters.Single(spec => spec.Name == "deep.3.conv.weight").Initializer),
            bias = Describe(graph.Parameters.Single(spec => spec.Name == "deep.3.conv.bias").Initializer);
        Assert.Equal(kind, weight.Kind);
        Assert.Equal(number, weight.Number, 15);
        Assert.Equal(start == ConvStart.Uniform ? weight : ("Constant", 0), bias);

        static (string, double) Describe(Initializer initializer) =>
            initializer switch
            {
                Initializer.Normal normal => ("Normal", normal.StandardDeviation),
                Initializer.TruncatedNormal normal => ("TruncatedNormal", normal.StandardDeviation),
                Initializer.Uniform uniform => ("Uniform", uniform.Bound),
                Initializer.Constant constant => ("Constant", constant.Value),
                _ => ("", 0),
            };
    }

    [Fact]
    public void A_graph_can_be_asked_for_other_outputs()
    {
        Value x = _builder.Input("x", new Shape(1, 4, 5, 5));
        Value inner = _builder.Root.Conv("a", x, 2, 1),
            last = _builder.Root.Activate(ActivationKind.Relu, inner);
        ComputationGraph graph = _builder.Build(new GraphOutput("y", last));
        ComputationGraph other = graph.WithOutputs(new GraphOutput("inner", inner), new GraphOutput("y", last));
        Assert.Equal(["inner", "y"], other.Outputs.Select(output => output.Name));
        Assert.Equal(graph.Values, other.Values);
        Assert.Equal(graph.Parameters, other.Parameters);
        Value foreign = new GraphBuilder().Input("x", new Shape(1, 4, 5, 5));
        Assert.Contains(
            "belongs to another graph",
            Assert.Throws<GraphException>(() => graph.WithOutputs(new GraphOutput("x", foreign))).Message
        );
    }

    [Fact]
    public void A_graph_can_be_declared_for_other_shapes()
    {
        Value x = _builder.Input("x", new Shape(1, 4, 5, 5));
        ComputationGraph graph = _builder.Build(new GraphOutput("y", _builder.Root.Conv("a", x, 2, 1)));
        ComputationGraph other = graph.WithInputs(new Shape(3, 4, 7, 6));
        Assert.Equal(new Input("x", new Shape(3, 4, 7, 6)), other.Inputs[0].Op);
        Assert.Equal(new Shape(3, 2, 7, 6), other.Outputs[0].Value.Shape);
        Assert.Equal(graph.Values[1].Op, other.Values[1].Op);
        Assert.Equal([other.Inputs[0]], other.Values[1].Inputs);
        Assert.Equal(graph.Parameters, other.Parameters);
        Assert.Equal(new Shape(1, 2, 5, 5), graph.Outputs[0].Value.Shape);
        Assert.Throws<GraphException>(() => graph.WithInputs(new Shape(1, 5, 5, 5)));
        Assert.Throws<GraphException>(() => graph.WithInputs());
    }

    [Fact]
    public void A_residual_belongs_to_its_module()
    {
        Value x = _builder.Input("x", new Shape(1, 4, 5, 5));
        Scope s = _builder.Root["block"];
        Value y = s.Residual(x, 0.25, s.Activate(ActivationKind.Relu, x));
        Assert.Equal(("block", new Binary(BinaryKind.Add)), (y.Scope, y.Op));
        Assert.Equal([x, y.Inputs[1]], y.Inputs);
        Assert.Equal(new DropPath(0.25), y.Inputs[1].Op);
        Assert.IsType<Activation>(s.Residual(x, 0, s.Activate(ActivationKind.Relu, x)).Inputs[1].Op);
    }

    [Fact]
    public void An_op_that_reads_an_undeclared_parameter_is_refused()
    {
        Value x = _builder.Input("x", new Shape(1, 4, 5, 5));
        GraphException e = Assert.Throws<GraphException>(() => _builder.Add("", new Conv2d(4, 4, 1, "w", null), x));
        Assert.Equal("Conv2d reads the parameter 'w', which is not declared.", e.Message);
    }

    [Fact]
    public void A_value_of_another_graph_is_refused_as_input_operand_and_output()
    {
        Value mine = _builder.Input("x", new Shape(1, 4, 5, 5));
        Value foreign = new GraphBuilder().Input("x", new Shape(1, 4, 5, 5));
        Assert.Contains(
            "belongs to another graph",
            Assert.Throws<GraphException>(() => _builder.Root.Activate(ActivationKind.Relu, foreign)).Message
        );
        Assert.Contains("belongs to another graph", Assert.Throws<GraphException>(() => mine + foreign).Message);
        Assert.Contains(
            "belongs to another graph",
            Assert.Throws<GraphException>(() => _builder.Build(new GraphOutput("y", foreign))).Message
        );
    }

    [Fact]
    public void Groups_that_do_not_divide_are_refused_with_the_modules_name()
    {
        Value x = _builder.Input("x", new Shape(1, 6, 5, 5));
        Scope s = _builder.Root["blocks"][2];
        Assert.Equal(
            "blocks.2.a: 4 groups do not divide 6 and 8 channels.",
            Assert.Throws<GraphException>(() => s.Conv("a", x, 8, 1, groups: 4)).Message
        );
        Assert.Equal(
            "blocks.2.b: 3 groups do not divide 6 and 8 channels.",
            Assert.Throws<GraphException>(() => s.Conv("b", x, 8, 1, groups: 3)).Message
        );
        Assert.Equal(
            "blocks.2.c: 0 groups do not divide 6 and 6 channels.",
            Assert.Throws<GraphException>(() => s.Conv("c", x, 6, 1, groups: 0)).Message
        );
        Assert.Equal("blocks.2.d: 4 groups do not divide 6 channels.", Assert.Throws<GraphException>(() => s.GroupNorm("d", x, 4)).Message);
        Assert.Equal("blocks.2.e: 0 groups do not divide 6 channels.", Assert.Throws<GraphException>(() => s.GroupNorm("e", x, 0)).Message);
    }

    [Fact]
    public void An_image_too_small_is_refused_when_building_and_when_inferring()
    {
        Value x = _builder.Input("x", new Shape(1, 3, 20, 20));
        Assert.Equal(
            "A side of 20 pixels is too small for a 7x7 convolution with padding 0 and dilation 4.",
            Assert.Throws<GraphException>(() => _builder.Root.Conv("a", x, 3, 7, dilation: 4)).Message
        );
        Value y = _builder.Root.Conv("b", x, 3, 7, padding: 1, dilation: 2);
        ComputationGraph graph = _builder.Build(new GraphOutput("y", y));
        Assert.Equal(new Shape(1, 3, 10, 1), graph.InferShapes(new Shape(1, 3, 20, 11))[y.Index]);
        Assert.Equal(
            "A side of 10 pixels is too small for a 7x7 convolution with padding 1 and dilation 2.",
            Assert.Throws<GraphException>(() => graph.InferShapes(new Shape(1, 3, 20, 10))).Message
        );
    }

    [Fact]
    public void Input_shapes_that_do_not_fit_are_refused_by_the_inputs_name()
    {
        Value x = _builder.Input("image", new Shape(1, 3, 8, 8));
        ComputationGraph graph = _builder.Build(new GraphOutput("y", x));
        Assert.Equal(
            "The graph has 1 input(s), 2 shape(s) were given.",
            Assert.Throws<GraphException>(() => graph.InferShapes(x.Shape, x.Shape)).Message
        );
        Assert.Equal(
            "Input 'image' is declared as 1x3x8x8 (channels are fixed), it got 1x4x8x8.",
            Assert.Throws<GraphException>(() => graph.InferShapes(new Shape(1, 4, 8, 8))).Message
        );
        Assert.Contains("it got 1x3x8", Assert.Throws<GraphException>(() => graph.InferShapes(new Shape(1, 3, 8))).Message);
        Assert.Equal(
            "Input 'image' is empty: 0x3x8x8.",
            Assert.Throws<GraphException>(() => graph.InferShapes(new Shape(0, 3, 8, 8))).Message
        );
    }

    [Fact]
    public void Values_parameters_and_scopes_stand_in_the_order_of_declaration()
    {
        Value x = _builder.Input("x", new Shape(2, 4, 5, 5));
        Value norm = _builder.Root["a"].BatchNorm("norm", x);
        Value sum = norm + _builder.Root["b"].Scale("layer_scale_1", x, 0.5f);
        ComputationGraph graph = _builder.Build(new GraphOutput("first", sum), new GraphOutput("second", norm));
        Assert.Equal([0, 1, 2, 3], graph.Values.Select(value => value.Index));
        Assert.Equal(["", "a.norm", "b", "a.norm"], graph.Values.Select(value => value.Scope));
        Assert.Equal(["first", "second"], graph.Outputs.Select(output => output.Name));
        Assert.Same(x, Assert.Single(graph.Inputs));
        Assert.Equal(
            ["a.norm.weight", "a.norm.bias", "a.norm.running_mean", "a.norm.running_var", "a.norm.num_batches_tracked", "b.layer_scale_1"],
            graph.Parameters.Select(spec => spec.Name)
        );
        Assert.Equal(4 + 4 + 4, graph.ParameterCount);
        Assert.Equal("a.norm.num_batches_tracked", Assert.Single(graph.Parameters, spec => spec.IsOptional).Name);
        Assert.Equal(new Shape(1, 4, 1, 1), graph.Parameters[^1].Shape);
        Assert.Equal("%3 Add a.norm 2x4x5x5", sum.ToString());
    }

    [Fact]
    public void Rates_of_zero_make_no_node()
    {
        Value x = _builder.Input("x", new Shape(1, 4, 5, 5));
        Assert.Same(x, _builder.Root.Dropout(0, x));
        Assert.Same(x, _builder.Root.DropPath(0, x));
        Assert.Equal(new Dropout(0.25), _builder.Root.Dropout(0.25, x).Op);
        Assert.Equal(new DropPath(0.5), _builder.Root.DropPath(0.5, x).Op);
    }
}
