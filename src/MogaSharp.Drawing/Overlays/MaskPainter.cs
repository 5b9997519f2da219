using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>Draws masks.</summary>
internal static class MaskPainter
{
    public static void Draw(SKBitmap bitmap, MaskOverlay mask, int lineWidth)
    {
        string size = $"{mask.Width} x {mask.Height}";
        if ((mask.Width, mask.Height) != (bitmap.Width, bitmap.Height))
            throw new ArgumentException($"A mask of {size} does not fit an image of {bitmap.Width} x {bitmap.Height}.", nameof(mask));
        long count = (long)mask.Width * mask.Height;
        if (mask.Inside.Length != count)
            throw new ArgumentException($"A mask of {size} needs {count} values, not {mask.Inside.Length}.", nameof(mask));
        var blend = new Blend(mask.Opacity);
        var full = new Blend(1);
        ReadOnlySpan<byte> inside = mask.Inside.Span;
        byte[]? core = mask.HasOutline ? Erode(inside, mask.Width, mask.Height, lineWidth) : null;
        for (int y = 0, i = 0; y < mask.Height; y++)
        {
            Span<byte> row = PixelCopy.Row(bitmap, y);
            for (int x = 0; x < row.Length; x += 4, i++)
            {
                if (inside[i] == 0)
                    continue;
                (core is null || core[i] != 0 ? blend : full).Over(row[x..], mask.Color);
            }
        }
    }

    // What is farther than some pixels from everything outside, in steps along rows and columns; the image's own edges are not outside.
    private static byte[] Erode(ReadOnlySpan<byte> inside, int width, int height, int distance)
    {
        byte[] rows = new byte[inside.Length],
            both = new byte[inside.Length];
        for (int y = 0; y < height; y++)
            ErodeLine(inside, rows, y * width, 1, width, distance);
        for (int x = 0; x < width; x++)
            ErodeLine(rows, both, x, width, height, distance);
        return both;
    }

    private static void ErodeLine(ReadOnlySpan<byte> from, Span<byte> to, int start, int step, int length, int distance)
    {
        // The last place outside, seen from both ends.
        int last = -distance - 1;
        for (int i = 0; i < length; i++)
        {
            int at = start + (i * step);
            if (from[at] == 0)
                last = i;
            to[at] = i - last > distance ? (byte)1 : (byte)0;
        }

        last = length + distance;
        for (int i = length - 1; i >= 0; i--)
        {
            int at = start + (i * step);
            if (from[at] == 0)
                last = i;
            if (last - i <= distance)
                to[at] = 0;
        }
    }
}
