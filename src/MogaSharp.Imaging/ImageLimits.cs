namespace MogaSharp.Imaging;

/// <summary>What an image may cost. The sizes are checked from the header, before any pixel is decoded.</summary>
public sealed record ImageLimits
{
    /// <summary>The default limits: 64 MiB, 100 megapixels, 32768 pixels a side.</summary>
    public static ImageLimits Default { get; } = new();

    // 3,000 frames of 800 x 600 pixels with the default of 100 million, some seconds of decoding.
    private const int WorkFactor = 16;

    /// <summary>The most bytes an encoded image may have. Default 64 MiB.</summary>
    public long MaxBytes { get; init; } = 64L << 20;

    /// <summary>The most pixels (width times height). Default 100 million.</summary>
    public long MaxPixels { get; init; } = 100_000_000;

    /// <summary>The most pixels of the longer side. Default 32768.</summary>
    public int MaxSide { get; init; } = 32768;

    internal void CheckBytes(long bytes, string imageName)
    {
        // An array holds no more than Array.MaxLength bytes, whatever the limit says.
        if (bytes > Math.Min(MaxBytes, Array.MaxLength))
            throw new ImageFormatException(imageName, $"the file has more bytes than the limit of {Math.Min(MaxBytes, Array.MaxLength)}");
    }

    /// <summary>An animation has the pixels of all its frames.</summary>
    internal void CheckFrames(long width, long height, long frames, string imageName)
    {
        long most = Math.Min(MaxPixels, Array.MaxLength / 3);
        if (width * height * frames > most)
            throw new ImageFormatException(imageName, $"{frames} frames of {width} x {height} pixels: the limit is {most} pixels in all");
    }

    /// <summary>Frames that are decoded one after another cost time, and the memory of one.</summary>
    internal void CheckWork(long width, long height, long frames, string imageName)
    {
        long most = MaxPixels < long.MaxValue / WorkFactor ? MaxPixels * WorkFactor : long.MaxValue;
        if (frames > most / (width * height))
            throw new ImageFormatException(imageName, $"{frames} frames of {width} x {height} pixels to decode: the limit is {most} pixels in all");
    }

    internal void CheckSize(long width, long height, string imageName)
    {
        if (width < 1 || height < 1)
            throw new ImageFormatException(imageName, $"the header gives an impossible size of {width} x {height} pixels");
        if (width > MaxSide || height > MaxSide)
            throw new ImageFormatException(imageName, $"{width} x {height} pixels: the limit of a side is {MaxSide}");
        long most = Math.Min(MaxPixels, Array.MaxLength / 3);
        if (width * height > most)
            throw new ImageFormatException(imageName, $"{width} x {height} pixels: the limit is {most} pixels");
    }
}
