using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Onnx;

/// <summary>
/// A detector that is written as one model, from pixels to things: its graphs, and the rules between them, which are those of MMDetection
/// 2.26. The model takes <c>input</c>, the graph's pixels of one image, (1, 3, H, W) with any H and W that the graph takes, and
/// <c>img_shape</c>, height and width of what of it is image and not padding (two floats; left out, all of it). It gives
/// <c>boxes</c> (n, 4) in pixels of the input, left, top, right, bottom, <c>scores</c> (n), the best first, <c>labels</c> (n, 64-bit whole
/// numbers), and where it makes masks <c>masks</c> (n, side, side), the probability of each pixel of the box.
/// </summary>
public sealed record OnnxDetector
{
    /// <summary>The graph over images, for one image. Its input is the model's.</summary>
    public required ComputationGraph Image { get; init; }

    /// <summary>The maps that have anchors, the finest first.</summary>
    public required ImmutableArray<OnnxAnchorLevel> Levels { get; init; }

    /// <summary>Classes, without the background.</summary>
    public required int Classes { get; init; }

    /// <summary>The stages that look at regions; none for a detector of one step.</summary>
    public ImmutableArray<OnnxRegionStage> Stages { get; init; } = [];

    /// <summary>The graph that makes masks, with the inputs of the stages'; null for none.</summary>
    public ComputationGraph? Masks { get; init; }

    /// <summary>The outputs of <see cref="Masks"/> whose mean is taken, (R, classes, side, side) before the sigmoid.</summary>
    public ImmutableArray<string> MaskOutputs { get; init; } = [];

    /// <summary>The input of the graphs over regions that has the regions, (R, 5); the others are outputs of the graph over images, by the
    /// same names.</summary>
    public string RegionsInput { get; init; } = "rois";

    /// <summary>What scores have to be above, 0 to below 1.</summary>
    public float ScoreThreshold { get; init; } = 0.05f;

    /// <summary>Above which overlap the less sure of two boxes of a class goes, 0 to 1.</summary>
    public float OverlapThreshold { get; init; } = 0.5f;

    /// <summary>The most things in an image, 1 or more.</summary>
    public int MaxDetections { get; init; } = 100;

    /// <summary>The names that the model has to have for itself.</summary>
    internal IEnumerable<string> Names =>
        [
            .. Image.Inputs.Select(value => ((Input)value.Op).Name),
            .. Image.Outputs.Select(output => output.Name),
            .. Stages.SelectMany(stage => stage.Graph.Outputs).Select(output => output.Name),
            .. (Masks?.Outputs ?? []).Select(output => output.Name),
            .. Export.DetectorInterface.Names(this),
        ];
}

/// <summary>A map with anchors.</summary>
/// <param name="Classes">The output of the image graph with the numbers of the classes, (1, anchors x classes, H, W), or where there are
/// stages (1, anchors, H, W).</param>
/// <param name="Boxes">The output with those of the boxes, (1, anchors x 4, H, W).</param>
/// <param name="Stride">Pixels of the input to one of the map.</param>
/// <param name="Anchors">Left, top, right, bottom of each anchor about the map's first pixel.</param>
public sealed record OnnxAnchorLevel(string Classes, string Boxes, int Stride, ImmutableArray<float> Anchors);

/// <summary>A stage that classifies regions and moves their boxes.</summary>
/// <param name="Graph">The graph, for any number of regions.</param>
/// <param name="Classes">Its output with the numbers of the classes, the background last, (R, classes + 1).</param>
/// <param name="Boxes">Its output with those of the boxes, (R, 4) or (R, classes x 4).</param>
/// <param name="Deviations">What the numbers of a box (x, y, width, height) are multiplied by, four.</param>
public sealed record OnnxRegionStage(ComputationGraph Graph, string Classes, string Boxes, ImmutableArray<float> Deviations);
