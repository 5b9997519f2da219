using MogaSharp.Imaging;

namespace MogaSharp.Drawing.Tests;

/// <summary>Images to draw on, and looks at what was drawn.</summary>
internal static class Pictures
{
    public static RgbImage Plain(int width, int height, RgbColor color)
    {
        var image = new RgbImage(width, height, new byte[width * height * 3]);
        for (int i = 0; i < image.Pixels.Length; i += 3)
            (image.Pixels[i], image.Pixels[i + 1], image.Pixels[i + 2]) = (color.Red, color.Green, color.Blue);
        return image;
    }

    public static RgbImage Noise(int width, int height, int seed = 1)
    {
        byte[] pixels = new byte[width * height * 3];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    public static RgbImage Drawn(RgbImage image, Action<Canvas> draw, DrawingScale? scale = null)
    {
        using var canvas = new Canvas(image, scale);
        draw(canvas);
        return canvas.ToImage();
    }

    public static RgbColor At(this RgbImage image, int x, int y)
    {
        Span<byte> pixel = image.Row(y)[(3 * x)..];
        return new RgbColor(pixel[0], pixel[1], pixel[2]);
    }

    public static IEnumerable<(int X, int Y, RgbColor Color)> All(this RgbImage image) =>
        Enumerable
            .Range(0, image.Width * image.Height)
            .Select(i => (i % image.Width, i / image.Width, image.At(i % image.Width, i / image.Width)));

    /// <summary>The smallest rectangle around what differs; null when nothing does.</summary>
    public static (int Left, int Top, int Right, int Bottom)? Difference(RgbImage a, RgbImage b)
    {
        (int left, int top, int right, int bottom) = (a.Width, a.Height, 0, 0);
        for (int y = 0; y < a.Height; y++)
        {
            for (int x = 0; x < a.Width; x++)
            {
                if (a.At(x, y) == b.At(x, y))
                    continue;
                (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x + 1), y + 1);
            }
        }

        return right == 0 ? null : (left, top, right, bottom);
    }
}
