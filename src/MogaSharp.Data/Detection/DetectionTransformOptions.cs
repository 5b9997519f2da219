using System.Collections.Immutable;
using System.Drawing;
using MogaSharp.Imaging;

namespace MogaSharp.Data;

/// <summary>How <see cref="DetectionTransformOptions.Scales"/> are chosen from.</summary>
public enum ScaleChoice
{
    /// <summary>One of the scales.</summary>
    OneOf,

    /// <summary>Whole numbers between the least and the largest of them, for each of the two limits by itself.</summary>
    Between,
}

/// <summary>
/// How images become what a detector is trained on, in this order: resize, flip, normalization, padding; then copy-paste. The defaults
/// are those of the official configurations for COCO (MMDetection 2, "1x").
/// </summary>
/// <param name="Width">The width in pixels that no input exceeds, a multiple of <see cref="SizeMultiple"/>.</param>
/// <param name="Height">The height in pixels that no input exceeds, likewise.</param>
public sealed record DetectionTransformOptions(int Width = 1344, int Height = 1344)
{
    /// <summary>What images are fitted into, with their aspect ratio kept: of each scale the longer side is the limit of the longer side of
    /// images. Default 1333 x 800. An image that <see cref="Width"/> and <see cref="Height"/> have no room for is fitted into
    /// them.</summary>
    public ImmutableArray<Size> Scales { get; init; } = [new(1333, 800)];

    /// <summary>How a scale is chosen. Default: one of them.</summary>
    public ScaleChoice Choice { get; init; }

    /// <summary>The probability that an image is cropped before it is resized, 0..1. Default 0; the official configurations with "ms" in
    /// their names take a half. A crop is as large as <see cref="CropSides"/> say, in pixels of the image when its shorter side is one of
    /// <see cref="CropScales"/>.</summary>
    public double Crop { get; init; }

    /// <summary>What the shorter side of an image is made before it is cropped. Default 400, 500 or 600.</summary>
    public ImmutableArray<int> CropScales { get; init; } = [400, 500, 600];

    /// <summary>The least and the largest side of a crop. Default 384 and 600; an image that is smaller is not cropped there.</summary>
    public ImmutableArray<int> CropSides { get; init; } = [384, 600];

    /// <summary>The least and the largest factor of large-scale jitter (Ghiasi et al. 2021, section 3, arXiv 2012.07177), above 0; null for
    /// none, which is the default. The image is fitted into <see cref="Width"/> x <see cref="Height"/> times a factor that is drawn evenly
    /// between the two, in place of <see cref="Scales"/>. Of what is larger than <see cref="Width"/> x <see cref="Height"/> a part is
    /// taken by chance, and what is smaller has the mean color to the right and below, so that all inputs have this size. The paper takes
    /// 0.1 and 2.</summary>
    public (double Least, double Most)? Jitter { get; init; }

    /// <summary>How objects of one image are pasted into another one of its batch; null, which is the default, for not at all.</summary>
    public CopyPasteOptions? CopyPaste { get; init; }

    /// <summary>The probability to exchange left and right, 0..1. Default 0.5.</summary>
    public double Flip { get; init; } = 0.5;

    /// <summary>What both sides of a batch are a multiple of, at least 1. Default 32.</summary>
    public int SizeMultiple { get; init; } = 32;

    /// <summary>Whether the planes are blue, green, red. Default: red, green, blue.</summary>
    public bool IsBgr { get; init; }

    /// <summary>The mean of the channels in the order of the planes in 0..1, or one number for all. Default: ImageNet's.</summary>
    public ImmutableArray<float> Mean { get; init; } = PreprocessOptions.ImageNetMean;

    /// <summary>The standard deviation likewise, more than 0, or one number for all. Default: ImageNet's.</summary>
    public ImmutableArray<float> StandardDeviation { get; init; } = PreprocessOptions.ImageNetStandardDeviation;

    /// <summary>The scales of the official configurations with "ms" in their names: the shorter side 480, 512 and so on to 800, the longer
    /// one 1333 at most.</summary>
    public static ImmutableArray<Size> MultiScale { get; } = [.. Enumerable.Range(0, 11).Select(i => new Size(1333, 480 + (32 * i)))];

    /// <summary>Checks all options.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void Check()
    {
        _ = new PixelNormalizer(Normalization);
        AugmentationOptions.Require(SizeMultiple >= 1, nameof(SizeMultiple), "at least 1");
        AugmentationOptions.Require(Width % SizeMultiple == 0, nameof(Width), $"a multiple of {SizeMultiple}");
        AugmentationOptions.Require(Height % SizeMultiple == 0, nameof(Height), $"a multiple of {SizeMultiple}");
        AugmentationOptions.Require(
            !Scales.IsDefaultOrEmpty && Scales.All(scale => scale is { Width: >= 1, Height: >= 1 }),
            nameof(Scales),
            "one or more, each at least 1 x 1"
        );
        AugmentationOptions.Require(Enum.IsDefined(Choice), nameof(Choice), "one of the choices");
        AugmentationOptions.Require(Crop is >= 0 and <= 1, nameof(Crop), "a probability");
        AugmentationOptions.Require(
            !CropScales.IsDefaultOrEmpty && CropScales.All(side => side >= 1),
            nameof(CropScales),
            "one or more, each at least 1"
        );
        AugmentationOptions.Require(
            !CropSides.IsDefault && CropSides is [>= 1, _] && CropSides[0] <= CropSides[1],
            nameof(CropSides),
            "two in order, each at least 1"
        );
        AugmentationOptions.Require(
            Jitter is null or { Least: > 0, Most: <= 10 } && !(Jitter?.Least > Jitter?.Most),
            nameof(Jitter),
            "two factors in order, above 0 and at most 10"
        );
        AugmentationOptions.Require(Jitter is null || Crop == 0, nameof(Crop), "0 where there is jitter, which crops too");
        CopyPaste?.Check();
        AugmentationOptions.Require(Flip is >= 0 and <= 1, nameof(Flip), "a probability");
    }

    internal PreprocessOptions Normalization =>
        new(Width, Height)
        {
            Mean = Mean,
            StandardDeviation = StandardDeviation,
            IsBgr = IsBgr,
        };
}
