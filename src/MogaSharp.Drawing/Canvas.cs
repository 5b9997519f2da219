using MogaSharp.Imaging;
using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>
/// An image that is drawn on. The image that it begins with is copied and stays as it is. What is drawn later lies above; labels, captions
/// and legends remember each other's places. Not safe to use from several threads at once.
/// </summary>
public sealed class Canvas : IDisposable
{
    private readonly SKBitmap _bitmap;
    private readonly SKCanvas _canvas;
    private readonly LabelPlacer _places;

    /// <summary>Begins with a copy of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="scale">How large text and lines are; by the image's size when null.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size of the scale is out of its range.</exception>
    /// <exception cref="DrawingUnavailableException">Skia cannot be loaded.</exception>
    /// <exception cref="InsufficientMemoryException">There is no memory for the pixels.</exception>
    public Canvas(RgbImage image, DrawingScale? scale = null)
    {
        Scale = scale ?? DrawingScale.For(image.Width, image.Height);
        if (Scale.FontSize is not (> 0 and < float.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(scale), Scale.FontSize, "A font size is above 0.");
        ArgumentOutOfRangeException.ThrowIfLessThan(Scale.LineWidth, 1, nameof(scale));
        _bitmap = PixelCopy.ToBitmap(image);
        _canvas = new SKCanvas(_bitmap);
        _places = new LabelPlacer(image.Width, image.Height);
    }

    /// <summary>Pixels of a row.</summary>
    public int Width => _bitmap.Width;

    /// <summary>Rows.</summary>
    public int Height => _bitmap.Height;

    /// <summary>How large text and lines are.</summary>
    public DrawingScale Scale { get; }

    /// <summary>Tints a part of the image.</summary>
    /// <param name="mask">The part, of the image's size.</param>
    /// <exception cref="ArgumentException">The mask has another size or another number of values.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The opacity is out of its range.</exception>
    public void DrawMask(MaskOverlay mask) => MaskPainter.Draw(_bitmap, mask, Scale.LineWidth);

    /// <summary>Lays the colors of a map over the image.</summary>
    /// <param name="map">The map, of any size.</param>
    /// <exception cref="ArgumentException">The number of values is another one, or the limits make no sense.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The size or the opacity is out of its range.</exception>
    public void DrawHeatMap(HeatMap map) => HeatMapPainter.Draw(_bitmap, map);

    /// <summary>Draws bones, and above them points.</summary>
    /// <param name="skeleton">The skeleton; what is outside of the image is cut off.</param>
    /// <exception cref="ArgumentException">An edge names a point that is not there, or there is another number of colors.</exception>
    public void DrawSkeleton(Skeleton skeleton) => SkeletonPainter.Draw(_canvas, skeleton, Scale.LineWidth);

    /// <summary>
    /// Draws boxes, and above all of them their labels. A label stands in the image as a whole, beside its box where there is room, and
    /// does not cover labels, captions and legends that were drawn before unless there is no free place near its box. Text that is wider
    /// than the image gets somewhat smaller and is then cut off with an ellipsis; a label that has no room at all is left out.
    /// </summary>
    /// <param name="boxes">The boxes; the first ones get the best places for their labels.</param>
    /// <exception cref="ArgumentException">An edge is not finite.</exception>
    public void DrawBoxes(IReadOnlyList<LabeledBox> boxes) => BoxPainter.Draw(_canvas, boxes, Scale, _places);

    /// <summary>Lists colors and their names on a light ground; smaller, and in several columns, where there are many.</summary>
    /// <param name="legend">The list.</param>
    /// <param name="corner">Where.</param>
    /// <returns>How many entries there was room for; the others are only counted. <see cref="Legend.Beside"/> shows all.</returns>
    public int DrawLegend(Legend legend, Corner corner = Corner.TopRight)
    {
        int margin = Scale.LineWidth * 2;
        LegendPanel? panel = LegendPanel.Within(legend, Scale.FontSize, Width - (2 * margin), Height - (2 * margin));
        if (panel is null)
            return 0;
        panel.Draw(_canvas, Ground(corner, panel.Width, panel.Height, margin, RgbColor.White, 0.85));
        return panel.Shown;
    }

    /// <summary>Writes white text on a dark ground, in several lines where it is wide. What has no room is cut off.</summary>
    /// <param name="text">The text; a line feed begins a line.</param>
    /// <param name="corner">Where.</param>
    public void DrawCaption(string text, Corner corner = Corner.BottomLeft)
    {
        Caption? caption = Caption.Within(text, Scale.FontSize, Width, Height);
        caption?.Draw(_canvas, Ground(corner, caption.Width, caption.Height, 0, RgbColor.Black, 0.7));
    }

    /// <summary>A copy of the pixels as they are now.</summary>
    public RgbImage ToImage() => PixelCopy.ToImage(_bitmap);

    /// <inheritdoc/>
    public void Dispose()
    {
        _canvas.Dispose();
        _bitmap.Dispose();
    }

    private SKRectI Ground(Corner corner, int width, int height, int margin, RgbColor color, double opacity)
    {
        int left = corner is Corner.TopLeft or Corner.BottomLeft ? margin : Width - margin - width;
        int top = corner is Corner.TopLeft or Corner.TopRight ? margin : Height - margin - height;
        SKRectI place = SKRectI.Create(left, top, width, height);
        using var paint = new SKPaint { Color = color.ToSkia(opacity) };
        _canvas.DrawRect(place, paint);
        _places.Take(place);
        return place;
    }
}
