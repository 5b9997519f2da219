namespace MogaSharp.Imaging;

/// <summary>Walks over the blocks of a GIF without decoding: libvips shows a file that is cut off as a shorter animation.</summary>
internal static class GifStructure
{
    private const int ScreenLength = 13;
    private const int ImageLength = 9;
    private const int ControlLength = 6;
    private const byte ControlLabel = 0xF9;

    /// <summary>Counts the frames, and finds the color of what no frame covers.</summary>
    /// <param name="data">The file.</param>
    /// <param name="name">Its name in messages.</param>
    /// <param name="most">The frames to look at, at most; what follows them is not checked.</param>
    /// <exception cref="ImageFormatException">The file ends within a block, or something else than a block follows.</exception>
    public static GifOutline Read(ReadOnlySpan<byte> data, string name, int most = int.MaxValue)
    {
        int frames = 0,
            at = ScreenLength,
            transparent = -1;
        (byte Red, byte Green, byte Blue) hidden = default;
        if (data.Length < ScreenLength)
            throw Truncated(name);
        int globalLength = TableLength(data[10]);
        at += globalLength;
        // Some writers leave the mark of the end out.
        while (at < data.Length && data[at] != ';')
        {
            byte kind = data[at++];
            if (kind == ',')
            {
                if (at + ImageLength > data.Length)
                    throw Truncated(name);
                int localLength = TableLength(data[at + ImageLength - 1]);
                if (at + ImageLength + localLength > data.Length)
                    throw Truncated(name);
                if (frames++ == 0)
                {
                    ReadOnlySpan<byte> table =
                        localLength > 0 ? data.Slice(at + ImageLength, localLength) : data.Slice(ScreenLength, globalLength);
                    int color = Math.Max(transparent, 0) * 3;
                    if (color + 3 <= table.Length)
                        hidden = (table[color], table[color + 1], table[color + 2]);
                }

                if (frames == most)
                    break;
                at += ImageLength + localLength;
            }
            else if (kind != '!')
            {
                throw new ImageFormatException(name, "The GIF image is truncated or corrupt (something else where a block should begin).");
            }
            else if (at + ControlLength <= data.Length && data[at] == ControlLabel && (data[at + 2] & 1) != 0)
            {
                transparent = data[at + 5];
            }
            // The label of an extension, or the width of an image's codes.
            at = SkipPieces(data, at + 1, name);
        }
        return frames > 0
            ? new GifOutline(frames, hidden)
            : throw new ImageFormatException(name, "The GIF image is truncated or corrupt (no frames).");
    }

    private static int TableLength(byte flags) => (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);

    private static int SkipPieces(ReadOnlySpan<byte> data, int at, string name)
    {
        while (true)
        {
            if (at >= data.Length)
                throw Truncated(name);
            int length = data[at++];
            if (length == 0)
                return at;
            at += length;
        }
    }

    private static ImageFormatException Truncated(string name) =>
        new(name, "The GIF image is truncated or corrupt (the file ends too early).");
}

/// <summary>What the blocks of a GIF tell.</summary>
/// <param name="Frames">The frames, at least 1.</param>
/// <param name="Hidden">
/// The color of pixels that are transparent still when all frames so far lie over each other: what the table of the first frame gives for
/// its transparent color, or for color 0, as Pillow has it.
/// </param>
internal readonly record struct GifOutline(int Frames, (byte Red, byte Green, byte Blue) Hidden);
