using System.Collections.Immutable;

namespace MogaSharp.Training;

/// <summary>What a recipe has for segmentation alone. Defaults are those of the official configurations for ADE20K.</summary>
public sealed record SegmentationRecipe
{
    /// <summary>Rows and columns of the training crops; empty for a square of <see cref="TrainingRecipe.ImageSize"/>.</summary>
    public ImmutableArray<int> CropSize { get; init; } = [];

    /// <summary>What a ratio of 1 fits images into before the crop: the limits of the longer and of the shorter side.</summary>
    public ImmutableArray<int> Scale { get; init; } = [2048, 512];

    /// <summary>The least and the largest ratio to <see cref="Scale"/>.</summary>
    public ImmutableArray<double> Ratio { get; init; } = [0.5, 2];

    /// <summary>The share of a crop that one class may have; another place is tried up to ten times. 1 takes the first.</summary>
    public double MaxClassShare { get; init; } = 0.75;

    /// <summary>Whether brightness, contrast, saturation and hue are changed.</summary>
    public bool Photometric { get; init; } = true;

    /// <summary>The weight of an auxiliary head's loss.</summary>
    public double AuxiliaryWeight { get; init; } = 0.4;

    /// <summary>Rows and columns of the crops of a recipe.</summary>
    internal static (int Height, int Width) CropOf(TrainingRecipe recipe) =>
        recipe.Segmentation?.CropSize is [int height, int width] ? (height, width) : (recipe.ImageSize, recipe.ImageSize);

    internal void Check(Action<bool, string, string> require)
    {
        require(
            !CropSize.IsDefault && CropSize.Length is 0 or 2 && CropSize.All(side => side is >= 8 and <= 4096),
            "segmentation.crop_size",
            "is empty, or rows and columns from 8 to 4096"
        );
        require(
            !Scale.IsDefault && Scale.Length == 2 && Scale.All(side => side is >= 1 and <= 16384),
            "segmentation.scale",
            "are two sides"
        );
        require(
            !Ratio.IsDefault && Ratio.Length == 2 && Ratio[0] > 0 && Ratio[0] <= Ratio[1] && Ratio[1] <= 100,
            "segmentation.ratio",
            "are two numbers in order, above 0 and at most 100"
        );
        require(MaxClassShare is > 0 and <= 1, "segmentation.max_class_share", "lies above 0 and at most at 1");
        require(AuxiliaryWeight is >= 0 and <= 100, "segmentation.auxiliary_weight", "lies from 0 to 100");
    }
}
