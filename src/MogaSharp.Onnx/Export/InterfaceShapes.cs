using MogaSharp.Graph;
using MogaSharp.Onnx.Protocol;

namespace MogaSharp.Onnx.Export;

/// <summary>
/// The shapes of a graph's inputs and outputs, with names for the extents that are left open. Which ones of the outputs
/// follow from the inputs' is seen by inferring the shapes twice, for two sizes of the inputs.
/// </summary>
internal sealed class InterfaceShapes
{
    // More than any graph's strides together, so that an open side differs after them too.
    private const int LargerSide = 1 << 16;

    private readonly bool _severalInputs;
    private readonly Shape[] _fixed;
    private readonly Shape[] _otherBatch;
    private readonly Shape[] _otherSize;

    public InterfaceShapes(ComputationGraph graph, OnnxExportOptions options)
    {
        _severalInputs = graph.Inputs.Count > 1;
        _fixed = Infer(graph, "as declared", shape => shape);
        _otherBatch = options.DynamicBatch ? Infer(graph, "with an open batch", shape => shape.With(0, shape[0] + 1)) : _fixed;
        _otherSize = options.DynamicSize ? Infer(graph, "with open rows and columns", Larger) : _fixed;
    }

    public ValueInfoProto Describe(string name, Value value)
    {
        var shape = new TensorShapeProto();
        for (int i = 0; i < _fixed[value.Index].Rank; i++)
        {
            shape.Dim.Add(SymbolOf(name, value, i) is { } symbol
                ? new TensorShapeProto.Types.Dimension { DimParam = symbol }
                : new TensorShapeProto.Types.Dimension { DimValue = _fixed[value.Index][i] });
        }

        var tensor = new TypeProto.Types.Tensor { ElemType = TensorProto.Types.DataType.Float, Shape = shape };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    private string? SymbolOf(string name, Value value, int dimension)
    {
        int index = value.Index;
        if (_otherBatch[index][dimension] != _fixed[index][dimension]) return "batch";
        if (_otherSize[index][dimension] == _fixed[index][dimension]) return null;
        string side = dimension == 2 ? "height" : "width";
        return value.Op is Input && !_severalInputs ? side : $"{name}_{side}";
    }

    private static Shape Larger(Shape shape) => shape.Rank == 4
        ? shape.With(2, shape[2] + LargerSide).With(3, shape[3] + LargerSide)
        : throw new GraphException($"An input of shape {shape} has no rows and columns.");

    private static Shape[] Infer(ComputationGraph graph, string how, Func<Shape, Shape> change)
    {
        try
        {
            return graph.InferShapes([.. graph.Inputs.Select(input => change(((Input)input.Op).Declared))]);
        }
        catch (GraphException exception)
        {
            throw new OnnxExportException($"The graph cannot be exported {how}: {exception.Message}", exception);
        }
    }
}
