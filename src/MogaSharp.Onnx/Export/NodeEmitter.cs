using MogaSharp.Graph;
using MogaSharp.Onnx.Protocol;

namespace MogaSharp.Onnx.Export;

/// <summary>
/// Writes every value of a graph as one or more nodes. A visit returns the name of the tensor that holds the value; nodes
/// and their results share the name <c>scope/Type</c>.
/// </summary>
internal sealed class NodeEmitter : IOpVisitor<Value, string>
{
    private readonly ComputationGraph _graph;
    private readonly WeightStore _weights;
    private readonly int _opset;
    private readonly NameTable _names;
    private readonly ConstantStore _constants;
    private readonly string[] _results;
    private readonly List<NodeProto> _nodes = [];

    public NodeEmitter(ComputationGraph graph, WeightStore weights, int opset)
    {
        _graph = graph;
        _weights = weights;
        _opset = opset;
        string[] fixedNames =
        [
            .. graph.Inputs.Select(value => ((Input)value.Op).Name), .. graph.Outputs.Select(output => output.Key), .. graph.Parameters.Select(spec => spec.Name),
        ];
        if (fixedNames.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1 || group.Key.Length == 0) is { } bad)
            throw new OnnxExportException($"Inputs, outputs and parameters need different names; '{bad.Key}' is empty or taken twice.");
        _names = new NameTable(fixedNames);
        _constants = new ConstantStore(_names);
        _results = new string[graph.Values.Count];
    }

    public IEnumerable<TensorProto> Constants => _constants.Protos;

    public IReadOnlyList<NodeProto> Emit()
    {
        // The value that computes an output takes the output's name; only what has no node of its own is handed on by an Identity.
        var namesOfOutputs = new Dictionary<Value, string>();
        foreach ((string name, Value value) in _graph.Outputs)
            if (Computed(value).Op is not Input) namesOfOutputs.TryAdd(Computed(value), name);
        foreach (Value value in _graph.Values)
        {
            string result = value.Op.Accept(this, value);
            if (namesOfOutputs.TryGetValue(value, out string? name)) _nodes[^1].Output[0] = result = name;
            _results[value.Index] = result;
        }

        foreach ((string name, Value value) in _graph.Outputs)
            if (_results[value.Index] != name) _nodes.Add(new NodeProto { Name = _names.Unique($"{name}/Identity"), OpType = "Identity", Input = { _results[value.Index] }, Output = { name } });
        return _nodes;
    }

    public string Visit(Input op, Value at) => op.Name;

    public string Visit(Conv2d op, Value at) => Node(
        at,
        "Conv",
        [X(at), .. Parameters(op.Weight, op.Bias)],
        Attributes.Ints("dilations", op.Dilation, op.Dilation),
        Attributes.Int("group", op.Groups),
        Attributes.Ints("kernel_shape", op.Kernel, op.Kernel),
        Attributes.Ints("pads", op.Padding, op.Padding, op.Padding, op.Padding),
        Attributes.Ints("strides", op.Stride, op.Stride));

    public string Visit(Linear op, Value at) => Node(at, "Gemm", [X(at), .. Parameters(op.Weight, op.Bias)], Attributes.Int("transB", 1));

    public string Visit(BatchNorm2d op, Value at) => Node(
        at,
        "BatchNormalization",
        [X(at), .. Parameters(op.Weight, op.Bias, op.RunningMean, op.RunningVariance)],
        Attributes.Float("epsilon", op.Epsilon));

    public string Visit(GroupNorm op, Value at)
    {
        AttributeProto epsilon = Attributes.Float("epsilon", op.Epsilon);
        if (op.Groups == op.Channels) return Node(at, "InstanceNormalization", [X(at), .. Parameters(op.Weight, op.Bias)], epsilon);
        // Opset 18's GroupNormalization has one scale per group, not per channel; so the groups become the channels of an instance norm.
        string grouped = Node(at, "Reshape", [X(at), _constants.Vector(0, op.Groups, -1)]);
        string normal = Node(at, "InstanceNormalization", [grouped, _constants.Filled(op.Groups, 1), _constants.Filled(op.Groups, 0)], epsilon);
        string x = Node(at, "Reshape", [normal, Node(at, "Shape", [X(at)])]);
        return Node(at, "Add", [Node(at, "Mul", [x, PerChannel(at, op.Weight)]), PerChannel(at, op.Bias)]);
    }

    public string Visit(Activation op, Value at) => op.Function switch
    {
        ActivationKind.Gelu => Gelu(at),
        ActivationKind.Silu => Node(at, "Mul", [X(at), Node(at, "Sigmoid", [X(at)])]),
        ActivationKind.Relu => Node(at, "Relu", [X(at)]),
        _ => throw new OnnxExportException($"Unknown activation {op.Function}."),
    };

    // ReduceMean takes its axes in another way from opset 18 on; pooling is the same in all.
    public string Visit(GlobalAveragePool op, Value at)
    {
        string pooled = Node(at, "GlobalAveragePool", [X(at)]);
        return op.KeepDimensions ? pooled : Node(at, "Flatten", [pooled], Attributes.Int("axis", 1));
    }

    public string Visit(Binary op, Value at)
    {
        string type = op.Function switch
        {
            BinaryKind.Add => "Add",
            BinaryKind.Subtract => "Sub",
            BinaryKind.Multiply => "Mul",
            _ => throw new OnnxExportException($"Unknown function {op.Function}."),
        };
        return Node(at, type, [X(at), Argument(at, 1)]);
    }

    public string Visit(ChannelAffine op, Value at)
    {
        string x = X(at);
        if (op.Scale is not null) x = Node(at, "Mul", [x, PerChannel(at, op.Scale)]);
        if (op.Shift is not null) x = Node(at, "Add", [x, PerChannel(at, op.Shift)]);
        // Without either part it is the identity, and a node of its own is what an output's name needs.
        return op.Parameters.Count > 0 ? x : Node(at, "Identity", [x]);
    }

    public string Visit(ChannelSlice op, Value at) =>
        Node(at, "Slice", [X(at), _constants.Vector(op.Start), _constants.Vector(op.Start + op.Length), _constants.Vector(1)]);

    public string Visit(ChannelConcat op, Value at) =>
        Node(at, "Concat", [.. at.Inputs.Select(input => _results[input.Index])], Attributes.Int("axis", 1));

    public string Visit(Dropout op, Value at) => X(at);

    public string Visit(DropPath op, Value at) => X(at);

    public string Visit(LayerNorm op, Value at) => throw new NotImplementedException();

    public string Visit(Softmax op, Value at) => throw new NotImplementedException();

    public string Visit(AttentionScores op, Value at) => throw new NotImplementedException();

    public string Visit(AttentionValues op, Value at) => throw new NotImplementedException();

    public string Visit(RelativePositionBias op, Value at) => throw new NotImplementedException();

    public string Visit(WindowPartition op, Value at) => throw new NotImplementedException();

    public string Visit(WindowMerge op, Value at) => throw new NotImplementedException();

    public string Visit(WindowMask op, Value at) => throw new NotImplementedException();

    public string Visit(TokensToChannels op, Value at) => throw new NotImplementedException();

    public string Visit(ChannelsToTokens op, Value at) => throw new NotImplementedException();

    public string Visit(ScalarMultiply op, Value at) => throw new NotImplementedException();

    public string Visit(AveragePool2d op, Value at) => throw new NotImplementedException();

    public string Visit(PixelShuffle op, Value at) => throw new NotImplementedException();

    public string Visit(PatchMerge op, Value at) => throw new NotImplementedException();

    public string Visit(ChannelShuffle op, Value at) => throw new NotImplementedException();

    public string Visit(CircularConv op, Value at) => throw new NotImplementedException();

    public string Visit(PositionEmbedding op, Value at) => throw new NotImplementedException();

    public string Visit(RealFft2d op, Value at) => throw new NotImplementedException();

    public string Visit(InverseRealFft2d op, Value at) => throw new NotImplementedException();

    public string Visit(SpectralFilter op, Value at) => throw new NotImplementedException();

    public string Visit(ClipToFrames op, Value at) => throw new NotImplementedException();

    public string Visit(FramesToClip op, Value at) => throw new NotImplementedException();

    public string Visit(FramesToChannels op, Value at) => throw new NotImplementedException();

    public string Visit(ChannelsToFrames op, Value at) => throw new NotImplementedException();

    private static Value Computed(Value value)
    {
        while (value.Op is Dropout or DropPath) value = value.Inputs[0];
        return value;
    }

    // The form and the order in which other exporters write it, which runtimes know to fuse.
    private string Gelu(Value at)
    {
        if (_opset >= 20) return Node(at, "Gelu", [X(at)]);
        string erf = Node(at, "Erf", [Node(at, "Div", [X(at), _constants.Scalar(MathF.Sqrt(2))])]);
        string product = Node(at, "Mul", [X(at), Node(at, "Add", [erf, _constants.Scalar(1)])]);
        return Node(at, "Mul", [product, _constants.Scalar(0.5f)]);
    }

    private string X(Value at) => Argument(at, 0);

    private string Argument(Value at, int index) => _results[at.Inputs[index].Index];

    private IEnumerable<string> Parameters(params string?[] names)
    {
        foreach (string name in names.OfType<string>())
        {
            _weights.Use(name);
            yield return name;
        }
    }

    // Initializers keep their official shape; one that does not lie along the channels as it is gets reshaped in the graph.
    private string PerChannel(Value at, string name)
    {
        Shape shape = _weights.Use(name);
        var along = new Shape(1, shape.ElementCount, 1, 1);
        return shape == along ? name : Node(at, "Reshape", [name, _constants.Vector(along.Extents.ToArray())]);
    }

    private string Node(Value at, string type, string[] inputs, params AttributeProto[] attributes)
    {
        string name = _names.Unique($"{at.Scope}/{type}");
        _nodes.Add(new NodeProto { Name = name, OpType = type, DocString = at.Op.Kind, Input = { inputs }, Output = { name }, Attribute = { attributes } });
        return name;
    }
}
