using System.Collections.Immutable;
using MogaSharp.Imaging;
using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>A color and what it stands for.</summary>
/// <param name="Name">The name.</param>
/// <param name="Color">The color.</param>
public sealed record LegendEntry(string Name, RgbColor Color);

/// <summary>A list of colors with their names.</summary>
/// <param name="Entries">The colors, in the order in which they are shown.</param>
public sealed record Legend(ImmutableArray<LegendEntry> Entries)
{
    /// <summary>A line above the list; null for none.</summary>
    public string? Title { get; init; }

    /// <summary>The legend of classes, with the colors of <see cref="Palette"/>.</summary>
    /// <param name="names">The names of the classes by their indices.</param>
    public static Legend OfClasses(IEnumerable<string> names) =>
        new([.. names.Select((name, i) => new LegendEntry(name, Palette.Color(i)))]);

    /// <summary>An image with the whole list right of it on white; higher than the image where that is very low.</summary>
    /// <param name="image">The image, which stays as it is.</param>
    /// <exception cref="DrawingUnavailableException">Skia cannot be loaded.</exception>
    /// <exception cref="InsufficientMemoryException">There is no memory for the pixels.</exception>
    public RgbImage Beside(RgbImage image)
    {
        const int FewestRows = 10;
        float size = DrawingScale.For(image.Width, image.Height).FontSize;
        if (Entries.IsEmpty && string.IsNullOrEmpty(Title))
            return image;
        var panel = LegendPanel.Whole(this, size, Math.Max(image.Height, (int)(size * 1.4f * (FewestRows + 2))));
        using SKBitmap sheet = PixelCopy.NewBitmap(checked(image.Width + panel.Width), Math.Max(image.Height, panel.Height));
        using var canvas = new SKCanvas(sheet);
        canvas.Clear(SKColors.White);
        using SKBitmap left = PixelCopy.ToBitmap(image);
        using SKImage pixels = SKImage.FromBitmap(left);
        canvas.DrawImage(pixels, 0, 0, SKSamplingOptions.Default);
        panel.Draw(canvas, SKRectI.Create(image.Width, 0, panel.Width, panel.Height));
        return PixelCopy.ToImage(sheet);
    }
}
