namespace MogaSharp.Imaging;

/// <summary>The run-length codes of bitmaps with 4 or 8 bits a pixel.</summary>
internal static class BmpRunLength
{
    private const int EndOfLine = 0;
    private const int EndOfBitmap = 1;
    private const int Delta = 2;

    /// <summary>
    /// Decodes to one palette index a pixel, rows as stored. Pixels that the codes leave out get index 0. Codes that leave the
    /// image, or end without saying so before all rows are there, make the file corrupt.
    /// </summary>
    public static byte[] Decode(ReadOnlySpan<byte> codes, int width, int height, bool isNibbles, string name)
    {
        byte[] indices = new byte[width * height];
        int at = 0,
            x = 0,
            y = 0;
        while (at + 2 <= codes.Length)
        {
            int count = codes[at],
                value = codes[at + 1];
            at += 2;
            if (count > 0)
            {
                CheckRun(x, y, count);
                for (int i = 0; i < count; i++)
                    indices[(y * width) + x++] = isNibbles ? Nibble((byte)value, i) : (byte)value;
                continue;
            }
            switch (value)
            {
                case EndOfLine:
                    x = 0;
                    y++;
                    break;
                case EndOfBitmap:
                    return indices;
                case Delta:
                    if (at + 2 > codes.Length)
                        throw Truncated();
                    x += codes[at];
                    y += codes[at + 1];
                    at += 2;
                    if (x > width || y > height)
                        throw BmpDecoder.Bad(name, $"a jump leaves the image at row {y}");
                    break;
                default:
                    int bytes = isNibbles ? (value + 1) / 2 : value;
                    if (at + bytes > codes.Length)
                        throw Truncated();
                    CheckRun(x, y, value);
                    for (int i = 0; i < value; i++)
                        indices[(y * width) + x++] = isNibbles ? Nibble(codes[at + (i / 2)], i) : codes[at + i];
                    at += bytes + (bytes & 1);
                    break;
            }
        }
        // Some writers leave the end mark out.
        return y >= height || (y == height - 1 && x == width) ? indices : throw Truncated();

        void CheckRun(int fromX, int row, int length)
        {
            if (row >= height || fromX + length > width)
                throw BmpDecoder.Bad(name, $"a run leaves the image at row {row}");
        }

        ImageFormatException Truncated() => BmpDecoder.Bad(name, $"the run-length codes end at row {y} of {height}");
    }

    private static byte Nibble(byte pair, int index) => (byte)((index & 1) == 0 ? pair >> 4 : pair & 15);
}
