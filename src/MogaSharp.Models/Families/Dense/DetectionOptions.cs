using System.Collections.Immutable;

namespace MogaSharp.Models;

/// <summary>Options of a network that finds things in images.</summary>
public abstract record DetectionOptions : DenseOptions
{
    /// <summary>Classes, 1 or more.</summary>
    public int NumClasses { get; init; } = 80;

    /// <summary>Channels of the pyramid.</summary>
    public int NeckChannels { get; init; } = 256;

    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.Detection;

    /// <inheritdoc/>
    public override int ClassCount => NumClasses;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(NumClasses > 0, "there is at least one class");
        Require(NeckChannels > 0, "channels are positive");
        Require(
            Backbone.CreateBackbone().Features.Select(map => map.Stride).SequenceEqual([4, 8, 16, 32]),
            "the backbone has maps of strides 4, 8, 16 and 32"
        );
    }

    /// <inheritdoc/>
    protected internal override void CheckLimits(Action<bool, string> require)
    {
        base.CheckLimits(require);
        RequireChannels(require, NeckChannels);
    }
}

/// <summary>Options of a detector that proposes regions and looks at each again, with boxes and masks.</summary>
public abstract record RegionOptions : DetectionOptions
{
    /// <summary>Channels of the region proposal network.</summary>
    public int ProposalChannels { get; init; } = 256;

    /// <summary>Convolutions of the box heads.</summary>
    public int BoxConvs { get; init; }

    /// <summary>Fully connected layers of the box heads, 1 or more.</summary>
    public int BoxLayers { get; init; } = 2;

    /// <summary>Features of these layers.</summary>
    public int BoxFeatures { get; init; } = 1024;

    /// <summary>Convolutions of the mask heads.</summary>
    public int MaskConvs { get; init; } = 4;

    /// <summary>Channels of the mask heads.</summary>
    public int MaskChannels { get; init; } = 256;

    /// <inheritdoc/>
    /// <remarks>The background is an output too.</remarks>
    public override int ClassesOf(int outputs) => outputs - 1;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(
            ProposalChannels > 0 && BoxFeatures > 0 && MaskChannels > 0 && BoxLayers > 0 && BoxConvs >= 0 && MaskConvs > 0,
            "channels and layers are positive"
        );
    }

    /// <inheritdoc/>
    protected internal override void CheckLimits(Action<bool, string> require)
    {
        base.CheckLimits(require);
        RequireChannels(require, ProposalChannels, BoxFeatures, MaskChannels);
        require(BoxConvs <= 16 && BoxLayers <= 16 && MaskConvs <= 16, "heads have at most 16 layers of a kind");
    }

    /// <summary>The network with some stages.</summary>
    private protected RegionDetector Create(params ImmutableArray<RegionStage> stages) => new(this, CreateBackbone(), stages);
}
