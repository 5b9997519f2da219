using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Onnx.Export;

/// <summary>Boxes with their scores and classes, as tensors of a model: (n, 4), (n), (n).</summary>
internal readonly record struct BoxTensors(string Boxes, string Scores, string Labels);

/// <summary>What detectors compute with boxes, as nodes, in the order of the managed code's operations.</summary>
internal static class BoxNodes
{
    // No side becomes more than 62.5 times as long or short.
    private const float MostGrowth = 4.135166556742356f;

    /// <summary>The boxes (n, 4) to which numbers (n, 4) lead from others (n, 4), cut to the image.</summary>
    public static string Decode(NodeScope s, string boxes, string deltas, ImmutableArray<float> deviations, string limits)
    {
        string low = s.Columns(boxes, 0, 2),
            high = s.Columns(boxes, 2, 4),
            half = s.Constants.Scalar(0.5f);
        string sides = s.Subtract(high, low),
            centers = s.Multiply(s.Add(low, high), half);
        if (deviations.Any(deviation => deviation != 1))
            deltas = s.Multiply(deltas, s.Constants.Table($"constant/deviations_{deviations[0]}", new Shape(4), [.. deviations]));
        string growth = s.Node("Clip", [s.Columns(deltas, 2, 4), s.Constants.Scalar(-MostGrowth), s.Constants.Scalar(MostGrowth)]);
        string moved = s.Add(centers, s.Multiply(sides, s.Columns(deltas, 0, 2))),
            halves = s.Multiply(s.Multiply(sides, s.Node("Exp", [growth])), half);
        string all = s.Concat(1, s.Subtract(moved, halves), s.Add(moved, halves));
        return s.Node("Max", [s.Node("Min", [all, limits]), s.Constants.Scalar(0)]);
    }

    /// <summary>Those whose sides are above 0.</summary>
    public static BoxTensors WithoutEmpty(NodeScope s, BoxTensors all)
    {
        string sides = s.Subtract(s.Columns(all.Boxes, 2, 4), s.Columns(all.Boxes, 0, 2));
        string longer = s.Node("Greater", [sides, s.Constants.Scalar(0)]);
        string both = s.Node("And", [s.Column(longer, 0), s.Column(longer, 1)]);
        return new(s.Where(both, all.Boxes), s.Where(both, all.Scores), s.Where(both, all.Labels));
    }

    /// <summary>Those that are left when boxes of the same label suppress one another, the best first. As in the official code the boxes of
    /// each label are moved away from the others', so that one suppression does, and ends at the number that is wanted.</summary>
    public static BoxTensors Suppress(NodeScope s, BoxTensors all, float overlap, int most)
    {
        // One more box, so that there is a largest coordinate.
        string distance = s.Add(
            s.Node("ReduceMax", [s.Concat(0, all.Boxes, EmptyBox(s))], Attributes.Int("keepdims", 0)),
            s.Constants.Scalar(1)
        );
        string moved = s.Add(all.Boxes, s.AsColumn(s.Multiply(s.ToFloat(all.Labels), distance)));
        string kept = s.Column(
            s.Node(
                "NonMaxSuppression",
                [
                    s.Node("Unsqueeze", [moved, s.Constants.Vector(0)]),
                    s.Node("Unsqueeze", [all.Scores, s.Constants.Vector(0, 1)]),
                    s.Constants.Vector(most),
                    s.Constants.Filled(1, overlap),
                ]
            ),
            2
        );
        // The operator does not say in which order it gives them.
        (string scores, string order) = s.Largest(s.Rows(all.Scores, kept), most);
        string places = s.Rows(kept, order);
        return new(s.Rows(all.Boxes, places), scores, s.Rows(all.Labels, places));
    }

    /// <summary>Boxes (n, 4) as regions (n, 5) of the only image.</summary>
    public static string Regions(NodeScope s, string boxes) =>
        s.Concat(1, s.Multiply(s.Columns(boxes, 0, 1), s.Constants.Scalar(0)), boxes);

    /// <summary>A box without an area.</summary>
    public static string EmptyBox(NodeScope s) => s.Constants.Table("constant/empty_box", new Shape(1, 4), new float[4]);
}
