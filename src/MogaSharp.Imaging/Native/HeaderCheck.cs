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
            case EncodedFormat.Png:
                PngStructure.CheckHeader(data, name, limits);
                break;
            case EncodedFormat.Gif when data.Length >= 10:
                limits.CheckSize(
                    BinaryPrimitives.ReadUInt16LittleEndian(data[6..]),
                    BinaryPrimitives.ReadUInt16LittleEndian(data[8..]),
                    name
                );
                break;
            case EncodedFormat.Tiff:
                // Canon's raw photos say so behind the header.
                if (data.Length >= 10 && data.Slice(8, 2).SequenceEqual("CR"u8))
                    throw TiffHeader.RawPhoto(name);
                CheckTiff(TiffHeader.Read(data), name, limits);
                break;
            case EncodedFormat.Jpeg when JpegStructure.CountScans(data, MaxScans, name) > MaxScans:
                throw new ImageFormatException(name, $"This is a JPEG image of more than {MaxScans} scans.");
        }
    }

    private static void CheckTiff(TiffHeader header, string name, ImageLimits limits)
    {
        // A small image may have one giant tile, which a decoder must hold as a whole.
        if (header.TileSide > limits.MaxSide || header.TileSide * header.TileSide > limits.MaxPixels)
            throw new ImageFormatException(name, $"A tile of {header.TileSide} pixels a side is beyond the limits.");
        header.Check(name);
    }
}
