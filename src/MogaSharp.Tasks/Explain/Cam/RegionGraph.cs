using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Tasks;

/// <summary>A detector in two steps as one graph: from an image, and a region for each stage, to what the stages say of their
/// regions.</summary>
internal static class RegionGraph
{
    /// <summary>Puts the graphs together. Outputs are the stages' class numbers (<see cref="IRegionDefinition.StageClasses"/>), inputs the
    /// images and the regions of each stage, (R, 5).</summary>
    public static ComputationGraph Of(IRegionDefinition definition)
    {
        int stride = definition.Anchors.Strides[^1];
        ComputationGraph image = definition.Build(definition.InputShape(1, stride, stride));
        var builder = new GraphBuilder();
        foreach (ParameterSpec spec in image.Parameters)
            builder.Declare(spec);
        Dictionary<Value, Value> moved = Append(builder, image, _ => null);
        Value[] maps =
        [
            .. definition.RegionStrides.Select(
                (_, level) => moved[image.Outputs.Single(output => output.Name == IRegionDefinition.MapName(level)).Value]
            ),
        ];
        var outputs = new List<GraphOutput>();
        for (int stage = 0; stage < definition.Stages.Length; stage++)
        {
            ComputationGraph boxes = definition.BuildBoxes(stage, [.. maps.Select(map => map.Shape)], 1);
            Value regions = builder.Input($"{IRegionDefinition.Regions}.{stage}", new Shape(1, 5));
            Value[] inputs = [.. maps, regions];
            int next = 0;
            Dictionary<Value, Value> own = Append(builder, boxes, _ => inputs[next++]);
            string name = IRegionDefinition.StageClasses(stage);
            outputs.Add(new(name, own[boxes.Outputs.Single(output => output.Name == name).Value]));
        }

        return builder.Build([.. outputs]).Pruned();
    }

    // Adds the values of a graph; its inputs become values that are there, or inputs again.
    private static Dictionary<Value, Value> Append(GraphBuilder builder, ComputationGraph graph, Func<Value, Value?> input)
    {
        var moved = new Dictionary<Value, Value>();
        foreach (Value value in graph.Values)
            moved[value] =
                (value.Op is Input ? input(value) : null)
                ?? builder.Add(value.Scope, value.Op, [.. value.Inputs.Select(one => moved[one])]);
        return moved;
    }
}
