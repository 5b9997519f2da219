using MogaSharp.Imaging;

namespace MogaSharp.Fuzz;

/// <summary>Images: those formats that are read by our own code, and GIF, whose blocks are walked by it before libvips sees them.</summary>
internal static class ImageTargets
{
    private static readonly ImageLimits Limits = new() { MaxPixels = 1 << 20, MaxSide = 4096 };

    public static FuzzTarget[] All { get; } =
    [
        Target("bmp", "image.bmp", input => ImageDecoder.Decode(input.Content, input.Name, Limits)),
        Target("gif", "image.gif", ReadGif),
        Target("index-png", "labels.png", input => IndexPng.Decode(input.Content, input.Name, Limits)),
        Target("tiff", "image.tif", input => ImageDecoder.Decode(input.Content, input.Name, Limits)),
    ];

    private static FuzzTarget Target(string name, string fileName, Action<FuzzInput> read) =>
        new(name, fileName, typeof(ImageFormatException), read);

    private static void ReadGif(FuzzInput input)
    {
        ImageDecoder.Decode(input.Content, input.Name, Limits);
        GifAnimation.Decode(input.Content, input.Name, Limits);
        foreach (RgbImage _ in GifAnimation.ReadFrames(input.ToFile(), 1, 2, Limits)) { }
    }
}
