using System.Buffers.Binary;
using System.Numerics;

namespace MogaSharp.Imaging;

/// <summary>
/// Reads Windows and OS/2 bitmaps of 1, 4, 8, 16, 24 and 32 bits, with bit masks and run-length codes. The only loader of
/// libvips for this format hands it to ImageMagick, which is not made for hostile files.
/// </summary>
internal static class BmpDecoder
{
    private const int FileHeaderBytes = 14;
    private const int CoreHeaderBytes = 12;

    private enum Compression
    {
        None = 0,
        RunLength8 = 1,
        RunLength4 = 2,
        BitFields = 3,
        AlphaBitFields = 6,
    }

    public static RgbImage Decode(ReadOnlySpan<byte> data, string name, ImageLimits limits)
    {
        if (data.Length < FileHeaderBytes + CoreHeaderBytes)
            throw Bad(name, "truncated header");
        uint pixelOffset = BinaryPrimitives.ReadUInt32LittleEndian(data[10..]);
        uint headerBytes = BinaryPrimitives.ReadUInt32LittleEndian(data[FileHeaderBytes..]);
        bool isCore = headerBytes == CoreHeaderBytes;
        if (headerBytes is not (12 or 40 or 52 or 56 or 64 or 108 or 124))
            throw Bad(name, $"unknown header of {headerBytes} bytes");
        if (data.Length < FileHeaderBytes + headerBytes)
            throw Bad(name, "truncated header");
        ReadOnlySpan<byte> header = data.Slice(FileHeaderBytes, (int)headerBytes);

        long width = isCore ? BinaryPrimitives.ReadUInt16LittleEndian(header[4..]) : BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        long signedHeight = isCore
            ? BinaryPrimitives.ReadUInt16LittleEndian(header[6..])
            : BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(header[(isCore ? 10 : 14)..]);
        var compression = isCore ? Compression.None : (Compression)BinaryPrimitives.ReadUInt32LittleEndian(header[16..]);
        limits.CheckSize(width, Math.Abs(signedHeight), name);
        CheckPair(bits, compression, name);
        if (pixelOffset > data.Length)
            throw Bad(name, "the pixels begin behind the end of the file");

        var image = new RawImage((int)width, (int)Math.Abs(signedHeight), bits, signedHeight < 0);
        ReadOnlySpan<byte> pixels = data[(int)pixelOffset..];
        if (bits > 8)
        {
            uint[] masks = ReadMasks(data, header, bits, compression, name);
            return ReadDirect(pixels, image, masks, name);
        }
        ReadOnlySpan<byte> palette = ReadPalette(data, header, bits, isCore, pixelOffset);
        byte[] indices =
            compression == Compression.None
                ? UnpackIndices(pixels, image, name)
                : BmpRunLength.Decode(pixels, image.Width, image.Height, compression == Compression.RunLength4, name);
        return ApplyPalette(indices, image, palette);
    }

    internal static ImageFormatException Bad(string name, string problem) =>
        new(name, $"The BMP image is corrupt or unsupported: {problem}.");

    private readonly record struct RawImage(int Width, int Height, int Bits, bool IsTopDown)
    {
        public long RowBytes => (((long)Width * Bits) + 31) / 32 * 4;

        public int TargetRow(int storedRow) => IsTopDown ? storedRow : Height - 1 - storedRow;
    }

    private static void CheckPair(int bits, Compression compression, string name)
    {
        bool isKnown = compression switch
        {
            Compression.None => bits is 1 or 4 or 8 or 16 or 24 or 32,
            Compression.RunLength8 => bits == 8,
            Compression.RunLength4 => bits == 4,
            Compression.BitFields or Compression.AlphaBitFields => bits is 16 or 32,
            _ => false,
        };
        if (!isKnown)
            throw Bad(name, $"{bits} bits a pixel with compression {(uint)compression}");
    }

    private static ReadOnlySpan<byte> Stored(ReadOnlySpan<byte> pixels, RawImage image, int row, string name)
    {
        // The last row may lack its padding.
        long start = row * image.RowBytes,
            used = (((long)image.Width * image.Bits) + 7) / 8;
        if (start + used > pixels.Length)
            throw Bad(name, $"truncated at row {row} of {image.Height}");
        return pixels.Slice((int)start, (int)used);
    }

    private static uint[] ReadMasks(ReadOnlySpan<byte> data, ReadOnlySpan<byte> header, int bits, Compression compression, string name)
    {
        if (compression == Compression.None)
            return bits == 16 ? [0x7C00, 0x03E0, 0x001F, 0] : [0x00FF0000, 0x0000FF00, 0x000000FF, 0];
        // Newer headers contain the masks, in the old one they follow; both are at the same place in the file.
        int count = header.Length >= 56 || compression == Compression.AlphaBitFields ? 4 : 3;
        if (data.Length < FileHeaderBytes + 40 + (count * 4))
            throw Bad(name, "truncated bit masks");
        uint[] masks = new uint[4];
        for (int i = 0; i < count; i++)
            masks[i] = BinaryPrimitives.ReadUInt32LittleEndian(data[(FileHeaderBytes + 40 + (i * 4))..]);
        if (masks.Take(3).Any(mask => mask == 0))
            throw Bad(name, "an empty bit mask");
        return masks;
    }

    private static RgbImage ReadDirect(ReadOnlySpan<byte> pixels, RawImage image, uint[] masks, string name)
    {
        // Rows that are missing are noticed before memory is taken.
        Stored(pixels, image, image.Height - 1, name);
        var result = new RgbImage(image.Width, image.Height, new byte[image.Width * image.Height * 3]);
        int bytes = image.Bits / 8;
        bool isPlain = masks is [0x00FF0000, 0x0000FF00, 0x000000FF, 0],
            isOpaque = true;
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> from = Stored(pixels, image, y, name);
            Span<byte> to = result.Row(image.TargetRow(y));
            for (int x = 0; x < image.Width; x++)
            {
                ReadOnlySpan<byte> pixel = from.Slice(x * bytes, bytes);
                Span<byte> rgb = to.Slice(x * 3, 3);
                if (isPlain)
                {
                    (rgb[0], rgb[1], rgb[2]) = (pixel[2], pixel[1], pixel[0]);
                    continue;
                }
                uint packed = bytes == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(pixel) : BinaryPrimitives.ReadUInt32LittleEndian(pixel);
                isOpaque &= (packed & masks[3]) == masks[3];
                for (int channel = 0; channel < 3; channel++)
                    rgb[channel] = Extract(packed, masks[channel]);
            }
        }
        return isOpaque ? result : new RgbImage(result.Width, result.Height, result.Pixels) { Conversions = ImageConversions.Opacity };
    }

    private static byte Extract(uint packed, uint mask)
    {
        int shift = BitOperations.TrailingZeroCount(mask);
        return (byte)((ulong)((packed & mask) >> shift) * 255 / (mask >> shift));
    }

    private static ReadOnlySpan<byte> ReadPalette(
        ReadOnlySpan<byte> data,
        ReadOnlySpan<byte> header,
        int bits,
        bool isCore,
        uint pixelOffset
    )
    {
        int entryBytes = isCore ? 3 : 4;
        int start = FileHeaderBytes + header.Length;
        uint colors = isCore ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(header[32..]);
        if (colors == 0 || colors > 1u << bits)
            colors = 1u << bits;
        // Some writers store fewer colors than they promise; the pixels' offset tells.
        long end = Math.Min(start + (colors * entryBytes), Math.Max(pixelOffset, start));
        ReadOnlySpan<byte> stored = data[start..(int)Math.Min(end, data.Length)];
        byte[] palette = new byte[256 * 3];
        for (int i = 0; i < stored.Length / entryBytes; i++)
        {
            ReadOnlySpan<byte> entry = stored.Slice(i * entryBytes, 3);
            (palette[i * 3], palette[(i * 3) + 1], palette[(i * 3) + 2]) = (entry[2], entry[1], entry[0]);
        }
        return palette;
    }

    private static byte[] UnpackIndices(ReadOnlySpan<byte> pixels, RawImage image, string name)
    {
        Stored(pixels, image, image.Height - 1, name);
        byte[] indices = new byte[image.Width * image.Height];
        int perByte = 8 / image.Bits,
            mask = (1 << image.Bits) - 1;
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> from = Stored(pixels, image, y, name);
            Span<byte> to = indices.AsSpan(y * image.Width, image.Width);
            for (int x = 0; x < to.Length; x++)
                to[x] = (byte)((from[x / perByte] >> (8 - (image.Bits * ((x % perByte) + 1)))) & mask);
        }
        return indices;
    }

    private static RgbImage ApplyPalette(byte[] indices, RawImage image, ReadOnlySpan<byte> palette)
    {
        var result = new RgbImage(image.Width, image.Height, new byte[image.Width * image.Height * 3]);
        for (int y = 0; y < image.Height; y++)
        {
            Span<byte> to = result.Row(image.TargetRow(y));
            for (int x = 0; x < image.Width; x++)
                palette.Slice(indices[(y * image.Width) + x] * 3, 3).CopyTo(to[(x * 3)..]);
        }
        return result;
    }
}
