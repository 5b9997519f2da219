using System.Collections.Immutable;
using System.Drawing;
using MogaSharp.Imaging;

namespace MogaSharp.Data;

/// <summary>
/// How images and label maps become what a network for semantic segmentation is trained on, in this order: resize with a random ratio,
/// crop, flip, colors, normalization, padding. The defaults are those of the official configurations for ADE20K (MMSegmentation 0.29).
/// </summary>
/// <param name="Width">The width of the input in pixels, at least 1.</param>
/// <param name="Height">The height of the input in pixels, at least 1.</param>
public sealed record SegmentationTransformOptions(int Width = 512, int Height = 512)
{
    /// <summary>The size that a ratio of 1 fits images into, with their aspect ratio kept: the longer side is the limit of the longer side
    /// of images. Default 2048 x 512.</summary>
    public Size Scale { get; init; } = new(2048, 512);

    /// <summary>The least ratio to <see cref="Scale"/>, more than 0. Default 0.5.</summary>
    public double MinRatio { get; init; } = 0.5;

    /// <summary>The largest ratio to <see cref="Scale"/>. Default 2.</summary>
    public double MaxRatio { get; init; } = 2;

    /// <summary>The part of a crop's labeled pixels that one class may have; another place is drawn up to ten times. 1 takes the first
    /// place, more than 0. Default 0.75.</summary>
    public double MaxClassShare { get; init; } = 0.75;

    /// <summary>The probability to exchange left and right, 0..1. Default 0.5.</summary>
    public double Flip { get; init; } = 0.5;

    /// <summary>Random brightness, contrast, saturation and hue, each with a probability of one half; null for none. Default: the official
    /// strengths.</summary>
    public PhotometricOptions? Photometric { get; init; } = new();

    /// <summary>Whether the planes are blue, green, red. Default: red, green, blue.</summary>
    public bool IsBgr { get; init; }

    /// <summary>The mean of the channels in the order of the planes in 0..1, or one number for all. Default: ImageNet's.</summary>
    public ImmutableArray<float> Mean { get; init; } = PreprocessOptions.ImageNetMean;

    /// <summary>The standard deviation likewise, more than 0, or one number for all. Default: ImageNet's.</summary>
    public ImmutableArray<float> StandardDeviation { get; init; } = PreprocessOptions.ImageNetStandardDeviation;

    /// <summary>Checks all options.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void Check()
    {
        _ = new PixelNormalizer(Normalization);
        AugmentationOptions.Require(Scale is { Width: >= 1, Height: >= 1 }, nameof(Scale), "at least 1 x 1");
        AugmentationOptions.Require(
            MinRatio > 0 && MinRatio <= MaxRatio && MaxRatio <= 100,
            nameof(MinRatio),
            "the ratios must be 0 < least <= most <= 100"
        );
        AugmentationOptions.Require(MaxClassShare is > 0 and <= 1, nameof(MaxClassShare), "more than 0, at most 1");
        AugmentationOptions.Require(Flip is >= 0 and <= 1, nameof(Flip), "a probability");
        Photometric?.Check();
    }

    internal PreprocessOptions Normalization =>
        new(Width, Height)
        {
            Mean = Mean,
            StandardDeviation = StandardDeviation,
            IsBgr = IsBgr,
        };
}

/// <summary>The strengths of random colors.</summary>
public sealed record PhotometricOptions
{
    /// <summary>The most that is added to or taken from every sample, 0..255. Default 32.</summary>
    public double Brightness { get; init; } = 32;

    /// <summary>How far the factor of every sample may be from 1, 0..1. Default 0.5.</summary>
    public double Contrast { get; init; } = 0.5;

    /// <summary>How far the factor of saturations may be from 1, 0..1. Default 0.5.</summary>
    public double Saturation { get; init; } = 0.5;

    /// <summary>The most that hues are turned, in units of two degrees, 0..90. Default 18.</summary>
    public int Hue { get; init; } = 18;

    internal void Check()
    {
        AugmentationOptions.Require(Brightness is >= 0 and <= 255, nameof(Brightness), "0 to 255");
        AugmentationOptions.Require(Contrast is >= 0 and <= 1, nameof(Contrast), "0 to 1");
        AugmentationOptions.Require(Saturation is >= 0 and <= 1, nameof(Saturation), "0 to 1");
        AugmentationOptions.Require(Hue is >= 0 and <= 90, nameof(Hue), "0 to 90");
    }
}
