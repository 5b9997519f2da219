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

    /// <summary>
    /// The color that transparent pixels have in the palette of the first frame, which is what remains of them without opacity; where the frame has no
    /// transparent color, the palette's first, which Pillow fills the screen around a smaller frame with. Null where there is no palette.
    /// </summary>
    public static (byte Red, byte Green, byte Blue)? TransparentColor(ReadOnlySpan<byte> data)
    {
        const int Extension = '!', GraphicControl = 0xF9, Image = ',';
        if (data.Length < ScreenLength) return null;
        int palette = ScreenLength, length = TableLength(data[10]), at = ScreenLength + length, index = 0;
        while (at + ImageLength < data.Length && data[at] == Extension)
        {
            if (data[at + 1] == GraphicControl && (data[at + 3] & 1) != 0) index = data[at + 6];
            at += 2;
            while (at < data.Length && data[at] > 0) at += data[at] + 1;
            at++;
        }

        if (at + ImageLength < data.Length && data[at] == Image && TableLength(data[at + ImageLength]) is > 0 and var local) (palette, length) = (at + ImageLength + 1, local);
        int entry = palette + (3 * index);
        return 3 * index < length && entry + 3 <= data.Length ? (data[entry], data[entry + 1], data[entry + 2]) : null;
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
