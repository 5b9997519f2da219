using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace MogaSharp.Imaging;

/// <summary>
/// An image whose pixels are numbers and not colors, such as a map of classes: a PNG with a palette, whose places are the numbers, or a
/// gray PNG, whose samples are. Safe to use from many threads at once.
/// </summary>
public sealed class IndexPng
{
    private const int MostColors = 256;

    internal IndexPng(int width, int height, ushort[] values) => (Width, Height, Values) = (width, height, values);

    /// <summary>Pixels of a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>The numbers as they are stored, height x width, row by row: 0..1, 3, 15, 255 or 65535 by the bits of a pixel.</summary>
    public ushort[] Values { get; }

    /// <summary>Reads a file. The palette, opacity and everything else that is for the eye is not looked at.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">What the image may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">The file is not a PNG with a palette or in gray, is damaged, or larger than the
    /// limits.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IndexPng Load(string path, ImageLimits? limits = null)
    {
        limits ??= ImageLimits.Default;
        string name = Path.GetFileName(path);
        using FileStream stream = ImageDecoder.Open(path, FileOptions.SequentialScan);
        limits.CheckBytes(stream.Length, name);
        byte[] data = new byte[stream.Length];
        // A file that becomes shorter meanwhile is cut off.
        int length = stream.ReadAtLeast(data, data.Length, throwOnEndOfStream: false);
        return Decode(data.AsSpan(0, length), name, limits);
    }

    /// <summary>Decodes a file in memory.</summary>
    /// <param name="data">The content of the file.</param>
    /// <param name="name">The name of the image in messages.</param>
    /// <param name="limits">What the image may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">It is not a PNG with a palette or in gray, is damaged, or larger than the limits.</exception>
    public static IndexPng Decode(ReadOnlySpan<byte> data, string name = "image", ImageLimits? limits = null) =>
        IndexPngReader.Read(data, name, limits ?? ImageLimits.Default);

    /// <summary>Makes a PNG with a palette, 8 bits a pixel.</summary>
    /// <param name="values">height x width places in the palette, row by row.</param>
    /// <param name="width">Pixels of a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="palette">Red, green and blue of 1 to 256 colors, one after the other.</param>
    /// <exception cref="ArgumentException">The numbers do not fill the image, there are too few or too many colors, or a number has
    /// none.</exception>
    public static byte[] Encode(ReadOnlySpan<byte> values, int width, int height, ReadOnlySpan<byte> palette)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (values.Length != (long)width * height)
            throw new ArgumentException($"{width} x {height} pixels are not {values.Length} numbers.", nameof(values));
        int colors = palette.Length / 3;
        if (colors is < 1 or > MostColors || palette.Length % 3 != 0)
            throw new ArgumentException($"{palette.Length} samples are not 1 to {MostColors} colors.", nameof(palette));
        int wrong = colors == MostColors ? -1 : values.IndexOfAnyInRange((byte)colors, byte.MaxValue);
        if (wrong >= 0)
            throw new ArgumentException($"The number {values[wrong]} has no color; there are {colors}.", nameof(values));
        using var png = new MemoryStream();
        png.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        (header[8], header[9], header[10], header[11], header[12]) = (8, IndexPngReader.PaletteType, 0, 0, 0);
        WriteChunk(png, "IHDR"u8, header);
        WriteChunk(png, "PLTE"u8, palette);
        WriteChunk(png, "IDAT"u8, Compressed(values, width));
        WriteChunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    /// <summary>Writes a PNG file with a palette, as <see cref="Encode"/> makes it. The file appears under its name only when it is
    /// complete.</summary>
    /// <param name="path">The file to write; an older file of that name is replaced.</param>
    /// <param name="values">height x width places in the palette, row by row.</param>
    /// <param name="width">Pixels of a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="palette">Red, green and blue of 1 to 256 colors, one after the other.</param>
    /// <exception cref="ArgumentException">As for <see cref="Encode"/>.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(string path, ReadOnlySpan<byte> values, int width, int height, ReadOnlySpan<byte> palette) =>
        AtomicFile.Write(path, Encode(values, width, height, palette));

    // Rows are stored as they are: differences of neighbors mean nothing for places in a palette.
    private static byte[] Compressed(ReadOnlySpan<byte> values, int width)
    {
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (int at = 0; at < values.Length; at += width)
            {
                zlib.WriteByte(0);
                zlib.Write(values.Slice(at, width));
            }
        }

        return compressed.ToArray();
    }

    private static void WriteChunk(MemoryStream png, ReadOnlySpan<byte> kind, ReadOnlySpan<byte> content)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        png.Write(number);
        int start = (int)png.Position;
        png.Write(kind);
        png.Write(content);
        uint check = Crc32.HashToUInt32(png.GetBuffer().AsSpan(start, kind.Length + content.Length));
        BinaryPrimitives.WriteUInt32BigEndian(number, check);
        png.Write(number);
    }
}
