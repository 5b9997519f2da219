using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>Draws heat maps.</summary>
internal static class HeatMapPainter
{
    public static void Draw(SKBitmap bitmap, HeatMap map)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(map.Width, nameof(map));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(map.Height, nameof(map));
        long count = (long)map.Width * map.Height;
        if (map.Values.Length != count)
            throw new ArgumentException($"A map of {map.Width} x {map.Height} needs {count} values, not {map.Values.Length}.", nameof(map));
        (float low, float high) = Range(map);
        var blend = new Blend(map.Opacity);
        // A map without a difference has the color of its low end.
        float scale = high > low ? 1 / (high - low) : 0;
        ReadOnlySpan<float> values = map.Values.Span;
        Tap[] columns = Taps(map.Width, bitmap.Width),
            rows = Taps(map.Height, bitmap.Height);
        for (int y = 0; y < bitmap.Height; y++)
        {
            Span<byte> pixels = PixelCopy.Row(bitmap, y);
            ReadOnlySpan<float> first = values.Slice(rows[y].First * map.Width, map.Width);
            ReadOnlySpan<float> second = values.Slice(rows[y].Second * map.Width, map.Width);
            for (int x = 0; x < columns.Length; x++)
            {
                float value = rows[y].Mix(columns[x].Of(first), columns[x].Of(second));
                if (!float.IsNaN(value))
                    blend.Over(pixels[(4 * x)..], map.Colormap.Color((value - low) * scale));
            }
        }
    }

    private static (float Low, float High) Range(HeatMap map)
    {
        if (map.Low is { } l && !float.IsFinite(l) || map.High is { } h && !float.IsFinite(h))
            throw new ArgumentException("The limits of a heat map are finite.", nameof(map));
        if (map.Low > map.High)
            throw new ArgumentException($"The limits of a heat map are in the wrong order: {map.Low} and {map.High}.", nameof(map));
        (float least, float most) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (float value in map.Values.Span)
        {
            if (!float.IsFinite(value))
                continue;
            least = Math.Min(least, value);
            most = Math.Max(most, value);
        }

        return (map.Low ?? least, map.High ?? most);
    }

    // The centers of pixels lie at halves, and what is beyond the outermost values has theirs.
    private static Tap[] Taps(int from, int to) =>
        [
            .. Enumerable
                .Range(0, to)
                .Select(i =>
                {
                    double at = Math.Clamp((((i + 0.5) * from) / to) - 0.5, 0, from - 1);
                    int first = (int)at;
                    return new Tap(first, Math.Min(first + 1, from - 1), (float)(at - first));
                }),
        ];

    private readonly record struct Tap(int First, int Second, float Share)
    {
        public float Of(ReadOnlySpan<float> line) => Mix(line[First], line[Second]);

        // A neighbor that does not count may be NaN or infinite.
        public float Mix(float first, float second) => Share == 0 || first == second ? first : first + ((second - first) * Share);
    }
}
