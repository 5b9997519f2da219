using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Tasks;

/// <summary>What a network sees, as an image again.</summary>
internal static class SeenImage
{
    /// <summary>An input as an image.</summary>
    /// <param name="input">(1, 3, H, W).</param>
    /// <param name="options">How it was prepared.</param>
    public static RgbImage Of(Tensor input, PreprocessOptions options)
    {
        int plane = input.Shape[2] * input.Shape[3];
        var pixels = new byte[3 * plane];
        for (int i = 0; i < pixels.Length; i++)
        {
            int channel = i % 3,
                from = options.IsBgr ? 2 - channel : channel;
            double value =
                (input.Data[(from * plane) + (i / 3)] * options.StandardDeviation[from % options.StandardDeviation.Length])
                + options.Mean[from % options.Mean.Length];
            pixels[i] = (byte)Math.Clamp(Math.Round(255 * value), 0, 255);
        }

        return RgbImage.FromPixels(pixels, input.Shape[3], input.Shape[2], PixelLayout.Rgb);
    }

    /// <summary>The left upper part of an image, without what was added to it.</summary>
    public static RgbImage Cut(RgbImage image, ImageSize size)
    {
        var part = new RgbImage(size.Width, size.Height, new byte[3 * size.Width * size.Height]);
        for (int y = 0; y < size.Height; y++)
            image.Row(y)[..(3 * size.Width)].CopyTo(part.Row(y));
        return part;
    }

    /// <summary>The same part of a map (1, H, W), from 0 to 1 again.</summary>
    public static Tensor Cut(Tensor map, ImageSize size)
    {
        var part = new Tensor(new Shape(1, size.Height, size.Width));
        for (int y = 0; y < size.Height; y++)
            map.Span.Slice(y * map.Shape[2], size.Width).CopyTo(part.Span[(y * size.Width)..]);
        return CamSession.Rescaled(part);
    }
}
