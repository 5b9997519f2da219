using System.Globalization;

namespace MogaSharp.Imaging;

/// <summary>What an image may cost. The sizes are checked from the header, before any pixel is decoded.</summary>
public sealed record ImageLimits
{
    /// <summary>The environment variable that sets <see cref="MaxPixels"/> of <see cref="Default"/>: a number, such as 300000000 or
    /// 300M.</summary>
    public const string PixelsVariable = "MOGA_MAX_PIXELS";

    // Beyond this Pillow refuses an image too, as a decompression bomb.
    private const long UsualPixels = 2 * 89_478_485;

    // 6,000 frames of 800 x 600 pixels with the default, some seconds of decoding.
    private const int WorkFactor = 16;

    private static readonly Lazy<ImageLimits> FromEnvironment = new(ReadEnvironment);

    /// <summary>The default limits: 512 MiB, 178,956,970 pixels (Pillow's limit) or what <see cref="PixelsVariable"/> says, 32768 pixels a
    /// side.</summary>
    /// <exception cref="FormatException">The environment variable is set and is not a number of pixels.</exception>
    public static ImageLimits Default => FromEnvironment.Value;

    /// <summary>The most bytes an encoded image may have. Default 512 MiB: an image of so many pixels in TIFF without compression
    /// fits.</summary>
    public long MaxBytes { get; init; } = 512L << 20;

    /// <summary>The most pixels (width times height). Default 178,956,970.</summary>
    public long MaxPixels { get; init; } = UsualPixels;

    /// <summary>The most pixels of the longer side. Default 32768.</summary>
    public int MaxSide { get; init; } = 32768;

    /// <summary>Reads a number of pixels as people write it: 200000000, 200_000_000, 200M, 0.2G or 2e8.</summary>
    /// <param name="text">The text.</param>
    /// <param name="pixels">The number, from 1 to as many RGB pixels as an array holds.</param>
    public static bool TryParsePixels(string text, out long pixels)
    {
        string plain = text.Trim().Replace("_", "", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal).ToUpperInvariant();
        double unit =
            plain.EndsWith("MP", StringComparison.Ordinal) || plain.EndsWith('M') ? 1e6
            : plain.EndsWith('G') ? 1e9
            : plain.EndsWith('K') ? 1e3
            : 1;
        bool isNumber = double.TryParse(
            plain.TrimEnd('P', 'M', 'G', 'K'),
            NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture,
            out double number
        );
        pixels = isNumber && number * unit is >= 1 and <= long.MaxValue / 2 ? (long)Math.Round(number * unit) : 0;
        return pixels >= 1 && pixels <= Array.MaxLength / 3;
    }

    private static ImageLimits ReadEnvironment()
    {
        if (Environment.GetEnvironmentVariable(PixelsVariable) is not { Length: > 0 } text)
            return new ImageLimits();
        if (!TryParsePixels(text, out long pixels))
            throw new FormatException(
                $"{PixelsVariable} takes a number of pixels from 1 to {Array.MaxLength / 3}, such as 300000000 or 300M, not '{text}'."
            );
        // Who allows a panorama of so many pixels means its longer side too.
        return new ImageLimits { MaxPixels = pixels, MaxSide = (int)Math.Max(32768, pixels > UsualPixels ? pixels : 0) };
    }

    internal void CheckBytes(long bytes, string imageName)
    {
        // An array holds no more than Array.MaxLength bytes, whatever the limit says.
        if (bytes > Math.Min(MaxBytes, Array.MaxLength))
            throw new ImageFormatException(imageName, $"The file has more bytes than the limit of {Math.Min(MaxBytes, Array.MaxLength)}.");
    }

    /// <summary>An animation has the pixels of all its frames.</summary>
    internal void CheckFrames(long width, long height, long frames, string imageName)
    {
        long most = Math.Min(MaxPixels, Array.MaxLength / 3);
        if (width * height * frames > most)
            throw new ImageFormatException(
                imageName,
                $"The image has {frames} frames of {width} x {height} pixels; the limit is {most} pixels in all."
            );
    }

    /// <summary>Frames that are decoded one after another cost time, and the memory of one.</summary>
    internal void CheckWork(long width, long height, long frames, string imageName)
    {
        long most = MaxPixels < long.MaxValue / WorkFactor ? MaxPixels * WorkFactor : long.MaxValue;
        if (frames > most / (width * height))
            throw new ImageFormatException(
                imageName,
                $"The image has {frames} frames of {width} x {height} pixels to decode; the limit is {most} pixels in all."
            );
    }

    internal void CheckSize(long width, long height, string imageName)
    {
        if (width < 1 || height < 1)
            throw new ImageFormatException(imageName, $"The header gives an impossible size of {width} x {height} pixels.");
        if (width > MaxSide || height > MaxSide)
            throw new ImageFormatException(
                imageName,
                $"The image has {width} x {height} pixels; the limit of a side is {MaxSide} ({PixelsVariable} raises it)."
            );
        long most = Math.Min(MaxPixels, Array.MaxLength / 3);
        if (width * height > most)
            throw new ImageFormatException(
                imageName,
                $"The image has {width} x {height} pixels; the limit is {most} pixels ({PixelsVariable} raises it)."
            );
    }
}
