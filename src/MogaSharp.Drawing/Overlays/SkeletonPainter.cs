using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>Draws skeletons.</summary>
internal static class SkeletonPainter
{
    public static void Draw(SKCanvas canvas, Skeleton skeleton, int lineWidth)
    {
        Check(skeleton);
        using var paint = new SKPaint
        {
            IsAntialias = true,
            StrokeCap = SKStrokeCap.Round,
            StrokeWidth = lineWidth * 1.5f,
        };
        for (int i = 0; i < skeleton.Edges.Length; i++)
        {
            (int from, int to) = skeleton.Edges[i];
            if (!skeleton.IsVisible(from) || !skeleton.IsVisible(to))
                continue;
            paint.Color = (skeleton.EdgeColors.IsEmpty ? skeleton.Color : skeleton.EdgeColors[i]).ToSkia();
            canvas.DrawLine(Place(skeleton.Points[from]), Place(skeleton.Points[to]), paint);
        }

        for (int i = 0; i < skeleton.Points.Length; i++)
        {
            if (!skeleton.IsVisible(i))
                continue;
            RgbColor color = skeleton.PointColors.IsEmpty ? skeleton.Color : skeleton.PointColors[i];
            // A thin ring tells points from bones of the same color.
            paint.Color = color.TextColor.ToSkia();
            canvas.DrawCircle(Place(skeleton.Points[i]), lineWidth * 2.2f, paint);
            paint.Color = color.ToSkia();
            canvas.DrawCircle(Place(skeleton.Points[i]), lineWidth * 1.6f, paint);
        }
    }

    private static void Check(Skeleton skeleton)
    {
        foreach ((int from, int to) in skeleton.Edges)
        {
            int wrong = from < 0 || from >= skeleton.Points.Length ? from : to;
            if (wrong < 0 || wrong >= skeleton.Points.Length)
                throw new ArgumentException($"An edge leads to point {wrong}; there are {skeleton.Points.Length} points.");
        }

        CheckColors(skeleton.PointColors.Length, skeleton.Points.Length, "points");
        CheckColors(skeleton.EdgeColors.Length, skeleton.Edges.Length, "edges");
    }

    private static void CheckColors(int colors, int count, string what)
    {
        if (colors != 0 && colors != count)
            throw new ArgumentException($"There are {colors} colors for {count} {what}.");
    }

    private static SKPoint Place(Keypoint point) => new(point.X, point.Y);
}
