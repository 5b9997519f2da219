using System.Collections.Immutable;
using System.Drawing;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>What chance decides about an image and its objects.</summary>
/// <param name="Longer">The limit of the longer side.</param>
/// <param name="Shorter">The limit of the shorter side.</param>
/// <param name="IsFlipped">Whether left and right are exchanged.</param>
/// <param name="Crop">What is cropped first; null for nothing.</param>
/// <param name="Jitter">The size in place of the two limits; null for none.</param>
internal sealed record DetectionDraw(int Longer, int Shorter, bool IsFlipped, CropDraw? Crop = null, JitterDraw? Jitter = null)
{
    public static DetectionDraw Draw(DetectionTransformOptions options, RandomStream random)
    {
        (int longer, int shorter) = options.Choice switch
        {
            ScaleChoice.Between => (Between(options.Scales.Select(Longest), random), Between(options.Scales.Select(Shortest), random)),
            _ => OneOf(options.Scales, random),
        };
        bool isFlipped = random.NextBool(options.Flip);
        CropDraw? crop =
            options.Crop > 0 && random.NextBool(options.Crop)
                ? new CropDraw(
                    options.CropScales[random.NextInt(options.CropScales.Length)],
                    (random.NextDouble(), random.NextDouble()),
                    (random.NextDouble(), random.NextDouble())
                )
                : null;
        JitterDraw? jitter = options.Jitter is var (least, most)
            ? new JitterDraw(random.NextDouble(least, most), (random.NextDouble(), random.NextDouble()))
            : null;
        return new DetectionDraw(longer, shorter, isFlipped, crop, jitter);
    }

    private static (int Longer, int Shorter) OneOf(ImmutableArray<Size> scales, RandomStream random)
    {
        Size scale = scales[random.NextInt(scales.Length)];
        return (Longest(scale), Shortest(scale));
    }

    private static int Between(IEnumerable<int> limits, RandomStream random)
    {
        (int least, int most) = (limits.Min(), limits.Max());
        return least + random.NextInt(most - least + 1);
    }

    private static int Longest(Size scale) => Math.Max(scale.Width, scale.Height);

    private static int Shortest(Size scale) => Math.Min(scale.Width, scale.Height);
}

/// <summary>What chance decides about a crop.</summary>
/// <param name="Shorter">What the shorter side of the image is made first.</param>
/// <param name="Size">Where its width and height lie between the least and the largest, 0..1.</param>
/// <param name="Place">Where it begins, as parts of the room that there is.</param>
internal sealed record CropDraw(int Shorter, (double Width, double Height) Size, (double X, double Y) Place)
{
    /// <summary>The crop, in the image resized for it, and that one's size.</summary>
    public (ImageSize Resized, Rectangle Crop) In(ImageSize image, int longer, ImmutableArray<int> sides)
    {
        ImageSize resized = SizeRules.KeepRatio(image, Math.Max(longer, Shorter), Shorter);
        (int width, int height) = (Side(resized.Width, Size.Width, sides), Side(resized.Height, Size.Height, sides));
        return (
            resized,
            new Rectangle((int)(Place.X * (resized.Width - width + 1)), (int)(Place.Y * (resized.Height - height + 1)), width, height)
        );
    }

    private static int Side(int length, double draw, ImmutableArray<int> sides)
    {
        (int least, int most) = (Math.Min(length, sides[0]), Math.Min(length, sides[1]));
        return least + (int)(draw * (most - least + 1));
    }
}

/// <summary>What chance decides about the size of an image.</summary>
/// <param name="Factor">How large it is, in parts of the input.</param>
/// <param name="Place">Which part is taken of what is larger than the input, as parts of the room that there is.</param>
internal sealed record JitterDraw(double Factor, (double X, double Y) Place)
{
    /// <summary>The size of the image and the part of it that is taken, at most as large as the input.</summary>
    public (ImageSize Whole, Rectangle Window) In(ImageSize image, ImageSize input)
    {
        double scale = Factor * Math.Min((double)input.Width / image.Width, (double)input.Height / image.Height);
        var whole = new ImageSize(Side(image.Width * scale), Side(image.Height * scale));
        (int width, int height) = (Math.Min(whole.Width, input.Width), Math.Min(whole.Height, input.Height));
        return (
            whole,
            new Rectangle((int)(Place.X * (whole.Width - width + 1)), (int)(Place.Y * (whole.Height - height + 1)), width, height)
        );
    }

    private static int Side(double side) => Math.Max(1, (int)(side + 0.5));
}
