using System.Collections.Immutable;

namespace MogaSharp.Models;

/// <summary>Options of Cascade Mask R-CNN (arXiv 1906.09756; Westlake-AI/MogaNet, <c>detection/configs/moganet</c>): three stages, each on
/// the boxes of the one before, each with a mask head.</summary>
public sealed record CascadeMaskRcnnOptions : RegionOptions
{
    private const int StageCount = 3;

    /// <inheritdoc/>
    public override string Family => "cascade_mask_rcnn";

    /// <summary>Whether each class has a box of its own, as with heads of four convolutions and one layer (<c>4conv1f</c>), which learn
    /// boxes by GIoU; else all classes share one.</summary>
    public bool HasBoxPerClass { get; init; }

    /// <inheritdoc/>
    public override ImmutableArray<string> HeadNames =>
        [
            .. Enumerable.Range(0, StageCount).Select(stage => $"roi_head.bbox_head.{stage}.fc_cls"),
            .. Enumerable.Range(0, HasBoxPerClass ? StageCount : 0).Select(stage => $"roi_head.bbox_head.{stage}.fc_reg"),
            .. Enumerable.Range(0, StageCount).Select(stage => $"roi_head.mask_head.{stage}.conv_logits"),
        ];

    /// <inheritdoc/>
    public override ModelOptions WithClasses(int classes) => this with { NumClasses = classes };

    /// <inheritdoc/>
    public override IModelDefinition CreateDefinition() =>
        Create(
            new RegionStage([0.1, 0.1, 0.2, 0.2], !HasBoxPerClass),
            new RegionStage([0.05, 0.05, 0.1, 0.1], !HasBoxPerClass),
            new RegionStage([0.033, 0.033, 0.067, 0.067], !HasBoxPerClass)
        );
}

/// <summary>Cascade Mask R-CNN as a family: the official weights.</summary>
public sealed class CascadeMaskRcnnFamily : DenseFamily<CascadeMaskRcnnOptions>
{
    /// <inheritdoc/>
    public override Stream? OpenCatalogue() => Resource("cascade_mask_rcnn.json");

    /// <inheritdoc/>
    public override Stream? OpenPresets() => Resource("cascade_mask_rcnn.presets.json");
}
