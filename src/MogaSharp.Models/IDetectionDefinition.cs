using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>The boxes that a detector starts from: at each place of each map one for every scale and ratio.</summary>
public sealed record AnchorLayout
{
    /// <summary>Pixels of the image to one of each map, the finest map first.</summary>
    public required ImmutableArray<int> Strides { get; init; }

    /// <summary>Height over width.</summary>
    public ImmutableArray<double> Ratios { get; init; } = [0.5, 1, 2];

    /// <summary>Side of the square box over the stride.</summary>
    public required ImmutableArray<double> Scales { get; init; }

    /// <summary>Boxes at each place.</summary>
    public int Count => Ratios.Length * Scales.Length;
}

/// <summary>
/// A model that takes images (N, C, H, W) and finds things: for every map of its pyramid and every anchor the numbers of the classes
/// (before a sigmoid) and how the box moves. What makes boxes of these depends on the numbers and is not in the graph.
/// </summary>
public interface IDetectionDefinition : IModelDefinition
{
    /// <summary>Image channels.</summary>
    int InChannels { get; }

    /// <summary>Classes, without the background.</summary>
    int NumClasses { get; }

    /// <summary>The anchors of the image graph's outputs.</summary>
    AnchorLayout Anchors { get; }

    /// <summary>The output with a map's class numbers, (N, anchors x classes, H_l, W_l): <c>cls.0</c>, or <c>rpn.cls.0</c> where they tell
    /// but things from the background.</summary>
    /// <param name="level">The map, from 0, the finest.</param>
    string ClassOutput(int level);

    /// <summary>The output with a map's box numbers, (N, anchors x 4, H_l, W_l): <c>reg.0</c> or <c>rpn.reg.0</c>.</summary>
    /// <param name="level">The map, from 0, the finest.</param>
    string BoxOutput(int level);

    /// <inheritdoc/>
    Shape IModelDefinition.InputShape(int batch, int height, int width) => new(batch, InChannels, height, width);
}

/// <summary>A stage that classifies regions and moves their boxes.</summary>
/// <param name="Deviations">What the numbers of a box (x, y, width, height) are multiplied by, four.</param>
/// <param name="IsClassAgnostic">Whether all classes share the four numbers; else each has its own.</param>
public sealed record RegionStage(ImmutableArray<double> Deviations, bool IsClassAgnostic);

/// <summary>
/// A detector in two steps: the image graph proposes regions, other graphs look at each region again. All graphs share one set of
/// weights; the image graph's parameters are those of the whole model. Inputs of the other graphs are the finest maps of the pyramid
/// (<see cref="MapName"/>) and <see cref="Regions"/>.
/// </summary>
public interface IRegionDefinition : IDetectionDefinition
{
    /// <summary>The input with the regions, (R, 5): the image's number in the batch, then x1, y1, x2, y2 in pixels of the input.</summary>
    const string Regions = "rois";

    /// <summary>The maps cut out of the pyramid, (R, C, 7, 7), an output of the box graphs with
    /// <see cref="ModelOutputs.Stages"/>.</summary>
    const string RegionMaps = "roi_feat";

    /// <summary>Pixels of the image to one of each map that regions are cut out of, the finest first.</summary>
    ImmutableArray<int> RegionStrides { get; }

    /// <summary>The stages; each works on the boxes of the one before.</summary>
    ImmutableArray<RegionStage> Stages { get; }

    /// <summary>Rows and columns of a mask.</summary>
    int MaskSize { get; }

    /// <summary>A map of the pyramid: <c>fpn.0</c> is the finest.</summary>
    /// <param name="level">The map, from 0.</param>
    static string MapName(int level) => $"fpn.{level}";

    /// <summary>A stage's output with the numbers of the classes, the background last, (R, classes + 1): <c>stage.0.cls</c>.</summary>
    /// <param name="stage">The stage, from 0.</param>
    static string StageClasses(int stage) => $"stage.{stage}.cls";

    /// <summary>A stage's output with the boxes' numbers, (R, 4) or (R, 4 x classes): <c>stage.0.reg</c>.</summary>
    /// <param name="stage">The stage, from 0.</param>
    static string StageBoxes(int stage) => $"stage.{stage}.reg";

    /// <summary>A stage's output with the masks before the sigmoid, (R, classes, side, side): <c>mask.logits.0</c>.</summary>
    /// <param name="stage">The stage, from 0.</param>
    static string MaskLogits(int stage) => $"mask.logits.{stage}";

    /// <summary>Builds the graph that classifies regions and moves their boxes.</summary>
    /// <param name="stage">The stage, from 0.</param>
    /// <param name="maps">The shapes of the maps, one for each of <see cref="RegionStrides"/>.</param>
    /// <param name="regions">Regions, 1 or more; any number may be run later.</param>
    /// <param name="outputs"><see cref="ModelOutputs.Stages"/> adds <see cref="RegionMaps"/>.</param>
    /// <exception cref="GraphException">The maps do not fit.</exception>
    ComputationGraph BuildBoxes(int stage, IReadOnlyList<Shape> maps, int regions, ModelOutputs outputs = ModelOutputs.Head);

    /// <summary>Builds the graph that makes masks of regions: an output for each stage.</summary>
    /// <param name="maps">The shapes of the maps, one for each of <see cref="RegionStrides"/>.</param>
    /// <param name="regions">Regions, 1 or more; any number may be run later.</param>
    /// <exception cref="GraphException">The maps do not fit.</exception>
    ComputationGraph BuildMasks(IReadOnlyList<Shape> maps, int regions);
}
