using MogaSharp.Graph;
using Result = (string Name, MogaSharp.Onnx.Export.Layout Layout);

namespace MogaSharp.Onnx.Export;

/// <content>Resizing, windows and grids of pixels, transposed convolutions.</content>
internal sealed partial class NodeEmitter
{
    public Result Visit(Resize op, Value at)
    {
        Value size = at.Inputs[^1];
        string sizes = Sizes(at, Side(at.Inputs[0], 0), at.Channels, Times(size, 2), Times(size, 3));
        return (
            op.Method == Interpolation.Nearest
                ? Node(
                    at,
                    "Resize",
                    [X(at), "", "", sizes],
                    Attributes.Text("coordinate_transformation_mode", "asymmetric"),
                    Attributes.Text("mode", "nearest"),
                    Attributes.Text("nearest_mode", "floor")
                )
                : Node(
                    at,
                    "Resize",
                    [X(at), "", "", sizes],
                    Attributes.Text("coordinate_transformation_mode", op.AlignCorners ? "align_corners" : "half_pixel"),
                    Attributes.Text("mode", "linear")
                ),
            Layout.Map
        );

        Extent Times(Value value, int dimension) =>
            Side(value, dimension) is { Of: not null } open ? open with { Factor = op.Factor } : value.Shape[dimension] * op.Factor;
    }

    public Result Visit(MaxPool2d op, Value at) =>
        (
            Node(
                at,
                "MaxPool",
                [X(at)],
                Attributes.Ints("kernel_shape", op.Kernel, op.Kernel),
                Attributes.Ints("pads", op.Padding, op.Padding, op.Padding, op.Padding),
                Attributes.Ints("strides", op.Stride, op.Stride)
            ),
            Layout.Map
        );

    // ONNX has no such op. The means over a side are a product with a matrix of shares, and so are those over the other side; for a side
    // that is open the matrix is computed in the graph.
    public Result Visit(AdaptiveAveragePool2d op, Value at)
    {
        if (op.Size == 1)
            return (Node(at, "GlobalAveragePool", [X(at)]), Layout.Map);
        string rows = Node(at, "MatMul", [Shares(at, op, 2), X(at)]);
        return (Node(at, "MatMul", [rows, Transpose(at, Shares(at, op, 3), 1, 0)]), Layout.Map);
    }

    public Result Visit(ConvTranspose2d op, Value at) =>
        (
            Node(
                at,
                "ConvTranspose",
                [X(at), .. Parameters(op.Weight, op.Bias)],
                Attributes.Ints("kernel_shape", op.Kernel, op.Kernel),
                Attributes.Ints("pads", op.Padding, op.Padding, op.Padding, op.Padding),
                Attributes.Ints("strides", op.Stride, op.Stride)
            ),
            Layout.Map
        );

    // (Size, side): the share of each pixel of a side in each field's mean.
    private string Shares(Value at, AdaptiveAveragePool2d op, int dimension)
    {
        Value map = at.Inputs[0];
        int side = map.Shape[dimension];
        if (!_dynamic.Contains(map, dimension))
        {
            var shares = new float[op.Size * side];
            for (int i = 0; i < op.Size; i++)
            {
                (int start, int end) = op.Field(i, side);
                shares.AsSpan((i * side) + start, end - start).Fill(1f / (end - start));
            }

            return _constants.Table($"constant/Shares{op.Size}x{side}", new Shape(op.Size, side), shares);
        }

        // Field i takes the pixels p with start(i) <= p < end(i), all of them whole numbers.
        string length = Length(at, Side(map, dimension));
        string starts = Node(at, "Div", [Node(at, "Mul", [Column(0), length]), _constants.Vector(op.Size)]);
        string ends = Node(
            at,
            "Div",
            [Node(at, "Add", [Node(at, "Mul", [Column(1), length]), _constants.Vector(op.Size - 1)]), _constants.Vector(op.Size)]
        );
        string pixels = Node(at, "Range", [_constants.Number(0), Node(at, "Squeeze", [length]), _constants.Number(1)]);
        string after = Node(at, "Not", [Node(at, "Less", [pixels, starts])]),
            before = Node(at, "Less", [pixels, ends]);
        string inside = Float(Node(at, "And", [after, before]));
        return Node(at, "Div", [inside, Float(Node(at, "Sub", [ends, starts]))]);

        string Column(int first) => _constants.Column([.. Enumerable.Range(first, op.Size).Select(i => (long)i)]);
        string Float(string x) => Node(at, "Cast", [x], Attributes.Int("to", 1));
    }
}
