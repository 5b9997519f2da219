using System.Collections.Immutable;

namespace MogaSharp.Models;

/// <summary>Options of Mask R-CNN (arXiv 1703.06870; Westlake-AI/MogaNet, <c>detection/configs/moganet/mask_rcnn_*</c>).</summary>
public sealed record MaskRcnnOptions : RegionOptions
{
    /// <inheritdoc/>
    public override string Family => "mask_rcnn";

    /// <inheritdoc/>
    public override ImmutableArray<string> HeadNames =>
        ["roi_head.bbox_head.fc_cls", "roi_head.bbox_head.fc_reg", "roi_head.mask_head.conv_logits"];

    /// <inheritdoc/>
    public override ModelOptions WithClasses(int classes) => this with { NumClasses = classes };

    /// <inheritdoc/>
    public override IModelDefinition CreateDefinition() => Create(new RegionStage([0.1, 0.1, 0.2, 0.2], false));
}

/// <summary>Mask R-CNN as a family: the official weights.</summary>
public sealed class MaskRcnnFamily : DenseFamily<MaskRcnnOptions>
{
    /// <inheritdoc/>
    public override Stream? OpenCatalogue() => Resource("mask_rcnn.json");

    /// <inheritdoc/>
    public override Stream? OpenPresets() => Resource("mask_rcnn.presets.json");
}
