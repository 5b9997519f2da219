using MogaSharp.Graph;
using MogaSharp.Onnx.Protocol;
using Result = (string Name, MogaSharp.Onnx.Export.Layout Layout);

namespace MogaSharp.Onnx.Export;

/// <content>Regions of a pyramid.</content>
internal sealed partial class NodeEmitter
{
    // ONNX cuts regions out of one map. Each level gets all of them, those of other levels made empty: they take no time and give 0, so
    // that the levels' sum is exact and nothing has a shape that depends on what the regions are.
    public Result Visit(RoiAlign op, Value at)
    {
        int levels = at.Inputs.Count - 1;
        string regions = X(at, Layout.Map, levels);
        string images = Node(
            at,
            "Cast",
            [Node(at, "Squeeze", [Slice(at, regions, 1, 0, 1), _constants.Vector(1)])],
            Attributes.Int("to", (int)TensorProto.Types.DataType.Int64)
        );
        string boxes = Sound(at, Slice(at, regions, 1, 1, 5));
        string? place = levels > 1 ? Place(at, op, boxes) : null;
        string[] parts = [.. Enumerable.Range(0, levels).Select(Part)];
        return (levels == 1 ? parts[0] : Node(at, "Sum", parts), Layout.Map);

        string Part(int level) =>
            Node(
                at,
                "RoiAlign",
                [X(at, Layout.Map, level), place is null ? boxes : OnlyOf(level), images],
                Attributes.Text("coordinate_transformation_mode", "half_pixel"),
                Attributes.Text("mode", "avg"),
                Attributes.Int("output_height", op.Size),
                Attributes.Int("output_width", op.Size),
                Attributes.Int("sampling_ratio", 0),
                Attributes.Float("spatial_scale", op.ScaleOf(level))
            );

        string OnlyOf(int level)
        {
            string? above = level == 0 ? null : Node(at, "Not", [Below(level)]),
                below = level == levels - 1 ? null : Below(level + 1);
            string here = above is null || below is null ? above ?? below! : Node(at, "And", [above, below]);
            return Node(at, "Where", [here, boxes, _constants.Scalar(0)]);
        }

        string Below(int level) => Node(at, "Less", [place!, _constants.Scalar(1 << level)]);
    }

    // The boxes, empty where the op gives 0 whatever they are: ONNX Runtime fails on sides below 0.
    private string Sound(Value at, string boxes)
    {
        string sides = Sides(at, boxes);
        string sound = Node(
            at,
            "And",
            [Node(at, "Greater", [sides, _constants.Scalar(0)]), Node(at, "LessOrEqual", [sides, _constants.Scalar(RoiAlign.LongestSide)])]
        );
        return Node(at, "Where", [Node(at, "And", [Slice(at, sound, 1, 0, 1), Slice(at, sound, 1, 1, 2)]), boxes, _constants.Scalar(0)]);
    }

    private string Sides(Value at, string boxes) => Node(at, "Sub", [Slice(at, boxes, 1, 2, 4), Slice(at, boxes, 1, 0, 2)]);

    // (R, 1): the scale of each region as a multiple of the finest one, by the op's rule.
    private string Place(Value at, RoiAlign op, string boxes)
    {
        string sides = Sides(at, boxes);
        string area = Node(at, "Mul", [Slice(at, sides, 1, 0, 1), Slice(at, sides, 1, 1, 2)]);
        string scale = Node(at, "Div", [Node(at, "Sqrt", [area]), _constants.Scalar((float)op.FinestScale)]);
        return Node(at, "Add", [scale, _constants.Scalar(1e-6f)]);
    }
}
