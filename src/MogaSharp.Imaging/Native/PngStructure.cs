using System.Buffers.Binary;
using System.Text;

namespace MogaSharp.Imaging.Native;

/// <summary>Looks at the chunks of a PNG before libvips does.</summary>
internal static class PngStructure
{
    private const int SignatureBytes = 8,
        ChunkBytes = 12,
        HeaderEnd = 33;

    /// <summary>Checks that the first chunk is the header, whose size is then trusted.</summary>
    /// <exception cref="ImageFormatException">Another chunk comes first.</exception>
    public static void CheckHeader(ReadOnlySpan<byte> data, string name, ImageLimits limits)
    {
        if (data.Length < 24)
            return;
        ReadOnlySpan<byte> first = data.Slice(SignatureBytes + 4, 4);
        if (first.SequenceEqual("CgBI"u8))
            throw new ImageFormatException(
                name,
                "This is Apple's own variant of PNG (CgBI), which Xcode makes for iPhones; convert it with 'pngcrush "
                    + "-revert-iphone-optimizations' or save it again."
            );
        if (!first.SequenceEqual("IHDR"u8))
        {
            string found = string.Concat(Encoding.ASCII.GetString(first).Where(char.IsAsciiLetterOrDigit));
            throw new ImageFormatException(name, $"The PNG image is corrupt (it begins with the chunk '{found}', not with its header).");
        }

        limits.CheckSize(BinaryPrimitives.ReadUInt32BigEndian(data[16..]), BinaryPrimitives.ReadUInt32BigEndian(data[20..]), name);
    }

    /// <summary>Whether it is an animation (APNG) of several frames.</summary>
    public static bool IsAnimated(ReadOnlySpan<byte> data)
    {
        for (long at = HeaderEnd; at + ChunkBytes <= data.Length; )
        {
            ReadOnlySpan<byte> chunk = data[(int)at..];
            ReadOnlySpan<byte> kind = chunk.Slice(4, 4);
            if (kind.SequenceEqual("acTL"u8))
                return BinaryPrimitives.ReadUInt32BigEndian(chunk[8..]) > 1;
            if (kind.SequenceEqual("IDAT"u8))
                return false;
            at += ChunkBytes + BinaryPrimitives.ReadUInt32BigEndian(chunk);
        }

        return false;
    }
}
