using System.Collections.Immutable;
using MogaSharp.Imaging;

namespace MogaSharp.Data;

/// <summary>
/// How a person becomes what a top-down pose network is trained on, in this order: shift, flip, half of the body, size and rotation, and
/// then the cut. The defaults are those of the official configurations for COCO (MMPose 0.29).
/// </summary>
/// <param name="Width">The width of the input in pixels, at least 1.</param>
/// <param name="Height">The height of the input in pixels, at least 1.</param>
public sealed record PoseTransformOptions(int Width = 192, int Height = 256)
{
    /// <summary>The region's sides in units of those of the person's box, which was widened to the input's aspect ratio; more than 0.
    /// Default 1.25.</summary>
    public float Padding { get; init; } = 1.25f;

    /// <summary>The farthest that the region is moved along each axis, in units of its side, 0..1. Default 0.16.</summary>
    public double Shift { get; init; } = 0.16;

    /// <summary>The probability that it is moved, 0..1. Default 0.3.</summary>
    public double ShiftProbability { get; init; } = 0.3;

    /// <summary>The probability to exchange left and right, 0..1. Default 0.5.</summary>
    public double Flip { get; init; } = 0.5;

    /// <summary>The probability that only the upper or the lower half of the body is cut out, 0..1. Default 0.3.</summary>
    public double HalfBodyProbability { get; init; } = 0.3;

    /// <summary>Of people with more labeled joints than this the half may be cut out, at least 0. Default 8.</summary>
    public int HalfBodyJoints { get; init; } = 8;

    /// <summary>The places of the joints of the upper half. Default: those above the hips of COCO's person.</summary>
    public ImmutableArray<int> UpperBody { get; init; } = [.. Enumerable.Range(0, 11)];

    /// <summary>The standard deviation of the region's size, and the most by which it differs from 1; 0 to less than 1. Default
    /// 0.5.</summary>
    public double Scale { get; init; } = 0.5;

    /// <summary>The standard deviation of the rotation in degrees, at most half of the largest one, 0..90. Default 40.</summary>
    public double Rotation { get; init; } = 40;

    /// <summary>The probability of a rotation, 0..1. Default 0.6.</summary>
    public double RotationProbability { get; init; } = 0.6;

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
        _ = new PixelNormalizer(new PreprocessOptions(Width, Height) { Mean = Mean, StandardDeviation = StandardDeviation });
        AugmentationOptions.Require(Padding > 0 && float.IsFinite(Padding), nameof(Padding), "more than 0");
        AugmentationOptions.Require(Shift is >= 0 and <= 1, nameof(Shift), "0 to 1");
        AugmentationOptions.Require(ShiftProbability is >= 0 and <= 1, nameof(ShiftProbability), "a probability");
        AugmentationOptions.Require(Flip is >= 0 and <= 1, nameof(Flip), "a probability");
        AugmentationOptions.Require(HalfBodyProbability is >= 0 and <= 1, nameof(HalfBodyProbability), "a probability");
        AugmentationOptions.Require(HalfBodyJoints >= 0, nameof(HalfBodyJoints), "at least 0");
        AugmentationOptions.Require(!UpperBody.IsDefault, nameof(UpperBody), "a list");
        AugmentationOptions.Require(Scale is >= 0 and < 1, nameof(Scale), "0 to less than 1");
        AugmentationOptions.Require(Rotation is >= 0 and <= 90, nameof(Rotation), "0 to 90");
        AugmentationOptions.Require(RotationProbability is >= 0 and <= 1, nameof(RotationProbability), "a probability");
    }
}
