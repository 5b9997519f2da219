using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using MogaSharp.Imaging.Native;

namespace MogaSharp.Imaging;

/// <summary>
/// Reads the numbers of a PNG. libvips, which reads PNG otherwise, turns the places of a palette into colors at once.
/// </summary>
internal static class IndexPngReader
{
    /// <summary>The type of images with a palette in the header.</summary>
    public const byte PaletteType = 3;

    private const byte GrayType = 0;
    private const int SignatureBytes = 8;
    private const int ChunkBytes = 12;
    private const int MostFilter = 4;

    // No data expands more: 258 bytes for two bits.
    private const long MostExpansion = 1032;

    // First column and row, and steps, of the seven images that an interlaced one is stored as; and of the one that another is.
    private static readonly Part[] Interlaced =
    [
        new(0, 0, 8, 8),
        new(4, 0, 8, 8),
        new(0, 4, 4, 8),
        new(2, 0, 4, 4),
        new(0, 2, 2, 4),
        new(1, 0, 2, 2),
        new(0, 1, 1, 2),
    ];
    private static readonly Part[] Plain = [new(0, 0, 1, 1)];

    private readonly record struct Part(int X, int Y, int StepX, int StepY)
    {
        public int WidthOf(Header header) => (header.Width - X + StepX - 1) / StepX;

        public int HeightOf(Header header) => (header.Height - Y + StepY - 1) / StepY;
    }

    private readonly record struct Header(int Width, int Height, int Bits, bool IsInterlaced)
    {
        public Part[] Parts => IsInterlaced ? Interlaced : Plain;

        public int RowBytes(int pixels) => (int)((((long)pixels * Bits) + 7) / 8);
    }

    /// <summary>Decodes a file.</summary>
    /// <exception cref="ImageFormatException">It is not such a PNG, is damaged, or larger than the limits.</exception>
    public static IndexPng Read(ReadOnlySpan<byte> data, string name, ImageLimits limits)
    {
        limits.CheckBytes(data.Length, name);
        EncodedFormat format = FormatSniffer.Sniff(data);
        if (format == EncodedFormat.Unknown)
            throw new ImageFormatException(name, data.IsEmpty ? "The file is empty." : ForeignFormats.Problem(data));
        if (format != EncodedFormat.Png)
            throw new ImageFormatException(name, $"This is a {format} image; numbers of pixels are read from PNG images.");
        PngStructure.CheckHeader(data, name, limits);
        using var compressed = new MemoryStream();
        Header header = ReadChunks(data, name, compressed);
        using IDisposable? turn = LargeImages.Enter((long)header.Width * header.Height, CancellationToken.None);
        long expected = header.Parts.Sum(part => (long)part.HeightOf(header) * header.RowBytes(part.WidthOf(header)));
        if (expected > (compressed.Length + 1) * MostExpansion)
            throw Corrupt(name, "its pixels are missing");
        compressed.Position = 0;
        ushort[] values = new ushort[header.Width * header.Height];
        try
        {
            using var pixels = new ZLibStream(compressed, CompressionMode.Decompress);
            foreach (Part part in header.Parts)
                ReadPart(pixels, header, part, name, values);
            // Behind the pixels is their checksum, which is looked at only when the end is met.
            pixels.ReadByte();
        }
        catch (InvalidDataException problem)
        {
            throw Corrupt(name, "its pixels cannot be unpacked", problem);
        }

        return new IndexPng(header.Width, header.Height, values);
    }

    private static Header ReadChunks(ReadOnlySpan<byte> data, string name, MemoryStream compressed)
    {
        Header? header = null;
        for (int at = SignatureBytes; ; )
        {
            if (data.Length - at < ChunkBytes)
                throw Corrupt(name, "it is cut off");
            uint length = BinaryPrimitives.ReadUInt32BigEndian(data[at..]);
            if (length > data.Length - at - ChunkBytes)
                throw Corrupt(name, "it is cut off");
            ReadOnlySpan<byte> kind = data.Slice(at + 4, 4),
                content = data.Slice(at + 8, (int)length);
            // A capital letter marks what an image cannot be read without.
            bool isNeeded = (kind[0] & 0x20) == 0;
            if (
                isNeeded
                && Crc32.HashToUInt32(data.Slice(at + 4, (int)length + 4))
                    != BinaryPrimitives.ReadUInt32BigEndian(data[(at + 8 + (int)length)..])
            )
                throw Corrupt(name, $"the checksum of '{Encoding.Latin1.GetString(kind)}' is wrong");
            if (header is null)
                header = ReadHeader(content, name);
            else if (kind.SequenceEqual("IDAT"u8))
                compressed.Write(content);
            else if (kind.SequenceEqual("IEND"u8))
                return header.Value;
            at += ChunkBytes + (int)length;
        }
    }

    // That it is the header, and its size, was checked before.
    private static Header ReadHeader(ReadOnlySpan<byte> content, string name)
    {
        if (content.Length != 13)
            throw Corrupt(name, "its header has another length than it should");
        (int bits, int type) = (content[8], content[9]);
        if (type is 2 or 4 or 6)
            throw new ImageFormatException(name, "The pixels are colors or have opacity; numbers are read from a palette or gray.");
        bool isKnown = (type == GrayType && bits is 1 or 2 or 4 or 8 or 16) || (type == PaletteType && bits is 1 or 2 or 4 or 8);
        if (!isKnown || content[10] != 0 || content[11] != 0 || content[12] > 1)
            throw Corrupt(name, "its header is not one of PNG");
        return new Header(
            BinaryPrimitives.ReadInt32BigEndian(content),
            BinaryPrimitives.ReadInt32BigEndian(content[4..]),
            bits,
            content[12] == 1
        );
    }

    private static void ReadPart(ZLibStream pixels, Header header, Part part, string name, ushort[] values)
    {
        int width = part.WidthOf(header),
            pixelBytes = Math.Max(1, header.Bits / 8);
        if (width <= 0)
            return;
        // Each begins with the number of its filter. Above the first row are zeros.
        byte[] row = new byte[1 + header.RowBytes(width)],
            above = new byte[row.Length];
        for (int y = part.Y; y < header.Height; y += part.StepY)
        {
            if (pixels.ReadAtLeast(row, row.Length, throwOnEndOfStream: false) < row.Length)
                throw Corrupt(name, "its pixels are cut off");
            if (row[0] > MostFilter)
                throw Corrupt(name, $"there is no filter {row[0]}");
            Unfilter(row[0], row.AsSpan(1), above.AsSpan(1), pixelBytes);
            for (int i = 0, at = (y * header.Width) + part.X; i < width; i++, at += part.StepX)
                values[at] = Number(row.AsSpan(1), i, header.Bits);
            (row, above) = (above, row);
        }
    }

    private static ushort Number(ReadOnlySpan<byte> row, int x, int bits)
    {
        if (bits == 16)
            return BinaryPrimitives.ReadUInt16BigEndian(row[(2 * x)..]);
        int perByte = 8 / bits,
            shift = 8 - bits - (x % perByte * bits);
        return (ushort)((row[x / perByte] >> shift) & ((1 << bits) - 1));
    }

    private static void Unfilter(byte filter, Span<byte> row, ReadOnlySpan<byte> above, int pixelBytes)
    {
        if (filter == 0)
            return;
        for (int i = 0; i < row.Length; i++)
        {
            byte left = i < pixelBytes ? (byte)0 : row[i - pixelBytes],
                upperLeft = i < pixelBytes ? (byte)0 : above[i - pixelBytes];
            row[i] += filter switch
            {
                1 => left,
                2 => above[i],
                3 => (byte)((left + above[i]) / 2),
                _ => Paeth(left, above[i], upperLeft),
            };
        }
    }

    private static byte Paeth(byte left, byte above, byte upperLeft)
    {
        int toLeft = Math.Abs(above - upperLeft),
            toAbove = Math.Abs(left - upperLeft),
            toUpperLeft = Math.Abs(left + above - (2 * upperLeft));
        return toLeft <= toAbove && toLeft <= toUpperLeft ? left
            : toAbove <= toUpperLeft ? above
            : upperLeft;
    }

    private static ImageFormatException Corrupt(string name, string reason, Exception? cause = null) =>
        new(name, $"The PNG image is truncated or corrupt ({reason}).", cause);
}
