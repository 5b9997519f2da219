using System.Collections.Immutable;
using MogaSharp.Imaging;
using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>Images side by side.</summary>
/// <param name="Images">The images, from left to right.</param>
/// <param name="Title">What stands left of them; null for nothing.</param>
public sealed record StripRow(ImmutableArray<RgbImage> Images, string? Title = null);

/// <summary>Rows of images in one image. Cells are as wide and high as the largest image; smaller ones stand in the middle.</summary>
/// <param name="Rows">The rows, from top to bottom; at least one has an image.</param>
public sealed record ImageStrip(ImmutableArray<StripRow> Rows)
{
    /// <summary>Pixels between images.</summary>
    public int Gap { get; init; } = 4;

    /// <summary>How many times as wide and high the pixels of images are, at least 1.</summary>
    public int Enlargement { get; init; } = 1;

    /// <summary>What is around the images.</summary>
    public RgbColor Ground { get; init; } = RgbColor.White;

    /// <summary>What stands above the columns; empty for nothing.</summary>
    public ImmutableArray<string> ColumnTitles { get; init; } = [];

    /// <summary>The size of titles in pixels; by the size of an image when null.</summary>
    public float? FontSize { get; init; }

    /// <summary>Draws the images, pixel by pixel.</summary>
    /// <exception cref="ArgumentException">There is not an image.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Gap, enlargement or font size is out of its range.</exception>
    /// <exception cref="DrawingUnavailableException">Skia cannot be loaded.</exception>
    /// <exception cref="InsufficientMemoryException">There is no memory for the pixels.</exception>
    public RgbImage Draw()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Gap);
        ArgumentOutOfRangeException.ThrowIfLessThan(Enlargement, 1);
        if (FontSize is not (null or (> 0 and < float.PositiveInfinity)))
            throw new ArgumentOutOfRangeException(nameof(FontSize), FontSize, "A font size is above 0.");
        RgbImage[] all = [.. Rows.SelectMany(row => row.Images)];
        if (all.Length == 0)
            throw new ArgumentException("A strip needs an image.");
        int width = checked(all.Max(image => image.Width) * Enlargement),
            height = checked(all.Max(image => image.Height) * Enlargement);
        float size = FontSize ?? Math.Clamp(MathF.Sqrt((float)width * height) * 0.09f, 11, 40);
        TextLine?[] rowTitles = [.. Rows.Select(row => row.Title is { Length: > 0 } title ? new TextLine(title, size) : null)];
        TextLine?[] columnTitles = [.. ColumnTitles.Select(title => TextLine.Fit(title, size, width))];
        int left = Margin(rowTitles, line => line.Width),
            top = Margin(columnTitles, line => line.Height);
        int columns = Rows.Max(row => row.Images.Length);
        int sheetWidth = checked(left + (columns * (width + Gap)) - Gap),
            sheetHeight = checked(top + (Rows.Length * (height + Gap)) - Gap);
        using SKBitmap sheet = PixelCopy.NewBitmap(sheetWidth, sheetHeight);
        using var canvas = new SKCanvas(sheet);
        canvas.Clear(Ground.ToSkia());
        for (int column = 0; column < Math.Min(columns, columnTitles.Length); column++)
        {
            if (columnTitles[column] is { } title)
                title.Draw(canvas, left + (column * (width + Gap)) + ((width - title.Width) / 2), size * 0.3f, Ground.TextColor);
        }

        for (int row = 0; row < Rows.Length; row++)
        {
            int y = top + (row * (height + Gap));
            if (rowTitles[row] is { } title)
                title.Draw(canvas, size / 4, y + ((height - title.Height) / 2), Ground.TextColor);
            for (int column = 0; column < Rows[row].Images.Length; column++)
                Draw(canvas, Rows[row].Images[column], SKRectI.Create(left + (column * (width + Gap)), y, width, height));
        }

        return PixelCopy.ToImage(sheet);
    }

    private static int Margin(TextLine?[] titles, Func<TextLine, float> extent) =>
        titles.OfType<TextLine>().Select(line => (int)MathF.Ceiling(extent(line) + (line.Size * 0.6f))).Append(0).Max();

    private void Draw(SKCanvas canvas, RgbImage image, SKRectI cell)
    {
        (int width, int height) = (image.Width * Enlargement, image.Height * Enlargement);
        using SKBitmap bitmap = PixelCopy.ToBitmap(image);
        using SKImage pixels = SKImage.FromBitmap(bitmap);
        SKRectI place = SKRectI.Create(cell.Left + ((cell.Width - width) / 2), cell.Top + ((cell.Height - height) / 2), width, height);
        canvas.DrawImage(pixels, place, new SKSamplingOptions(SKFilterMode.Nearest));
    }
}
