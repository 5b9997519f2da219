using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>An operation of RandAugment. The variants named so grow in effect with the magnitude where the plain ones do not.</summary>
public enum AugmentOperation
{
    /// <summary>Stretches each channel to the full range.</summary>
    AutoContrast,

    /// <summary>Evens the histogram of each channel out.</summary>
    Equalize,

    /// <summary>Inverts all samples.</summary>
    Invert,

    /// <summary>Turns by up to 30 degrees either way.</summary>
    Rotate,

    /// <summary>Keeps 0 to 4 bits.</summary>
    Posterize,

    /// <summary>Keeps 4 to 0 bits.</summary>
    PosterizeIncreasing,

    /// <summary>Inverts from the level 0 to 256.</summary>
    Solarize,

    /// <summary>Inverts from the level 256 to 0.</summary>
    SolarizeIncreasing,

    /// <summary>Adds 0 to 110 to the samples below 128.</summary>
    SolarizeAdd,

    /// <summary>Blends with gray, factor 0.1 to 1.9.</summary>
    Color,

    /// <summary>Blends with gray, factor 1 plus or minus 0 to 0.9.</summary>
    ColorIncreasing,

    /// <summary>Blends with the mean, factor 0.1 to 1.9.</summary>
    Contrast,

    /// <summary>Blends with the mean, factor 1 plus or minus 0 to 0.9.</summary>
    ContrastIncreasing,

    /// <summary>Blends with black, factor 0.1 to 1.9.</summary>
    Brightness,

    /// <summary>Blends with black, factor 1 plus or minus 0 to 0.9.</summary>
    BrightnessIncreasing,

    /// <summary>Blends with the smoothed image, factor 0.1 to 1.9.</summary>
    Sharpness,

    /// <summary>Blends with the smoothed image, factor 1 plus or minus 0 to 0.9.</summary>
    SharpnessIncreasing,

    /// <summary>Shifts rows against each other by up to 0.3 pixels a row.</summary>
    ShearX,

    /// <summary>Shifts columns against each other by up to 0.3 pixels a column.</summary>
    ShearY,

    /// <summary>Shifts by up to 0.45 of the width.</summary>
    TranslateXRel,

    /// <summary>Shifts by up to 0.45 of the height.</summary>
    TranslateYRel,
}

/// <summary>An operation with its argument, ready to be applied.</summary>
internal readonly record struct DrawnOperation(AugmentOperation Operation, double Argument, ResizeFilter Filter);

/// <summary>
/// The operations of RandAugment: lists, arguments and effects, after <c>timm/data/auto_augment.py</c> of version 0.6.13.
/// </summary>
public static class AugmentOperations
{
    /// <summary>The operations of a plain policy, in timm's order.</summary>
    public static IReadOnlyList<AugmentOperation> Plain { get; } =
    [
        AugmentOperation.AutoContrast,
        AugmentOperation.Equalize,
        AugmentOperation.Invert,
        AugmentOperation.Rotate,
        AugmentOperation.Posterize,
        AugmentOperation.Solarize,
        AugmentOperation.SolarizeAdd,
        AugmentOperation.Color,
        AugmentOperation.Contrast,
        AugmentOperation.Brightness,
        AugmentOperation.Sharpness,
        AugmentOperation.ShearX,
        AugmentOperation.ShearY,
        AugmentOperation.TranslateXRel,
        AugmentOperation.TranslateYRel,
    ];

    /// <summary>The operations of a policy with <c>inc1</c>, in timm's order.</summary>
    public static IReadOnlyList<AugmentOperation> Increasing { get; } =
    [
        AugmentOperation.AutoContrast,
        AugmentOperation.Equalize,
        AugmentOperation.Invert,
        AugmentOperation.Rotate,
        AugmentOperation.PosterizeIncreasing,
        AugmentOperation.SolarizeIncreasing,
        AugmentOperation.SolarizeAdd,
        AugmentOperation.ColorIncreasing,
        AugmentOperation.ContrastIncreasing,
        AugmentOperation.BrightnessIncreasing,
        AugmentOperation.SharpnessIncreasing,
        AugmentOperation.ShearX,
        AugmentOperation.ShearY,
        AugmentOperation.TranslateXRel,
        AugmentOperation.TranslateYRel,
    ];

    /// <summary>The weights of <c>w0</c>, in the order of the lists; they add up to 1.</summary>
    public static IReadOnlyList<double> Weights { get; } =
    [0.025, 0.005, 0, 0.3, 0, 0.005, 0.005, 0.025, 0.005, 0.005, 0.025, 0.2, 0.2, 0.1, 0.1];

    /// <summary>
    /// The argument of an operation: degrees, bits, a level, a blending factor, pixels of shift a pixel, or a part of the side.
    /// 0 for operations that take none.
    /// </summary>
    /// <param name="operation">The operation.</param>
    /// <param name="magnitude">The magnitude, 0 to 10 unless the policy says more.</param>
    /// <param name="isNegated">Whether to take the other direction, where there is one.</param>
    public static double Argument(AugmentOperation operation, double magnitude, bool isNegated)
    {
        double level = magnitude / RandAugment.LevelRange;
        return operation switch
        {
            AugmentOperation.Rotate => Signed(level * 30),
            AugmentOperation.Posterize => Math.Truncate(level * 4),
            AugmentOperation.PosterizeIncreasing => 4 - Math.Truncate(level * 4),
            AugmentOperation.Solarize => Math.Truncate(level * 256),
            AugmentOperation.SolarizeIncreasing => 256 - Math.Truncate(level * 256),
            AugmentOperation.SolarizeAdd => Math.Truncate(level * 110),
            AugmentOperation.Color or AugmentOperation.Contrast or AugmentOperation.Brightness or AugmentOperation.Sharpness => (
                level * 1.8
            ) + 0.1,
            AugmentOperation.ColorIncreasing
            or AugmentOperation.ContrastIncreasing
            or AugmentOperation.BrightnessIncreasing
            or AugmentOperation.SharpnessIncreasing => Math.Max(0.1, 1 + Signed(level * 0.9)),
            AugmentOperation.ShearX or AugmentOperation.ShearY => Signed(level * 0.3),
            AugmentOperation.TranslateXRel or AugmentOperation.TranslateYRel => Signed(level * 0.45),
            _ => 0,
        };

        double Signed(double value) => isNegated ? -value : value;
    }

    /// <summary>Applies an operation. Most work in place; geometric ones write to the spare pixels, and the two are exchanged.</summary>
    /// <returns>Where the pixels are now.</returns>
    internal static AffineMap Apply(in DrawnOperation drawn, ref AugmentBuffer buffer, ReadOnlySpan<byte> fill)
    {
        (int width, int height, int channels) = (buffer.Width, buffer.Height, buffer.Channels);
        Span<byte> pixels = buffer.Pixels;
        double argument = drawn.Argument;
        switch (drawn.Operation)
        {
            case AugmentOperation.AutoContrast:
                ToneOperations.AutoContrast(pixels, channels);
                break;
            case AugmentOperation.Equalize:
                ToneOperations.Equalize(pixels, channels);
                break;
            case AugmentOperation.Invert:
                ToneOperations.Invert(pixels);
                break;
            case AugmentOperation.Posterize or AugmentOperation.PosterizeIncreasing:
                ToneOperations.Posterize(pixels, (int)Math.Clamp(argument, 0, 8));
                break;
            case AugmentOperation.Solarize or AugmentOperation.SolarizeIncreasing:
                ToneOperations.Solarize(pixels, (int)argument);
                break;
            case AugmentOperation.SolarizeAdd:
                ToneOperations.SolarizeAdd(pixels, (int)argument);
                break;
            case AugmentOperation.Color or AugmentOperation.ColorIncreasing:
                Enhancement.Color(pixels, channels, argument);
                break;
            case AugmentOperation.Contrast or AugmentOperation.ContrastIncreasing:
                Enhancement.Contrast(pixels, channels, argument);
                break;
            case AugmentOperation.Brightness or AugmentOperation.BrightnessIncreasing:
                Enhancement.Brightness(pixels, argument);
                break;
            case AugmentOperation.Sharpness or AugmentOperation.SharpnessIncreasing:
                Enhancement.Sharpness(pixels, width, height, channels, argument);
                break;
            default:
                AffineMap toSource = drawn.Operation switch
                {
                    AugmentOperation.Rotate => AffineTransform.Rotation(argument, width, height),
                    AugmentOperation.ShearX => new AffineMap(1, argument, 0, 0, 1, 0),
                    AugmentOperation.ShearY => new AffineMap(1, 0, 0, argument, 1, 0),
                    AugmentOperation.TranslateXRel => new AffineMap(1, 0, argument * width, 0, 1, 0),
                    AugmentOperation.TranslateYRel => new AffineMap(1, 0, 0, 0, 1, argument * height),
                    _ => throw new ArgumentOutOfRangeException(nameof(drawn), drawn.Operation, "There is no such operation."),
                };
                AffineTransform.Apply(pixels, width, height, channels, buffer.Spare, toSource, drawn.Filter, fill);
                buffer.Exchange();
                return toSource.Inverse();
        }

        return AffineMap.Identity;
    }
}

/// <summary>The pixels of the image in work and as many for the next operation.</summary>
internal ref struct AugmentBuffer(Span<byte> pixels, Span<byte> spare, int width, int height, int channels)
{
    public readonly int Width => width;

    public readonly int Height => height;

    public readonly int Channels => channels;

    public Span<byte> Pixels { get; private set; } = pixels;

    public Span<byte> Spare { get; private set; } = spare;

    public void Exchange()
    {
        Span<byte> pixels = Pixels;
        Pixels = Spare;
        Spare = pixels;
    }
}
