using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using MogaSharp.Imaging;
using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>A map of a sheet.</summary>
/// <param name="Title">What stands above it.</param>
/// <param name="Width">Values of a row, at least 1.</param>
/// <param name="Height">Rows, at least 1.</param>
/// <param name="Values">Height x Width values, row by row, not negative.</param>
public sealed record SheetMap(string Title, int Width, int Height, ReadOnlyMemory<double> Values);

/// <summary>
/// Maps side by side, each as a share of its largest value, with one scale of colors. Colors go by the square root, so that a hundredth
/// still shows as a tenth. Its text needs no fonts of the system.
/// </summary>
/// <param name="Maps">The maps, from left to right, at least one.</param>
public sealed record HeatMapSheet(ImmutableArray<SheetMap> Maps)
{
    private const int Gap = 12,
        TitleHeight = 26,
        BarWidth = 14,
        ScaleWidth = 64;

    private const float TextSize = 12;

    // Each a quarter of the scale further.
    private static readonly double[] Ticks = [0, 1 / 16.0, 1 / 4.0, 9 / 16.0, 1];

    /// <summary>The colors.</summary>
    public Colormap Colormap { get; init; } = Colormap.Viridis;

    /// <summary>The longer side of a map in pixels, 50 to 10,000.</summary>
    public int Side { get; init; } = 200;

    private int Width => Gap + (Maps.Length * (Side + Gap)) + ScaleWidth;

    private int Height => TitleHeight + Side + Gap;

    /// <summary>The pixels.</summary>
    /// <exception cref="ArgumentException">There is no map, or one has another number of values than its sides say.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The side is out of its range.</exception>
    /// <exception cref="DrawingUnavailableException">Skia cannot be loaded.</exception>
    public RgbImage Draw()
    {
        Check();
        using SKBitmap bitmap = PixelCopy.NewBitmap(Width, Height);
        using (var canvas = new SKCanvas(bitmap))
            Render(canvas);
        return PixelCopy.ToImage(bitmap);
    }

    /// <summary>The image as SVG, in which text is text and maps are images.</summary>
    /// <exception cref="ArgumentException">As <see cref="Draw"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">As <see cref="Draw"/>.</exception>
    /// <exception cref="DrawingUnavailableException">Skia cannot be loaded.</exception>
    public string ToSvg()
    {
        Check();
        SkiaLibrary.EnsureLoaded();
        using var stream = new MemoryStream();
        using (SKCanvas canvas = SKSvgCanvas.Create(SKRect.Create(Width, Height), stream))
            Render(canvas);
        return SvgText.Tidy(Encoding.UTF8.GetString(stream.ToArray()), string.Join(", ", Maps.Select(map => map.Title)));
    }

    /// <summary>Writes an SVG file. It appears under its name only when it is complete.</summary>
    /// <param name="path">The file to write; an older one is replaced.</param>
    /// <exception cref="ArgumentException">As <see cref="Draw"/>.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SaveSvg(string path) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(ToSvg()));

    private void Render(SKCanvas canvas)
    {
        canvas.Clear(SKColors.White);
        for (int i = 0; i < Maps.Length; i++)
        {
            int left = Gap + (i * (Side + Gap));
            if (TextLine.Fit(Maps[i].Title, TextSize, Side) is { } title)
                title.Draw(canvas, left + ((Side - title.Width) / 2), (TitleHeight - title.Height) / 2, RgbColor.Black);
            (int width, int height) = (Maps[i].Width, Maps[i].Height);
            float factor = (float)Side / Math.Max(width, height);
            Place(canvas, Colored(Maps[i]), left + ((Side - (width * factor)) / 2), TitleHeight, width * factor, height * factor);
        }

        DrawScale(canvas, Width - ScaleWidth);
    }

    private void DrawScale(SKCanvas canvas, int left)
    {
        var bar = new RgbImage(1, Colormap.Table.Count, new byte[3 * Colormap.Table.Count]);
        for (int i = 0; i < bar.Height; i++)
            Write(Colormap.Table[bar.Height - 1 - i], bar.Row(i));
        Place(canvas, bar, left, TitleHeight, BarWidth, Side);
        foreach (double tick in Ticks)
        {
            var text = new TextLine(tick.ToString("0.###", CultureInfo.InvariantCulture), TextSize);
            float middle = TitleHeight + (float)((1 - Math.Sqrt(tick)) * Side);
            text.Draw(canvas, left + BarWidth + 4, middle - (text.Height / 2), RgbColor.Black);
        }
    }

    private RgbImage Colored(SheetMap map)
    {
        ReadOnlySpan<double> values = map.Values.Span;
        double largest = 0;
        foreach (double value in values)
            largest = Math.Max(largest, value);
        var image = new RgbImage(map.Width, map.Height, new byte[3 * values.Length]);
        for (int i = 0; i < values.Length; i++)
            Write(Colormap.Color(largest > 0 ? Math.Sqrt(values[i] / largest) : 0), image.Row(i / map.Width)[(3 * (i % map.Width))..]);
        return image;
    }

    private static void Write(RgbColor color, Span<byte> pixel) => (pixel[0], pixel[1], pixel[2]) = (color.Red, color.Green, color.Blue);

    private static void Place(SKCanvas canvas, RgbImage image, float left, float top, float width, float height)
    {
        using SKBitmap bitmap = PixelCopy.ToBitmap(image);
        using SKImage pixels = SKImage.FromBitmap(bitmap);
        canvas.DrawImage(pixels, SKRect.Create(left, top, width, height), new SKSamplingOptions(SKFilterMode.Nearest));
    }

    private void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Side, 50);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Side, 10_000);
        if (Maps.IsDefaultOrEmpty)
            throw new ArgumentException("A sheet needs a map.");
        foreach (SheetMap map in Maps)
            if (map.Width < 1 || map.Height < 1 || map.Values.Length != (long)map.Width * map.Height)
                throw new ArgumentException(
                    $"The map '{map.Title}' has {map.Values.Length} values, which are not {map.Height} rows of {map.Width}."
                );
    }
}
