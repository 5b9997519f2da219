using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Onnx.Export;

/// <summary>Writes a detector: its graphs, and between them what chooses boxes.</summary>
internal sealed class DetectorEmitter(
    OnnxDetector detector,
    ComputationGraph image,
    WeightStore store,
    NodeWriter writer,
    OnnxExportOptions options
)
{
    private const int MostPerLevel = 1000,
        MostProposals = 1000;

    private const float ProposalOverlap = 0.7f;

    private static readonly ImmutableArray<float> Plain = [1, 1, 1, 1];

    public void Emit()
    {
        Write(image, name => name);
        string limits = Limits(Scope("detect/image", "the edges of the image"));
        bool hasStages = !detector.Stages.IsEmpty;
        BoxTensors[] levels = [.. detector.Levels.Select((level, i) => Best(level, i, limits))];
        NodeScope s = Scope("detect/levels", "boxes of all levels");
        var all = new BoxTensors(
            s.Concat(0, [.. levels.Select(level => level.Boxes)]),
            s.Concat(0, [.. levels.Select(level => level.Scores)]),
            s.Concat(0, [.. levels.Select(level => level.Labels)])
        );
        BoxTensors found = Suppress(hasStages ? Stages(Proposals(all), limits) : all);
        writer.AddIdentity(found.Boxes, DetectorInterface.Boxes);
        writer.AddIdentity(found.Scores, DetectorInterface.Scores);
        writer.AddIdentity(found.Labels, DetectorInterface.Labels);
        if (detector.Masks is { } masks)
            writer.AddIdentity(Masks(masks, found), DetectorInterface.Masks);
    }

    private NodeScope Scope(string name, string description) => new(writer, name, description);

    // The regions are the only tensor that the graph's writer does not know by the input's name.
    private void Write(ComputationGraph graph, Func<string, string> inputs)
    {
        graph = graph.Lower();
        new NodeEmitter(graph, store, new DynamicDimensions(graph, options), options.Opset, writer, inputs).Emit();
    }

    private void WriteOver(ComputationGraph graph, string regions) => Write(graph, name => name == detector.RegionsInput ? regions : name);

    // (4): right, bottom, right, bottom.
    private string Limits(NodeScope s)
    {
        string input = s.ToFloat(s.Slice(s.Node("Shape", [DetectorInterface.Pixels(image)]), 0, 2, 4));
        return s.Rows(s.Node("Min", [input, DetectorInterface.ImageShape]), s.Constants.Vector(1, 0, 1, 0));
    }

    // Where regions are proposed, the label is the level, within which they suppress one another.
    private BoxTensors Best(OnnxAnchorLevel level, int index, string limits)
    {
        NodeScope s = Scope($"detect/level{index}", "the best boxes of a level");
        bool isProposal = !detector.Stages.IsEmpty;
        int classes = isProposal ? 1 : detector.Classes,
            anchors = level.Anchors.Length / 4;
        string scores = s.Node("Sigmoid", [s.Reshape(s.Transpose(level.Classes, 0, 2, 3, 1), -1)]);
        (string best, string places) = s.Largest(scores, MostPerLevel);
        if (!isProposal)
        {
            string above = s.Node("Greater", [best, s.Constants.Scalar(detector.ScoreThreshold)]);
            (best, places) = (s.Where(above, best), s.Where(above, places));
        }

        string anchor = isProposal ? places : s.Divide(places, s.Constants.Vector(classes));
        string pixel = s.Divide(anchor, s.Constants.Vector(anchors)),
            width = s.Length(level.Classes, 3),
            stride = s.Constants.Vector(level.Stride);
        string x = s.AsColumn(s.Multiply(s.Node("Mod", [pixel, width]), stride)),
            y = s.AsColumn(s.Multiply(s.Divide(pixel, width), stride));
        string bases = s.Constants.Table($"constant/anchors{index}", new Shape(anchors, 4), [.. level.Anchors]);
        string boxes = s.Add(s.Rows(bases, s.Modulo(anchor, anchors)), s.ToFloat(s.Concat(1, x, y, x, y)));
        string deltas = s.Rows(s.Reshape(s.Transpose(level.Boxes, 0, 2, 3, 1), -1, 4), anchor);
        string labels = s.Modulo(places, classes);
        return new(BoxNodes.Decode(s, boxes, deltas, Plain, limits), best, isProposal ? s.Add(labels, s.Constants.Vector(index)) : labels);
    }

    private string Proposals(BoxTensors all)
    {
        NodeScope s = Scope("detect/proposals", "the regions that are looked at again");
        return BoxNodes.Suppress(s, BoxNodes.WithoutEmpty(s, all), ProposalOverlap, MostProposals).Boxes;
    }

    private BoxTensors Suppress(BoxTensors all) =>
        BoxNodes.Suppress(Scope("detect/things", "suppression within classes"), all, detector.OverlapThreshold, detector.MaxDetections);

    // All pairs of a region and a class that are sure enough.
    private BoxTensors Stages(string boxes, string limits)
    {
        for (int i = 0; ; i++)
        {
            OnnxRegionStage stage = detector.Stages[i];
            NodeScope s = Scope($"detect/stage{i}", "what a stage makes of its regions");
            WriteOver(stage.Graph, BoxNodes.Regions(s, boxes));
            bool isLast = i == detector.Stages.Length - 1,
                hasOwn = stage.Graph.Outputs.Single(output => output.Name == stage.Boxes).Value.Shape[1] != 4;
            string deltas = hasOwn ? s.Reshape(stage.Boxes, -1, 4) : stage.Boxes;
            string classes = s.Constants.Vector(detector.Classes);
            if (isLast)
                return Pairs(s, boxes, deltas, hasOwn, limits);
            if (hasOwn)
            {
                string likeliest = s.Node(
                    "ArgMax",
                    [s.Columns(stage.Classes, 0, detector.Classes)],
                    Attributes.Int("axis", 1),
                    Attributes.Int("keepdims", 0)
                );
                deltas = s.Rows(deltas, s.Add(s.Multiply(s.Counting(boxes), classes), likeliest));
            }

            boxes = BoxNodes.Decode(s, boxes, deltas, stage.Deviations, limits);
        }
    }

    private BoxTensors Pairs(NodeScope s, string boxes, string deltas, bool hasOwn, string limits)
    {
        string[] numbers = [.. detector.Stages.Select(stage => stage.Classes)];
        string mean = numbers.Length == 1 ? numbers[0] : s.Divide(s.Node("Sum", numbers), s.Constants.Scalar(numbers.Length));
        string scores = s.Columns(s.Node("Softmax", [mean], Attributes.Int("axis", 1)), 0, detector.Classes);
        string pairs = s.Transpose(s.Node("NonZero", [s.Node("Greater", [scores, s.Constants.Scalar(detector.ScoreThreshold)])]), 1, 0);
        string regions = s.Column(pairs, 0),
            labels = s.Column(pairs, 1);
        string places = s.Add(s.Multiply(regions, s.Constants.Vector(detector.Classes)), labels);
        string own = s.Rows(deltas, hasOwn ? places : regions);
        return new(
            BoxNodes.Decode(s, s.Rows(boxes, regions), own, detector.Stages[^1].Deviations, limits),
            s.Rows(s.Reshape(scores, -1), places),
            labels
        );
    }

    private string Masks(ComputationGraph graph, BoxTensors found)
    {
        NodeScope s = Scope("detect/masks", "the masks of the things' classes");
        // One more region, since a graph may not run on none.
        WriteOver(graph, BoxNodes.Regions(s, s.Concat(0, found.Boxes, BoxNodes.EmptyBox(s))));
        string places = s.Add(s.Multiply(s.Counting(found.Labels), s.Constants.Vector(detector.Classes)), found.Labels);
        string[] parts = [.. detector.MaskOutputs.Select(Own)];
        return parts.Length == 1 ? parts[0] : s.Divide(s.Node("Sum", parts), s.Constants.Scalar(parts.Length));

        string Own(string output)
        {
            Shape shape = graph.Outputs.Single(one => one.Name == output).Value.Shape;
            return s.Node("Sigmoid", [s.Rows(s.Reshape(output, -1, shape[2], shape[3]), places)]);
        }
    }
}
