using MogaSharp.Graph;
using MogaSharp.Onnx.Protocol;
using Result = (string Name, MogaSharp.Onnx.Export.Layout Layout);

namespace MogaSharp.Onnx.Export;

/// <content>Convolutions, norms, activations, arithmetic.</content>
internal sealed partial class NodeEmitter
{
    public Result Visit(Conv2d op, Value at) =>
        (
            Node(
                at,
                "Conv",
                [X(at), .. Parameters(op.Weight, op.Bias)],
                Attributes.Ints("dilations", op.Dilation, op.Dilation),
                Attributes.Int("group", op.Groups),
                Attributes.Ints("kernel_shape", op.Kernel, op.Kernel),
                Attributes.Ints("pads", op.Padding, op.Padding, op.Padding, op.Padding),
                Attributes.Ints("strides", op.Stride, op.Stride)
            ),
            Layout.Map
        );

    // Runtimes multiply fastest along the last axis, but a map between maps is better left where it is.
    public Result Visit(Linear op, Value at)
    {
        if (at.Shape.Rank == 2)
            return (Node(at, "Gemm", [X(at), .. Parameters(op.Weight, op.Bias)], Attributes.Int("transB", 1)), Layout.Map);
        string weight = Parameters(op.Weight).Single();
        if (Choose(at) == Layout.Last)
        {
            string product = Node(at, "MatMul", [X(at, Layout.Last), Transpose(at, weight, 1, 0)]);
            return (op.Bias is null ? product : Node(at, "Add", [product, .. Parameters(op.Bias)]), Layout.Last);
        }

        string kernel = Node(at, "Reshape", [weight, _constants.Vector(op.OutFeatures, op.InFeatures, 1, 1)]);
        return (Node(at, "Conv", [X(at), kernel, .. Parameters(op.Bias)], Attributes.Ints("kernel_shape", 1, 1)), Layout.Map);
    }

    public Result Visit(BatchNorm2d op, Value at) =>
        (
            Node(
                at,
                "BatchNormalization",
                [X(at), .. Parameters(op.Weight, op.Bias, op.RunningMean, op.RunningVariance)],
                Attributes.Float("epsilon", op.Epsilon)
            ),
            Layout.Map
        );

    public Result Visit(GroupNorm op, Value at)
    {
        AttributeProto epsilon = Attributes.Float("epsilon", op.Epsilon);
        if (op.Groups == op.Channels)
            return (Node(at, "InstanceNormalization", [X(at), .. Parameters(op.Weight, op.Bias)], epsilon), Layout.Map);
        // Opset 18's GroupNormalization has one scale per group, not per channel; so the groups become the channels of an instance norm.
        string grouped = Node(at, "Reshape", [X(at), _constants.Vector(0, op.Groups, -1)]);
        string normal = Node(
            at,
            "InstanceNormalization",
            [grouped, _constants.Filled(op.Groups, 1), _constants.Filled(op.Groups, 0)],
            epsilon
        );
        string x = Node(at, "Reshape", [normal, Node(at, "Shape", [X(at)])]);
        return (Node(at, "Add", [Node(at, "Mul", [x, PerChannel(at, op.Weight)]), PerChannel(at, op.Bias)]), Layout.Map);
    }

    public Result Visit(LayerNorm op, Value at)
    {
        Layout layout = at.Shape.Rank == 4 ? Layout.Last : Layout.Map;
        return (
            Node(
                at,
                "LayerNormalization",
                [X(at, layout), .. Parameters(op.Weight, op.Bias)],
                Attributes.Int("axis", -1),
                Attributes.Float("epsilon", op.Epsilon)
            ),
            layout
        );
    }

    public Result Visit(Activation op, Value at)
    {
        Layout layout = Choose(at);
        string x = X(at, layout);
        const double Sixth = 1.0 / 6;
        return (
            op.Function switch
            {
                ActivationKind.Gelu => Gelu(at, x),
                ActivationKind.Silu => Node(at, "Mul", [x, Node(at, "Sigmoid", [x])]),
                ActivationKind.Relu => Node(at, "Relu", [x]),
                ActivationKind.Sigmoid => Node(at, "Sigmoid", [x]),
                ActivationKind.LeakyRelu => Node(at, "LeakyRelu", [x], Attributes.Float("alpha", 0.2)),
                ActivationKind.HardSwish => Node(at, "HardSwish", [x]),
                ActivationKind.HardSigmoid => Node(at, "HardSigmoid", [x], Attributes.Float("alpha", Sixth), Attributes.Float("beta", 0.5)),
                _ => throw new OnnxExportException($"Unknown activation {op.Function}."),
            },
            layout
        );
    }

    public Result Visit(Softmax op, Value at) => (Node(at, "Softmax", [X(at)], Attributes.Int("axis", -1)), Layout.Map);

    public Result Visit(GlobalAveragePool op, Value at)
    {
        if (Has(at.Inputs[0], Layout.Map))
        {
            string pooled = Node(at, "GlobalAveragePool", [X(at)]);
            return (op.KeepDimensions ? pooled : Node(at, "Flatten", [pooled], Attributes.Int("axis", 1)), Layout.Map);
        }

        // From opset 18 on the axes are an input.
        AttributeProto keep = Attributes.Int("keepdims", op.KeepDimensions ? 1 : 0);
        string mean =
            _opset < 18
                ? Node(at, "ReduceMean", [X(at, Layout.Last)], keep, Attributes.Ints("axes", 1, 2))
                : Node(at, "ReduceMean", [X(at, Layout.Last), _constants.Vector(1, 2)], keep);
        return (mean, op.KeepDimensions ? Layout.Last : Layout.Map);
    }

    public Result Visit(Binary op, Value at)
    {
        string type = op.Function switch
        {
            BinaryKind.Add => "Add",
            BinaryKind.Subtract => "Sub",
            BinaryKind.Multiply => "Mul",
            _ => throw new OnnxExportException($"Unknown function {op.Function}."),
        };
        Layout layout = Choose(at);
        return (Node(at, type, [X(at, layout), X(at, layout, 1)]), layout);
    }

    public Result Visit(ScalarMultiply op, Value at)
    {
        Layout layout = Choose(at);
        return (Node(at, "Mul", [X(at, layout), _constants.Scalar((float)op.Factor)]), layout);
    }

    public Result Visit(ChannelAffine op, Value at)
    {
        Layout layout = Choose(at);
        string x = X(at, layout);
        if (op.Scale is not null)
            x = Node(at, "Mul", [x, PerChannel(at, op.Scale, layout)]);
        if (op.Shift is not null)
            x = Node(at, "Add", [x, PerChannel(at, op.Shift, layout)]);
        return (x, layout);
    }

    public Result Visit(ChannelSlice op, Value at)
    {
        Layout layout = Choose(at);
        return (Slice(at, X(at, layout), ChannelAxis(layout), op.Start, op.Start + op.Length), layout);
    }

    public Result Visit(ChannelConcat op, Value at)
    {
        Layout layout = Choose(at);
        return (
            Node(at, "Concat", [.. at.Inputs.Select(input => Tensor(input, layout))], Attributes.Int("axis", ChannelAxis(layout))),
            layout
        );
    }

    // The layout and the order in which other exporters write it, which runtimes know to fuse.
    private string Gelu(Value at, string x)
    {
        if (_opset >= 20)
            return Node(at, "Gelu", [x]);
        string erf = Node(at, "Erf", [Node(at, "Div", [x, _constants.Scalar(MathF.Sqrt(2))])]);
        string product = Node(at, "Mul", [x, Node(at, "Add", [erf, _constants.Scalar(1)])]);
        return Node(at, "Mul", [product, _constants.Scalar(0.5f)]);
    }
}
