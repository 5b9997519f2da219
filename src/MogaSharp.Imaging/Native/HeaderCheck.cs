using System.Buffers.Binary;

namespace MogaSharp.Imaging.Native;

/// <summary>Checks that need no decoder, made before libvips sees a byte.</summary>
internal static class HeaderCheck
{
    // A progressive JPEG has about ten scans. Every scan costs a pass over the whole image, however few bytes it has.
    private const int MaxScans = 100;

    public static void Check(ReadOnlySpan<byte> data, EncodedFormat format, string name, ImageLimits limits)
    {
        switch (format)
        {
            case EncodedFormat.Png when data.Length >= 24:
                limits.CheckSize(BinaryPrimitives.ReadUInt32BigEndian(data[16..]), BinaryPrimitives.ReadUInt32BigEndian(data[20..]), name);
                break;
            case EncodedFormat.Gif when data.Length >= 10:
                limits.CheckSize(BinaryPrimitives.ReadUInt16LittleEndian(data[6..]), BinaryPrimitives.ReadUInt16LittleEndian(data[8..]), name);
                break;
            case EncodedFormat.Tiff:
                CheckTile(data, name, limits);
                break;
            case EncodedFormat.Jpeg when data.Count<byte>([0xFF, 0xDA]) > MaxScans:
                throw new ImageFormatException(name, $"a JPEG image of more than {MaxScans} scans");
        }
    }

    /// <summary>A small TIFF image may have one giant tile, which a decoder must hold as a whole.</summary>
    private static void CheckTile(ReadOnlySpan<byte> data, string name, ImageLimits limits)
    {
        const int EntryBytes = 12, Short = 3, TileWidth = 322, TileHeight = 323;
        bool isLittleEndian = data[0] == 'I';
        if (data.Length < 8) return;
        uint directory = UInt32(data, 4, isLittleEndian);
        if (directory + 2L > data.Length) return;
        ReadOnlySpan<byte> entries = data[((int)directory + 2)..];
        int count = Math.Min((int)UInt16(data, (int)directory, isLittleEndian), entries.Length / EntryBytes);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = entries.Slice(i * EntryBytes, EntryBytes);
            if (UInt16(entry, 0, isLittleEndian) is not (TileWidth or TileHeight)) continue;
            uint side = UInt16(entry, 2, isLittleEndian) == Short ? UInt16(entry, 8, isLittleEndian) : UInt32(entry, 8, isLittleEndian);
            if (side > limits.MaxSide || (long)side * side > limits.MaxPixels)
                throw new ImageFormatException(name, $"a tile of {side} pixels a side is beyond the limits");
        }
    }

    private static ushort UInt16(ReadOnlySpan<byte> data, int at, bool isLittleEndian) =>
        isLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(data[at..]) : BinaryPrimitives.ReadUInt16BigEndian(data[at..]);

    private static uint UInt32(ReadOnlySpan<byte> data, int at, bool isLittleEndian) =>
        isLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(data[at..]) : BinaryPrimitives.ReadUInt32BigEndian(data[at..]);
}
