using NetVips;

namespace MogaSharp.Imaging.Native;

/// <summary>Encodes with libvips.</summary>
internal static class VipsEncoder
{
    /// <summary>Encodes an image as PNG.</summary>
    public static byte[] EncodePng(RgbImage image) =>
        Encode(image, "pngsave_buffer", new VOption { { "compression", 6 }, { "keep", Enums.ForeignKeep.None } });

    /// <summary>Encodes an image as JPEG.</summary>
    /// <param name="image">The image.</param>
    /// <param name="quality">1 to 100.</param>
    public static byte[] EncodeJpeg(RgbImage image, int quality) => Encode(image, "jpegsave_buffer", new VOption { { "Q", quality } });

    /// <summary>Encodes frames of one size that lie one under the other as an animation.</summary>
    public static byte[] EncodeGif(RgbImage strip, int frameHeight, int[] delays) =>
        Encode(
            strip,
            "gifsave_buffer",
            new VOption
            {
                { "dither", 0.0 },
                { "effort", 10 },
                { "keep_duplicate_frames", true },
            },
            image =>
            {
                image.Set(GValue.GIntType, "page-height", frameHeight);
                image.Set(GValue.GIntType, "loop", 0);
                image.Set(GValue.ArrayIntType, "delay", delays);
            }
        );

    private static byte[] Encode(RgbImage image, string saver, VOption options, Action<MutableImage>? describe = null)
    {
        VipsLibrary.EnsureStarted();
        try
        {
            using Image pixels = Image.NewFromMemoryCopy<byte>(image.Pixels, image.Width, image.Height, 3, Enums.BandFormat.Uchar);
            using Image? described = describe is null ? null : pixels.Mutate(describe);
            return (byte[])VipsLibrary.Call(saver, options, described ?? pixels);
        }
        catch (VipsException failure)
        {
            throw new InvalidOperationException($"{saver} failed: {VipsLibrary.Reason(failure)}", failure);
        }
    }
}
