using System.Drawing;

namespace MogaSharp.Data;

/// <summary>
/// Draws the rectangle of a random-resized crop: <c>RandomResizedCropAndInterpolation.get_params</c> of
/// <c>timm/data/transforms.py</c> (0.6.13), which is that of torchvision.
/// </summary>
public static class RandomCrop
{
    private const int Attempts = 10;

    /// <summary>
    /// Ten times an area of the given scales and an aspect ratio, even in its logarithm, are drawn; the first rectangle that fits
    /// gets an even place. If none fits it is the largest centered one that keeps the ratios.
    /// </summary>
    /// <param name="random">The random numbers of the image.</param>
    /// <param name="width">The width of the image in pixels.</param>
    /// <param name="height">The height of the image in pixels.</param>
    /// <param name="options">The scales and ratios.</param>
    public static Rectangle Draw(RandomStream random, int width, int height, AugmentationOptions options)
    {
        double area = (double)width * height,
            lowest = Math.Log(options.MinRatio),
            highest = Math.Log(options.MaxRatio);
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            double target = random.NextDouble(options.MinScale, options.MaxScale) * area;
            double ratio = Math.Exp(random.NextDouble(lowest, highest));
            int columns = (int)Math.Round(Math.Sqrt(target * ratio)),
                rows = (int)Math.Round(Math.Sqrt(target / ratio));
            // timm would crash on a crop without pixels, which tiny images can give.
            if (columns is 0 || rows is 0 || columns > width || rows > height)
                continue;
            int top = random.NextInt(height - rows + 1);
            return new Rectangle(random.NextInt(width - columns + 1), top, columns, rows);
        }
        double whole = (double)width / height;
        Size size =
            whole < options.MinRatio ? new Size(width, (int)Math.Round(width / options.MinRatio))
            : whole > options.MaxRatio ? new Size((int)Math.Round(height * options.MaxRatio), height)
            : new Size(width, height);
        size = new Size(Math.Clamp(size.Width, 1, width), Math.Clamp(size.Height, 1, height));
        return new Rectangle((width - size.Width) / 2, (height - size.Height) / 2, size.Width, size.Height);
    }
}
