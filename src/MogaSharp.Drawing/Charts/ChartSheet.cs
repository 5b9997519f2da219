using System.Collections.Immutable;
using System.Text;
using MogaSharp.Imaging;
using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>Charts in rows, as one image. Its text needs no fonts of the system.</summary>
/// <param name="Charts">The charts, row by row, at least one.</param>
public sealed record ChartSheet(ImmutableArray<LineChart> Charts)
{
    private const float TitleSize = 15,
        Margin = 6;

    /// <summary>What stands above all; null for nothing.</summary>
    public string? Title { get; init; }

    /// <summary>Charts of a row, at least 1.</summary>
    public int Columns { get; init; } = 2;

    /// <summary>The width of a chart in pixels, 100 to 10,000.</summary>
    public int ChartWidth { get; init; } = 480;

    /// <summary>The height of a chart in pixels, 100 to 10,000.</summary>
    public int ChartHeight { get; init; } = 360;

    private int Top => string.IsNullOrEmpty(Title) ? 0 : 32;

    private int Width => ChartWidth * Math.Min(Columns, Charts.Length);

    private int Height => Top + (ChartHeight * ((Charts.Length + Columns - 1) / Columns));

    /// <summary>The pixels.</summary>
    /// <exception cref="ArgumentException">There is no chart, or a series has not as many values in X, Y and its band.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Columns or a size is out of its range.</exception>
    /// <exception cref="DrawingUnavailableException">Skia cannot be loaded.</exception>
    public RgbImage Draw()
    {
        using SKBitmap bitmap = DrawBitmap();
        return PixelCopy.ToImage(bitmap);
    }

    /// <summary>The image as a PNG file; the same for the same charts.</summary>
    /// <exception cref="ArgumentException">As <see cref="Draw"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">As <see cref="Draw"/>.</exception>
    public byte[] ToPng()
    {
        using SKBitmap bitmap = DrawBitmap();
        using SKData png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    /// <summary>The image as SVG, in which text is text.</summary>
    /// <exception cref="ArgumentException">As <see cref="Draw"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">As <see cref="Draw"/>.</exception>
    public string ToSvg()
    {
        Check();
        SkiaLibrary.EnsureLoaded();
        using var stream = new MemoryStream();
        using (SKCanvas canvas = SKSvgCanvas.Create(SKRect.Create(Width, Height), stream))
            Render(canvas);
        return SvgText.Tidy(Encoding.UTF8.GetString(stream.ToArray()), Title);
    }

    /// <summary>Writes a PNG file. It appears under its name only when it is complete.</summary>
    /// <param name="path">The file to write; an older one is replaced.</param>
    /// <exception cref="ArgumentException">As <see cref="Draw"/>.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SavePng(string path) => AtomicFile.Write(path, ToPng());

    /// <summary>Writes an SVG file. It appears under its name only when it is complete.</summary>
    /// <param name="path">The file to write; an older one is replaced.</param>
    /// <exception cref="ArgumentException">As <see cref="Draw"/>.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SaveSvg(string path) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(ToSvg()));

    private SKBitmap DrawBitmap()
    {
        Check();
        SKBitmap bitmap = PixelCopy.NewBitmap(Width, Height);
        using var canvas = new SKCanvas(bitmap);
        Render(canvas);
        return bitmap;
    }

    private void Render(SKCanvas canvas)
    {
        canvas.Clear(SKColors.White);
        if (Top > 0 && TextLine.Fit(Title!, TitleSize, Width - 20) is { } title)
            title.Draw(canvas, (Width - title.Width) / 2, 12, RgbColor.Black);
        for (int i = 0; i < Charts.Length; i++)
        {
            SKRect place = SKRect.Create(i % Columns * ChartWidth, Top + (i / Columns * ChartHeight), ChartWidth, ChartHeight);
            ChartRenderer.Draw(canvas, Charts[i], SKRect.Inflate(place, -Margin, -Margin));
        }
    }

    private void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Columns, 1);
        CheckSide(ChartWidth, nameof(ChartWidth));
        CheckSide(ChartHeight, nameof(ChartHeight));
        if (Charts.IsEmpty)
            throw new ArgumentException("A sheet needs a chart.");
        foreach (ChartSeries series in Charts.SelectMany(chart => chart.Series))
        {
            (string name, int places) = (series.Name, series.X.Length);
            if (series.Y.Length != places)
                throw new ArgumentException($"The series '{name}' has {places} places and {series.Y.Length} values.");
            (int low, int high) = (series.Band?.Low.Length ?? places, series.Band?.High.Length ?? places);
            if (low != places || high != places)
                throw new ArgumentException($"The band of '{name}' has {low} and {high} values for {places} places.");
        }
    }

    private static void CheckSide(int side, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 100, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(side, 10_000, name);
    }
}
