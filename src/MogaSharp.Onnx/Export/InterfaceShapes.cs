using MogaSharp.Graph;
using MogaSharp.Onnx.Protocol;

namespace MogaSharp.Onnx.Export;

/// <summary>The shapes of a graph's inputs and outputs, with names for the extents that are left open.</summary>
internal sealed class InterfaceShapes(ComputationGraph graph, DynamicDimensions dynamic)
{
    public ValueInfoProto Describe(string name, Value value)
    {
        var shape = new TensorShapeProto();
        for (int i = 0; i < dynamic.Shapes[value.Index].Rank; i++)
        {
            shape.Dim.Add(
                SymbolOf(name, value, i) is { } symbol
                    ? new TensorShapeProto.Types.Dimension { DimParam = symbol }
                    : new TensorShapeProto.Types.Dimension { DimValue = dynamic.Shapes[value.Index][i] }
            );
        }

        var tensor = new TypeProto.Types.Tensor { ElemType = TensorProto.Types.DataType.Float, Shape = shape };
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = tensor },
        };
    }

    // The batch is named after the inputs' where it is the same; that of frames or windows has a name of its own.
    private string? SymbolOf(string name, Value value, int dimension)
    {
        if (dynamic.FollowsRegions(value, dimension))
            return "regions";
        bool followsSize = dynamic.FollowsSize(value, dimension);
        if (dynamic.FollowsBatch(value, dimension))
            return !followsSize && graph.Inputs.Any(input => dynamic.Shapes[input.Index][0] == dynamic.Shapes[value.Index][dimension])
                ? "batch"
                : $"{name}_batch";
        if (!followsSize)
            return null;
        string side = (dynamic.Shapes[value.Index].Rank - dimension) switch
        {
            1 => "width",
            2 => "height",
            _ => $"extent{dimension}",
        };
        return value.Op is Input && graph.Inputs.Count == 1 ? side : $"{name}_{side}";
    }
}
