namespace MogaSharp.Imaging;

/// <summary>The file formats that are decoded. Everything else is refused, whatever libvips could do with it.</summary>
internal enum EncodedFormat
{
    Unknown,
    Jpeg,
    Png,
    WebP,
    Bmp,
    Tiff,
    Gif,
}

/// <summary>Tells a format by its first bytes. File names play no part.</summary>
internal static class FormatSniffer
{
    /// <summary>The bytes that are looked at, at most.</summary>
    public const int MaxBytes = 12;

    public static EncodedFormat Sniff(ReadOnlySpan<byte> data)
    {
        if (data.StartsWith<byte>([0xFF, 0xD8, 0xFF]))
            return EncodedFormat.Jpeg;
        if (data.StartsWith<byte>([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
            return EncodedFormat.Png;
        if (data.StartsWith("RIFF"u8) && data.Length >= 12 && data[8..].StartsWith("WEBP"u8))
            return EncodedFormat.WebP;
        if (data.StartsWith("GIF87a"u8) || data.StartsWith("GIF89a"u8))
            return EncodedFormat.Gif;
        if (data.StartsWith("II*\0"u8) || data.StartsWith("MM\0*"u8))
            return EncodedFormat.Tiff;
        return data.StartsWith("BM"u8) ? EncodedFormat.Bmp : EncodedFormat.Unknown;
    }
}
