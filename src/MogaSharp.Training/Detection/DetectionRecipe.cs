using System.Collections.Immutable;

namespace MogaSharp.Training;

/// <summary>How the boxes of regions are compared with those of objects.</summary>
public enum BoxLossKind
{
    /// <summary>The sum of absolute differences, smooth below <see cref="DetectionRecipe.RegionBeta"/>.</summary>
    SmoothL1,

    /// <summary>The generalized overlap (arXiv 1902.09630) of the boxes themselves.</summary>
    Giou,
}

/// <summary>What a recipe has for detection alone. Defaults are those of the official configurations of Mask R-CNN for COCO.</summary>
public sealed record DetectionRecipe
{
    /// <summary>What images are fitted into: the limits of the longer and of the shorter side.</summary>
    public ImmutableArray<int> Scale { get; init; } = [1333, 800];

    /// <summary>Limits of the shorter side, of which each image gets one by chance, in place of that of <see cref="Scale"/>; empty for that
    /// alone.</summary>
    public ImmutableArray<int> ShortSides { get; init; } = [];

    /// <summary>Whether half of the images are cropped by chance before they are resized (with <see cref="ShortSides"/>, as in the official
    /// trainings of 36 epochs).</summary>
    public bool Crop { get; init; }

    /// <summary>The least and the largest factor of large-scale jitter, such as 0.1 and 2: images are made so many times as large as the
    /// longer limit of <see cref="Scale"/>, and cropped or surrounded to a square of it. Empty for none.</summary>
    public ImmutableArray<double> Jitter { get; init; } = [];

    /// <summary>The probability that objects of another image of the batch are pasted into an image, 0..1.</summary>
    public double CopyPaste { get; init; }

    /// <summary>Anchors of an image that train the region proposals, at most half of them positive.</summary>
    public int AnchorSamples { get; init; } = 256;

    /// <summary>Whether anchors that reach beyond the image are left out.</summary>
    public bool InsideOnly { get; init; }

    /// <summary>Below which difference the loss of region proposals is smooth; 0 for nowhere.</summary>
    public double ProposalBeta { get; init; }

    /// <summary>Regions that are proposed of an image.</summary>
    public int Proposals { get; init; } = 1000;

    /// <summary>Regions of an image that train the second stage, at most a quarter of them positive.</summary>
    public int RegionSamples { get; init; } = 512;

    /// <summary>How boxes of regions are compared with those of objects.</summary>
    public BoxLossKind RegionLoss { get; init; } = BoxLossKind.SmoothL1;

    /// <summary>Below which difference the loss of regions' boxes is smooth; 0 for nowhere.</summary>
    public double RegionBeta { get; init; }

    /// <summary>The weight of the loss of regions' boxes.</summary>
    public double RegionWeight { get; init; } = 1;

    internal void Check(Action<bool, string, string> require)
    {
        require(
            !Scale.IsDefault && Scale.Length == 2 && Scale.All(side => side is >= 32 and <= 16384),
            "detection.scale",
            "are two sides from 32 to 16384"
        );
        require(
            !ShortSides.IsDefault && ShortSides.All(side => side is >= 32 and <= 16384),
            "detection.short_sides",
            "are sides from 32 to 16384"
        );
        require(
            !Jitter.IsDefault && (Jitter.IsEmpty || Jitter is [> 0, <= 10] && Jitter[0] <= Jitter[1]),
            "detection.jitter",
            "are two factors in order, above 0 and at most 10"
        );
        require(
            Jitter.IsDefaultOrEmpty || (ShortSides.IsEmpty && !Crop),
            "detection.jitter",
            "is not taken together with short_sides or crop"
        );
        require(CopyPaste is >= 0 and <= 1, "detection.copy_paste", "lies from 0 to 1");
        require(AnchorSamples >= 1, "detection.anchor_samples", "is 1 or more");
        require(RegionSamples >= 1, "detection.region_samples", "is 1 or more");
        require(Proposals >= 1, "detection.proposals", "is 1 or more");
        require(ProposalBeta is >= 0 and <= 100, "detection.proposal_beta", "lies from 0 to 100");
        require(RegionBeta is >= 0 and <= 100, "detection.region_beta", "lies from 0 to 100");
        require(RegionWeight is >= 0 and <= 1000, "detection.region_weight", "lies from 0 to 1000");
    }
}
