using System.Collections.Immutable;

namespace MogaSharp.Models;

/// <summary>Options of UperNet (arXiv 1807.10221; Westlake-AI/MogaNet, <c>segmentation/configs/upernet</c>).</summary>
public sealed record UperNetOptions : SegmentationOptions
{
    /// <inheritdoc/>
    public override string Family => "upernet";

    /// <summary>Channels of the head's convolutions.</summary>
    public int HeadChannels { get; init; } = 512;

    /// <summary>Rows and columns of the grids that the coarsest map is pooled to.</summary>
    public ImmutableArray<int> PoolScales { get; init; } = [1, 2, 3, 6];

    /// <summary>Channels of the auxiliary head's convolution; 0 for no auxiliary head.</summary>
    public int AuxiliaryChannels { get; init; } = 256;

    /// <summary>The stage that the auxiliary head reads, from 0.</summary>
    public int AuxiliaryLevel { get; init; } = 2;

    /// <inheritdoc/>
    public override ImmutableArray<string> HeadNames => ["decode_head.conv_seg", "auxiliary_head.conv_seg"];

    /// <inheritdoc/>
    public override IModelDefinition CreateDefinition() =>
        new Segmentor(
            NumClasses,
            CreateBackbone(),
            new UPerHead
            {
                NumClasses = NumClasses,
                Channels = HeadChannels,
                PoolScales = PoolScales,
                DropRate = HeadDropRate,
            },
            auxiliary: AuxiliaryChannels == 0
                ? null
                : new FcnHead
                {
                    NumClasses = NumClasses,
                    Channels = AuxiliaryChannels,
                    Level = AuxiliaryLevel,
                    DropRate = HeadDropRate,
                }
        );

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(HeadChannels > 0 && AuxiliaryChannels >= 0, "channels are positive");
        Require(!PoolScales.IsDefault && PoolScales.All(size => size > 0), "the grids have rows and columns");
        int stages = Backbone.CreateBackbone().Features.Length;
        Require(AuxiliaryLevel >= 0 && AuxiliaryLevel < stages, $"the auxiliary head reads one of the {stages} stages");
    }

    /// <inheritdoc/>
    protected internal override void CheckLimits(Action<bool, string> require)
    {
        base.CheckLimits(require);
        RequireChannels(require, HeadChannels, AuxiliaryChannels);
        require(PoolScales.Length <= 16 && PoolScales.All(size => size <= 255), "there are at most 16 grids of at most 255 rows");
    }
}

/// <summary>UperNet as a family: the official weights and recipes.</summary>
public sealed class UperNetFamily : DenseFamily<UperNetOptions>
{
    /// <inheritdoc/>
    public override Stream? OpenCatalogue() => Resource("upernet.json");

    /// <inheritdoc/>
    /// <remarks>Westlake-AI/MogaNet, <c>segmentation/configs/upernet</c>: eight GPUs with two images each.</remarks>
    public override Stream? OpenPresets() => Resource("upernet.presets.json");
}
