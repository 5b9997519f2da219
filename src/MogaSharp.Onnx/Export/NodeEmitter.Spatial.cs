using MogaSharp.Graph;
using Result = (string Name, MogaSharp.Onnx.Export.Layout Layout);

namespace MogaSharp.Onnx.Export;

/// <content>Pooling, and parameters that are resized to the map: circular convolutions, position embeddings, Fourier transforms.</content>
internal sealed partial class NodeEmitter
{
    public Result Visit(AveragePool2d op, Value at)
    {
        long reach = op.Kernel / 2;
        return (
            Node(
                at,
                "AveragePool",
                [X(at)],
                Attributes.Int("count_include_pad", 0),
                Attributes.Ints("kernel_shape", op.Kernel, op.Kernel),
                Attributes.Ints("pads", reach, reach, reach, reach),
                Attributes.Ints("strides", 1, 1)
            ),
            Layout.Map
        );
    }

    // The map with itself, all but the last place, at its end; the rest is a plain convolution.
    public Result Visit(CircularConv op, Value at)
    {
        (Value map, int axis) = (at.Inputs[0], op.Axis == MapAxis.Height ? 2 : 3);
        string x = Node(at, "Concat", [X(at), Slice(at, X(at), axis, 0, -1)], Attributes.Int("axis", axis));
        string kernel = Resized(
            at,
            Parameters(op.Weight).Single(),
            [op.Channels, 1, Along(map, op.Axis, 2), Along(map, op.Axis, 3)],
            op.Size
        );
        return (Node(at, "Conv", [x, kernel, .. Parameters(op.Bias)], Attributes.Int("group", op.Channels)), Layout.Map);
    }

    public Result Visit(PositionEmbedding op, Value at)
    {
        Value map = at.Inputs[0];
        string embedding = Resized(
            at,
            Parameters(op.Embedding).Single(),
            [1, op.Channels, Along(map, op.Axis, 2), Along(map, op.Axis, 3)],
            op.Size
        );
        return (Node(at, "Add", [X(at), embedding]), Layout.Map);
    }

    public Result Visit(RealFft2d op, Value at)
    {
        (long channels, int height, int width, int columns) = FixedSpectrum(at, at.Inputs[0].Shape);
        string rows = Node(at, "MatMul", [X(at), Dft(DftKind.RealRows, height, width)]);
        string x = Transpose(at, Reshape(at, rows, 0, channels, height, 2, columns), 0, 1, 4, 3, 2);
        string product = Node(at, "MatMul", [Reshape(at, x, 0, channels, columns, 2 * height), Dft(DftKind.Columns, height, width)]);
        return (product, Layout.Spectrum);
    }

    public Result Visit(InverseRealFft2d op, Value at)
    {
        (long channels, int height, int width, int columns) = FixedSpectrum(at, at.Shape);
        string product = Node(at, "MatMul", [X(at, Layout.Spectrum), Dft(DftKind.InverseColumns, height, width)]);
        string x = Transpose(at, Reshape(at, product, 0, channels, columns, 2, height), 0, 1, 4, 3, 2);
        return (
            Node(at, "MatMul", [Reshape(at, x, 0, channels, height, 2 * columns), Dft(DftKind.InverseRealRows, height, width)]),
            Layout.Map
        );
    }

    // (a + ib)(c + id): what the real parts are multiplied with, and what the same rows with the parts exchanged are.
    public Result Visit(SpectralFilter op, Value at)
    {
        (long rows, long columns) = (at.Shape[2], at.Shape[3]);
        RequireFixedSize(at);
        string filter = Transpose(at, Parameters(op.Weight).Single(), 3, 0, 1, 2);
        if ((rows, columns) != (op.Height, op.Width))
            filter = Resize(at, filter, [2, op.Channels, rows, columns]);
        string[] parts = Nodes(at, "Split", [Transpose(at, filter, 0, 1, 3, 2), _constants.Vector(1, 1)], 2, Attributes.Int("axis", 0));
        string real = Along(parts[0], parts[0]),
            imaginary = Along(Node(at, "Neg", [parts[1]]), parts[1]);
        string x = X(at, Layout.Spectrum);
        string[] halves = Nodes(at, "Split", [x, _constants.Vector(rows, rows)], 2, Attributes.Int("axis", 3));
        return (Node(at, "Add", [Node(at, "Mul", [x, real]), Node(at, "Mul", [Along(halves[1], halves[0]), imaginary])]), Layout.Spectrum);

        string Along(string first, string second) => Node(at, "Concat", [first, second], Attributes.Int("axis", 3));
    }

    private string ToSpectrum(Value value, string x)
    {
        (long channels, long rows, long columns) = (value.Channels / 2, value.Shape[2], value.Shape[3]);
        return Reshape(
            value,
            Transpose(value, Reshape(value, x, 0, 2, channels, rows, columns), 0, 2, 4, 1, 3),
            0,
            channels,
            columns,
            2 * rows
        );
    }

    private string FromSpectrum(Value value, string x)
    {
        (long channels, long rows, long columns) = (value.Channels / 2, value.Shape[2], value.Shape[3]);
        return Reshape(
            value,
            Transpose(value, Reshape(value, x, 0, channels, columns, 2, rows), 0, 3, 1, 4, 2),
            0,
            2 * channels,
            rows,
            columns
        );
    }

    private (long Channels, int Height, int Width, int Columns) FixedSpectrum(Value at, Shape map)
    {
        RequireFixedSize(at);
        return (map[1], map[2], map[3], (map[3] / 2) + 1);
    }

    private void RequireFixedSize(Value at)
    {
        if (_dynamic.Contains(at, 2) || _dynamic.Contains(at, 3))
            throw new OnnxExportException(
                "The graph cannot be exported with open rows and columns: ONNX has no Fourier transform of real maps, and the "
                    + $"matrices that stand for it ({at.Op.Kind} in '{at.Scope}') are made for one size."
            );
    }

    private string Dft(DftKind kind, int height, int width)
    {
        (Shape shape, float[] data) = DftMatrix.Create(kind, height, width);
        return _constants.Table($"constant/{kind}{(shape[0] == 2 * height ? height : width)}", shape, data);
    }

    // The extent of what differs along one axis alone.
    private Extent Along(Value map, MapAxis axis, int dimension) =>
        dimension == (axis == MapAxis.Height ? 2 : 3) ? Side(map, dimension) : 1;

    private string Resized(Value at, string x, Extent[] extents, int size) =>
        extents.Any(extent => extent.Of is not null) || extents[2].Number * extents[3].Number != size ? Resize(at, x, extents) : x;

    // Linear, corners aligned, over the last two dimensions.
    private string Resize(Value at, string x, Extent[] extents) =>
        Node(
            at,
            "Resize",
            [x, "", "", Sizes(at, extents)],
            Attributes.Text("coordinate_transformation_mode", "align_corners"),
            Attributes.Text("mode", "linear")
        );
}
