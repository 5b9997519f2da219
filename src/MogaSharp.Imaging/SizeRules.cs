using MogaSharp.Vision;

namespace MogaSharp.Imaging;

/// <summary>How the pipelines of the dense tasks choose the size of an image.</summary>
public static class SizeRules
{
    /// <summary>
    /// The largest size of the same aspect ratio that fits both limits, each side rounded to whole pixels: detection fits 1333 and 800,
    /// segmentation 2048 and 512.
    /// </summary>
    /// <param name="size">The size of the image, each side at least 1.</param>
    /// <param name="mostOfLonger">The limit of the longer side, at least 1.</param>
    /// <param name="mostOfShorter">The limit of the shorter side, at least 1.</param>
    /// <returns>Each side is at least 1.</returns>
    public static ImageSize KeepRatio(ImageSize size, int mostOfLonger, int mostOfShorter)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Width, nameof(size));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Height, nameof(size));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(mostOfLonger);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(mostOfShorter);
        double scale = Math.Min(
            (double)mostOfLonger / Math.Max(size.Width, size.Height),
            (double)mostOfShorter / Math.Min(size.Width, size.Height)
        );
        return new ImageSize(Scaled(size.Width, scale), Scaled(size.Height, scale));
    }

    /// <summary>Each side up to the next multiple: what detection pads to, and segmentation resizes to a second time.</summary>
    /// <param name="size">The size, each side at least 1.</param>
    /// <param name="multiple">At least 1; 32 for networks whose last maps have that stride.</param>
    public static ImageSize UpToMultiple(ImageSize size, int multiple)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Width, nameof(size));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Height, nameof(size));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(multiple);
        return new ImageSize(Up(size.Width, multiple), Up(size.Height, multiple));
    }

    // A line of pixels would vanish at a small scale.
    private static int Scaled(int side, double scale) => Math.Max(1, (int)((side * scale) + 0.5));

    private static int Up(int side, int multiple) => checked((side + multiple - 1) / multiple * multiple);
}
