using System.Drawing;

namespace MogaSharp.Data;

/// <summary>What comes into erased boxes. Inputs are normalized, so that 0 is the mean and the noise has the spread of the data.</summary>
public enum ErasingMode
{
    /// <summary>Zeros.</summary>
    Constant,

    /// <summary>One normal random number for each channel of a box.</summary>
    Color,

    /// <summary>A normal random number for each sample.</summary>
    Pixel,
}

/// <summary>Options of random erasing. The defaults are those of the official recipe: timm's, with <c>--reprob 0.25 --remode
/// pixel</c>.</summary>
public sealed record ErasingOptions
{
    /// <summary>The probability that an image loses boxes, 0..1. Default 0.25.</summary>
    public double Probability { get; init; } = 0.25;

    /// <summary>What comes into the boxes. Default <see cref="ErasingMode.Pixel"/>.</summary>
    public ErasingMode Mode { get; init; } = ErasingMode.Pixel;

    /// <summary>The smallest part of the image that all boxes together cover, more than 0. Default 0.02.</summary>
    public double MinArea { get; init; } = 0.02;

    /// <summary>The largest part of the image that all boxes together cover, at most 1. Default 1/3.</summary>
    public double MaxArea { get; init; } = 1.0 / 3;

    /// <summary>The smallest ratio of height to width of a box; its inverse is the largest. More than 0, at most 1. Default 0.3.</summary>
    public double MinAspect { get; init; } = 0.3;

    /// <summary>The most boxes; the number is even between 1 and it. Default 1.</summary>
    public int MaxCount { get; init; } = 1;

    internal void Check()
    {
        AugmentationOptions.Require(Probability is >= 0 and <= 1, nameof(Probability), "a probability");
        AugmentationOptions.Require(Enum.IsDefined(Mode), nameof(Mode), "not a mode");
        AugmentationOptions.Require(
            MinArea > 0 && MinArea <= MaxArea && MaxArea <= 1,
            nameof(MinArea),
            "the areas must be 0 < least <= most <= 1"
        );
        AugmentationOptions.Require(MinAspect is > 0 and <= 1, nameof(MinAspect), "more than 0 and at most 1");
        AugmentationOptions.Require(MaxCount is >= 1 and <= 100, nameof(MaxCount), "1 to 100");
    }
}

/// <summary>
/// Random erasing: fills boxes of a normalized image. The source is <c>timm/data/random_erasing.py</c> of version 0.6.13, after
/// Zhong et al., "Random Erasing Data Augmentation". Immutable, safe to use from many threads at once.
/// </summary>
public sealed class RandomErasing
{
    private const int Attempts = 10;

    /// <summary>Makes an eraser.</summary>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public RandomErasing(ErasingOptions options)
    {
        options.Check();
        Options = options;
    }

    /// <summary>The options.</summary>
    public ErasingOptions Options { get; }

    /// <summary>Draws the boxes of one image; most often none.</summary>
    /// <param name="random">The random numbers of the image.</param>
    /// <param name="width">The width of the image in pixels.</param>
    /// <param name="height">The height of the image in pixels.</param>
    /// <param name="boxes">At least <see cref="ErasingOptions.MaxCount"/> places; the boxes are written to the first ones.</param>
    /// <returns>The number of boxes.</returns>
    public int Plan(RandomStream random, int width, int height, Span<Rectangle> boxes)
    {
        if (!random.NextBool(Options.Probability))
            return 0;
        int wanted = 1 + random.NextInt(Options.MaxCount),
            found = 0;
        double area = (double)width * height,
            aspect = Math.Log(Options.MinAspect);
        for (int box = 0; box < wanted; box++)
        {
            for (int attempt = 0; attempt < Attempts; attempt++)
            {
                double target = random.NextDouble(Options.MinArea, Options.MaxArea) * area / wanted;
                double ratio = Math.Exp(random.NextDouble(aspect, -aspect));
                int rows = (int)Math.Round(Math.Sqrt(target * ratio)),
                    columns = (int)Math.Round(Math.Sqrt(target / ratio));
                if (columns >= width || rows >= height)
                    continue;
                int top = random.NextInt(height - rows + 1);
                boxes[found++] = new Rectangle(random.NextInt(width - columns + 1), top, columns, rows);
                break;
            }
        }
        return found;
    }

    /// <summary>Draws the boxes of one image and fills them.</summary>
    /// <param name="random">The random numbers of the image.</param>
    /// <param name="image">channels x height x width normalized values, changed in place.</param>
    /// <param name="width">The width of the image in pixels.</param>
    /// <param name="height">The height of the image in pixels.</param>
    public void Apply(RandomStream random, Span<float> image, int width, int height)
    {
        Span<Rectangle> boxes = stackalloc Rectangle[Options.MaxCount];
        int count = Plan(random, width, height, boxes);
        foreach (Rectangle box in boxes[..count])
        {
            for (int plane = 0; plane < image.Length; plane += width * height)
            {
                float colour = Options.Mode == ErasingMode.Color ? (float)random.NextGaussian() : 0;
                for (int y = box.Top; y < box.Bottom; y++)
                {
                    Span<float> row = image.Slice(plane + (y * width) + box.Left, box.Width);
                    if (Options.Mode != ErasingMode.Pixel)
                        row.Fill(colour);
                    else
                        foreach (ref float value in row)
                            value = (float)random.NextGaussian();
                }
            }
        }
    }
}
