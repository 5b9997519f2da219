using System.Collections.Immutable;

namespace MogaSharp.Imaging;

/// <summary>
/// How an image becomes the input of a network: resize, center crop, divide by 255, subtract the mean, divide by the standard
/// deviation. The rule is the evaluation rule of timm and torchvision.
/// </summary>
/// <param name="Width">The width of the input in pixels, at least 1.</param>
/// <param name="Height">The height of the input in pixels, at least 1.</param>
public sealed record PreprocessOptions(int Width, int Height)
{
    /// <summary>The mean of the ImageNet training images, as fractions of full brightness.</summary>
    public static ImmutableArray<float> ImageNetMean { get; } = [0.485f, 0.456f, 0.406f];

    /// <summary>The standard deviation of the ImageNet training images, as fractions of full brightness.</summary>
    public static ImmutableArray<float> ImageNetStandardDeviation { get; } = [0.229f, 0.224f, 0.225f];

    /// <summary>The part of the resized side that the crop keeps, more than 0 and at most 1. Default 0.9.</summary>
    public double CropFraction { get; init; } = 0.9;

    /// <summary>The filter of the resize. Default bicubic.</summary>
    public ResizeFilter Filter { get; init; } = ResizeFilter.Bicubic;

    /// <summary>How the aspect ratio is treated. Default <see cref="ResizeMode.KeepAspect"/>.</summary>
    public ResizeMode Mode { get; init; } = ResizeMode.KeepAspect;

    /// <summary>Whether the planes are blue, green, red, as networks take them that were trained on images read by OpenCV. Default: red,
    /// green, blue.</summary>
    public bool IsBgr { get; init; }

    /// <summary>The mean of the channels in the order of the planes in 0..1, or one number for all three. Default: ImageNet's.</summary>
    public ImmutableArray<float> Mean { get; init; } = ImageNetMean;

    /// <summary>The standard deviation likewise, more than 0, or one number for all three. Default: ImageNet's.</summary>
    public ImmutableArray<float> StandardDeviation { get; init; } = ImageNetStandardDeviation;

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Height);
        if (!(CropFraction > 0 && CropFraction <= 1))
            throw new ArgumentOutOfRangeException(nameof(CropFraction), CropFraction, "The fraction is more than 0 and at most 1.");
        if (!Enum.IsDefined(Filter))
            throw new ArgumentOutOfRangeException(nameof(Filter), Filter, "There is no such filter.");
        if (!Enum.IsDefined(Mode))
            throw new ArgumentOutOfRangeException(nameof(Mode), Mode, "There is no such mode.");
        CheckChannels(Mean, nameof(Mean), float.IsFinite, "finite");
        CheckChannels(StandardDeviation, nameof(StandardDeviation), value => value > 0 && float.IsFinite(value), "more than 0");
    }

    private static void CheckChannels(ImmutableArray<float> values, string name, Func<float, bool> isAllowed, string rule)
    {
        if (values.IsDefault || values.Length is not (1 or 3))
            throw new ArgumentException("One number or three are needed.", name);
        if (!values.All(isAllowed))
            throw new ArgumentOutOfRangeException(name, $"Every number must be {rule}.");
    }
}
