namespace MogaSharp.Imaging;

/// <summary>Walks over the blocks of a GIF without decoding: libvips shows a file that is cut off as a shorter animation.</summary>
internal static class GifStructure
{
    private const int ScreenLength = 13;
    private const int ImageLength = 9;

    /// <summary>Counts the frames.</summary>
    /// <exception cref="ImageFormatException">The file ends within a block, or something else than a block follows.</exception>
    public static int CountFrames(ReadOnlySpan<byte> data, string name)
    {
        int frames = 0, at = ScreenLength;
        if (data.Length < ScreenLength) throw Truncated(name);
        at += TableLength(data[10]);
        // Some writers leave the mark of the end out.
        while (at < data.Length && data[at] != ';')
        {
            byte kind = data[at++];
            if (kind == ',')
            {
                if (at + ImageLength > data.Length) throw Truncated(name);
                at += ImageLength + TableLength(data[at + ImageLength - 1]);
                frames++;
            }
            else if (kind != '!')
            {
                throw new ImageFormatException(name, "truncated or corrupt GIF image (something else where a block should begin)");
            }
            // The label of an extension, or the width of an image's codes.
            at = SkipPieces(data, at + 1, name);
        }
        return frames > 0 ? frames : throw new ImageFormatException(name, "truncated or corrupt GIF image (no frames)");
    }

    private static int TableLength(byte flags) => (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);

    private static int SkipPieces(ReadOnlySpan<byte> data, int at, string name)
    {
        while (true)
        {
            if (at >= data.Length) throw Truncated(name);
            int length = data[at++];
            if (length == 0) return at;
            at += length;
        }
    }

    private static ImageFormatException Truncated(string name) => new(name, "truncated or corrupt GIF image (the file ends too early)");
}
