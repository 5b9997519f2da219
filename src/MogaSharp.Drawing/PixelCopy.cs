using MogaSharp.Imaging;
using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>Copies pixels to Skia's layout of four bytes and back.</summary>
internal static class PixelCopy
{
    public static SKBitmap NewBitmap(int width, int height)
    {
        SkiaLibrary.EnsureLoaded();
        var bitmap = new SKBitmap();
        if (bitmap.TryAllocPixels(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque)))
            return bitmap;
        bitmap.Dispose();
        throw new InsufficientMemoryException($"There is no memory for an image of {width} x {height} pixels.");
    }

    public static SKBitmap ToBitmap(RgbImage image)
    {
        SKBitmap bitmap = NewBitmap(image.Width, image.Height);
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> from = image.Row(y);
            Span<byte> to = Row(bitmap, y);
            for (int x = 0, i = 0; x < to.Length; x += 4, i += 3)
                (to[x], to[x + 1], to[x + 2], to[x + 3]) = (from[i], from[i + 1], from[i + 2], 255);
        }

        return bitmap;
    }

    public static RgbImage ToImage(SKBitmap bitmap)
    {
        var image = new RgbImage(bitmap.Width, bitmap.Height, new byte[checked(bitmap.Width * bitmap.Height * 3)]);
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> from = Row(bitmap, y);
            Span<byte> to = image.Row(y);
            for (int x = 0, i = 0; i < to.Length; x += 4, i += 3)
                (to[i], to[i + 1], to[i + 2]) = (from[x], from[x + 1], from[x + 2]);
        }

        return image;
    }

    /// <summary>One row: red, green, blue and opacity of each pixel.</summary>
    public static unsafe Span<byte> Row(SKBitmap bitmap, int y) =>
        new((byte*)bitmap.GetPixels() + ((long)y * bitmap.RowBytes), bitmap.Width * 4);
}
