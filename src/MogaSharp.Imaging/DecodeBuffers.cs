namespace MogaSharp.Imaging;

/// <summary>
/// Memory that decoding uses again and again, so that reading many images one after another allocates almost nothing. An image
/// that lies in it is valid until the next one is decoded with it. Not safe to use from many threads at once.
/// </summary>
public sealed class DecodeBuffers
{
    private const int MaxKept = 128 << 20;

    private byte[] _encoded = [];
    private byte[] _pixels = [];

    /// <summary>At least so many bytes for a file; the content is undefined.</summary>
    internal byte[] Encoded(int length) => Grown(ref _encoded, length);

    /// <summary>At least so many bytes for pixels; the content is undefined.</summary>
    internal byte[] Pixels(int length) => Grown(ref _pixels, length);

    private static byte[] Grown(ref byte[] buffer, int length)
    {
        if (buffer.Length >= length)
            return buffer;
        // One huge image must not keep its memory for good, on every thread that meets one.
        if (length > MaxKept)
            return GC.AllocateUninitializedArray<byte>(length);
        // Images of a set have similar sizes: once it grows, a little more room spares most of the growing.
        long room = buffer.Length == 0 ? length : Math.Min(length + (length / 4L), Array.MaxLength);
        return buffer = GC.AllocateUninitializedArray<byte>((int)room);
    }
}

/// <summary>Decoded RGB pixels; the array is as long as they need unless it is somebody's buffer.</summary>
internal readonly record struct DecodedPixels(byte[] Array, int Width, int Height)
{
    /// <summary>What decoding lost.</summary>
    public ImageConversions Conversions { get; init; }

    public static DecodedPixels Of(RgbImage image) => new(image.Pixels, image.Width, image.Height) { Conversions = image.Conversions };

    public RgbImage ToImage() => new(Width, Height, Array) { Conversions = Conversions };

    public PixelBlock ToBlock() => new(Array.AsMemory(0, Width * Height * 3), Width, Height, PixelLayout.Rgb) { Conversions = Conversions };
}
