using System.Collections.Immutable;

namespace MogaSharp.Models;

/// <summary>Options of Semantic FPN (arXiv 1901.02446; Westlake-AI/MogaNet, <c>segmentation/configs/sem_fpn</c>).</summary>
public sealed record SemanticFpnOptions : SegmentationOptions
{
    /// <inheritdoc/>
    public override string Family => "semantic_fpn";

    /// <summary>Channels of the pyramid.</summary>
    public int NeckChannels { get; init; } = 256;

    /// <summary>Channels of the head's convolutions.</summary>
    public int HeadChannels { get; init; } = 128;

    /// <inheritdoc/>
    public override ImmutableArray<string> HeadNames => ["decode_head.conv_seg"];

    /// <inheritdoc/>
    public override IModelDefinition CreateDefinition() =>
        new Segmentor(
            NumClasses,
            CreateBackbone(),
            new FpnHead
            {
                NumClasses = NumClasses,
                Channels = HeadChannels,
                DropRate = HeadDropRate,
            },
            new Fpn(NeckChannels)
        );

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(NeckChannels > 0 && HeadChannels > 0, "channels are positive");
    }

    /// <inheritdoc/>
    protected internal override void CheckLimits(Action<bool, string> require)
    {
        base.CheckLimits(require);
        RequireChannels(require, NeckChannels, HeadChannels);
    }
}

/// <summary>Semantic FPN as a family: the official weights and recipes.</summary>
public sealed class SemanticFpnFamily : DenseFamily<SemanticFpnOptions>
{
    /// <inheritdoc/>
    public override Stream? OpenCatalogue() => Resource("semantic_fpn.json");

    /// <inheritdoc/>
    /// <remarks>Westlake-AI/MogaNet, <c>segmentation/configs/sem_fpn</c>: eight GPUs with four images each.</remarks>
    public override Stream? OpenPresets() => Resource("semantic_fpn.presets.json");
}
