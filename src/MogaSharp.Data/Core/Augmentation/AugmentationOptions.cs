using System.Collections.Immutable;
using MogaSharp.Imaging;

namespace MogaSharp.Data;

/// <summary>How a training image is brought to the input size.</summary>
public enum TrainingCrop
{
    /// <summary>A rectangle of random area, aspect ratio and place is cut out and resized.</summary>
    RandomResized,

    /// <summary>The whole image is resized, whatever its aspect ratio.</summary>
    Resize,
}

/// <summary>
/// How training images become inputs of a network, in this order: crop and resize, flips, shift, RandAugment or else color jitter,
/// normalization, mixing within the batch, erasing. The defaults are those of timm's <c>create_transform</c> with random
/// interpolation (<c>timm/data/transforms_factory.py</c> of version 0.6.13).
/// </summary>
/// <param name="Width">The width of the input in pixels, at least 1.</param>
/// <param name="Height">The height of the input in pixels, at least 1.</param>
public sealed record AugmentationOptions(int Width, int Height)
{
    /// <summary>Planes of the input: 3 (gray images are repeated) or 1 (colors become gray). Default 3.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>How images are brought to the input size. Default <see cref="TrainingCrop.RandomResized"/>.</summary>
    public TrainingCrop Crop { get; init; } = TrainingCrop.RandomResized;

    /// <summary>The smallest part of the area that a random crop covers, more than 0. Default 0.08.</summary>
    public double MinScale { get; init; } = 0.08;

    /// <summary>The largest part of the area that a random crop covers, at most 1. Default 1.</summary>
    public double MaxScale { get; init; } = 1;

    /// <summary>The smallest ratio of width to height of a random crop, more than 0. Default 3/4.</summary>
    public double MinRatio { get; init; } = 3.0 / 4;

    /// <summary>The largest ratio of width to height of a random crop. Default 4/3.</summary>
    public double MaxRatio { get; init; } = 4.0 / 3;

    /// <summary>
    /// The filter of resizing and of RandAugment's geometric operations, bilinear or bicubic; null draws one of them each time.
    /// Default null.
    /// </summary>
    public ResizeFilter? Interpolation { get; init; }

    /// <summary>The probability to exchange left and right, 0..1. Default 0.5.</summary>
    public double HorizontalFlip { get; init; } = 0.5;

    /// <summary>The probability to exchange top and bottom, 0..1. Default 0.</summary>
    public double VerticalFlip { get; init; }

    /// <summary>
    /// The most whole pixels by which the image is shifted either way on both axes, all equally likely; black comes in. This is
    /// what padding by so many pixels and a random crop do. Default 0.
    /// </summary>
    public int MaxShift { get; init; }

    /// <summary>
    /// Random brightness, contrast, saturation and hue, in random order; counts only without <see cref="AutoAugment"/>. 0 is none.
    /// Default 0.4, which leaves hues alone.
    /// </summary>
    public JitterStrength ColorJitter { get; init; } = 0.4;

    /// <summary>The policy of RandAugment, such as <c>rand-m9-mstd0.5-inc1</c> (see <see cref="RandAugment"/>), or null. Default
    /// null.</summary>
    public string? AutoAugment { get; init; }

    /// <summary>Random erasing, or null. Default null.</summary>
    public ErasingOptions? Erasing { get; init; }

    /// <summary>Mixup and CutMix, or null. Default null.</summary>
    public MixOptions? Mixing { get; init; }

    /// <summary>Whether the planes are blue, green, red. Default: red, green, blue.</summary>
    public bool IsBgr { get; init; }

    /// <summary>The mean of the channels in the order of the planes in 0..1, or one number for all. Default: ImageNet's.</summary>
    public ImmutableArray<float> Mean { get; init; } = PreprocessOptions.ImageNetMean;

    /// <summary>The standard deviation likewise, more than 0, or one number for all. Default: ImageNet's.</summary>
    public ImmutableArray<float> StandardDeviation { get; init; } = PreprocessOptions.ImageNetStandardDeviation;

    /// <summary>Checks all options.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="FormatException"><see cref="AutoAugment"/> is not a policy.</exception>
    public void Check()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Height);
        if (Channels is not (1 or 3))
            throw new ArgumentOutOfRangeException(nameof(Channels), Channels, "1 or 3");
        if (!Enum.IsDefined(Crop))
            throw new ArgumentOutOfRangeException(nameof(Crop), Crop, "not a crop");
        Require(MinScale > 0 && MinScale <= MaxScale && MaxScale <= 1, nameof(MinScale), "the scales must be 0 < least <= most <= 1");
        Require(
            MinRatio > 0 && MinRatio <= MaxRatio && double.IsFinite(MaxRatio),
            nameof(MinRatio),
            "the ratios must be 0 < least <= most"
        );
        Require(Interpolation is null or ResizeFilter.Bilinear or ResizeFilter.Bicubic, nameof(Interpolation), "bilinear, bicubic or null");
        Require(HorizontalFlip is >= 0 and <= 1, nameof(HorizontalFlip), "a probability");
        Require(VerticalFlip is >= 0 and <= 1, nameof(VerticalFlip), "a probability");
        Require(MaxShift >= 0, nameof(MaxShift), "at least 0");
        Require(
            IsStrength(ColorJitter.Brightness) && IsStrength(ColorJitter.Contrast) && IsStrength(ColorJitter.Saturation),
            nameof(ColorJitter),
            "at least 0"
        );
        Require(ColorJitter.Hue is >= 0 and <= 0.5, nameof(ColorJitter), "a hue of 0 to 0.5");
        if (AutoAugment is not null)
            RandAugment.Parse(AutoAugment);
        Erasing?.Check();
        Mixing?.Check();
        CheckChannels(Mean, nameof(Mean), float.IsFinite, "finite");
        CheckChannels(StandardDeviation, nameof(StandardDeviation), value => value > 0 && float.IsFinite(value), "more than 0");
    }

    internal static void Require(bool isTrue, string name, string rule)
    {
        if (!isTrue)
            throw new ArgumentOutOfRangeException(name, $"{name}: {rule}");
    }

    private static bool IsStrength(double value) => value >= 0 && double.IsFinite(value);

    private void CheckChannels(ImmutableArray<float> values, string name, Func<float, bool> isAllowed, string rule)
    {
        if (values.IsDefault || (values.Length != 1 && values.Length != Channels))
            throw new ArgumentException($"one number or {Channels} are needed", name);
        Require(values.All(isAllowed), name, $"every number must be {rule}");
    }
}
