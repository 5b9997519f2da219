using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>Draws boxes and their labels.</summary>
internal static class BoxPainter
{
    public static void Draw(SKCanvas canvas, IReadOnlyList<LabeledBox> boxes, DrawingScale scale, LabelPlacer places)
    {
        SKRectI[] edges = [.. boxes.Select(box => ToPixels(box, places.Width, places.Height))];
        using var paint = new SKPaint();
        for (int i = 0; i < edges.Length; i++)
        {
            paint.Color = boxes[i].Color.ToSkia();
            DrawEdges(canvas, edges[i], Math.Min(scale.LineWidth, (Math.Min(edges[i].Width, edges[i].Height) + 1) / 2), paint);
        }

        for (int i = 0; i < edges.Length; i++)
        {
            if (boxes[i].Label is { Length: > 0 } label && edges[i] is { Width: > 0, Height: > 0 } box)
                DrawLabel(canvas, label, boxes[i].Color, box, scale, places);
        }
    }

    // Whole pixels have the exact color. Edges that are outside stay outside, by a pixel at least, and a box of no width has one pixel.
    private static SKRectI ToPixels(LabeledBox box, int width, int height)
    {
        if (!(float.IsFinite(box.Left) && float.IsFinite(box.Top) && float.IsFinite(box.Right) && float.IsFinite(box.Bottom)))
            throw new ArgumentException($"A box has an edge that is not finite: {box.Left}, {box.Top}, {box.Right}, {box.Bottom}.");
        (int left, int right) = Range(box.Left, box.Right, width);
        (int top, int bottom) = Range(box.Top, box.Bottom, height);
        bool isOutside = right <= 0 || left >= width || bottom <= 0 || top >= height;
        return isOutside ? SKRectI.Empty : new SKRectI(left, top, right, bottom);
    }

    private static (int From, int To) Range(float a, float b, int extent)
    {
        int from = (int)Math.Clamp(MathF.Round(Math.Min(a, b)), -extent - 1f, 2f * extent);
        int to = (int)Math.Clamp(MathF.Round(Math.Max(a, b)), -extent - 1f, (2f * extent) + 1);
        return (from, Math.Max(to, from + 1));
    }

    private static void DrawEdges(SKCanvas canvas, SKRectI box, int width, SKPaint paint)
    {
        canvas.DrawRect(box.Left, box.Top, box.Width, width, paint);
        canvas.DrawRect(box.Left, box.Bottom - width, box.Width, width, paint);
        canvas.DrawRect(box.Left, box.Top, width, box.Height, paint);
        canvas.DrawRect(box.Right - width, box.Top, width, box.Height, paint);
    }

    private static void DrawLabel(SKCanvas canvas, string text, RgbColor color, SKRectI box, DrawingScale scale, LabelPlacer places)
    {
        if (LabelText.Within(text, scale, places.Width, places.Height) is not { } label)
            return;
        SKRectI place = places.Place(SKRectI.Intersect(box, SKRectI.Create(places.Width, places.Height)), label.Width, label.Height);
        using var paint = new SKPaint { Color = color.ToSkia() };
        canvas.DrawRect(place, paint);
        // Piled up accents may be higher than any line.
        canvas.Save();
        canvas.ClipRect(place);
        label.Line.Draw(canvas, place.Left + label.Padding, place.Top, color.TextColor);
        canvas.Restore();
    }
}
