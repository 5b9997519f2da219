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
            case EncodedFormat.Jpeg when data.Count<byte>([0xFF, 0xDA]) > MaxScans:
                throw new ImageFormatException(name, $"a JPEG image of more than {MaxScans} scans");
        }
    }
}
