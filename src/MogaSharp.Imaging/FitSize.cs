using System.Drawing;

namespace MogaSharp.Imaging;

/// <summary>Sizes to which images are resized with their aspect ratio kept, as MMCV's <c>rescale_size</c> has it.</summary>
public static class FitSize
{
    /// <summary>The largest size whose longer side is at most the longer of the limits and its shorter side at most the shorter.</summary>
    /// <param name="image">The size of the image, each side at least 1.</param>
    /// <param name="limits">The limits, in any order, each at least 1.</param>
    /// <returns>The size; each side is at least 1.</returns>
    public static Size Of(Size image, Size limits)
    {
        double longer = Math.Max(limits.Width, limits.Height),
            shorter = Math.Min(limits.Width, limits.Height);
        double scale = Math.Min(longer / Math.Max(image.Width, image.Height), shorter / Math.Min(image.Width, image.Height));
        return new Size(Math.Max(1, (int)((image.Width * scale) + 0.5)), Math.Max(1, (int)((image.Height * scale) + 0.5)));
    }

    /// <summary>Each side as a multiple of a number, the next larger.</summary>
    /// <param name="size">The size.</param>
    /// <param name="divisor">The number, at least 1.</param>
    public static Size RoundUp(Size size, int divisor) => new(Next(size.Width, divisor), Next(size.Height, divisor));

    private static int Next(int side, int divisor) => checked((side + divisor - 1) / divisor * divisor);
}
