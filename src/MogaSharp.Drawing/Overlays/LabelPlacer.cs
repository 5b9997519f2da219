using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>Finds places for labels in an image such that they do not cover each other.</summary>
internal sealed class LabelPlacer(int width, int height)
{
    private readonly List<SKRectI> _taken = [];

    public int Width => width;

    public int Height => height;

    /// <summary>Marks a place as covered.</summary>
    public void Take(SKRectI place) => _taken.Add(place);

    /// <summary>
    /// Takes a place for a label that is no larger than the image: above its box or within its top, or else the nearest free one within
    /// two heights of the box, or else the place of those that covers the least.
    /// </summary>
    public SKRectI Place(SKRectI box, int labelWidth, int labelHeight)
    {
        int reach = 2 * labelHeight;
        SKRectI preferred = At(box.Left, box.Top - labelHeight >= 0 ? box.Top - labelHeight : box.Top);
        if (_taken.TrueForAll(other => !other.IntersectsWith(preferred)))
        {
            Take(preferred);
            return preferred;
        }

        // Whatever is free can be moved along rows and columns until it meets an edge of what is not, so these are all places to look at.
        SKRectI area = SKRectI.Inflate(box, reach + labelWidth, reach + labelHeight);
        SKRectI[] near = [.. _taken.Where(other => other.IntersectsWith(area))];
        int[] lefts =
        [
            box.Left,
            box.Right - labelWidth,
            0,
            width - labelWidth,
            .. near.Select(other => other.Right),
            .. near.Select(other => other.Left - labelWidth),
        ];
        int[] tops =
        [
            box.Top - labelHeight,
            box.Top,
            box.Bottom,
            box.Bottom - labelHeight,
            0,
            height - labelHeight,
            .. near.Select(other => other.Bottom),
            .. near.Select(other => other.Top - labelHeight),
        ];
        (SKRectI best, (long Covered, int Gap, int Way) least) = (preferred, (long.MaxValue, 0, 0));
        foreach (int left in lefts.Distinct())
        {
            foreach (int top in tops.Distinct())
            {
                SKRectI place = At(left, top);
                int gap = Math.Max(Gap(place.Left, place.Right, box.Left, box.Right), Gap(place.Top, place.Bottom, box.Top, box.Bottom));
                if (gap > reach)
                    continue;
                var cost = (Covered(place, near), gap, Math.Abs(place.Left - preferred.Left) + Math.Abs(place.Top - preferred.Top));
                if (cost.CompareTo(least) < 0)
                    (best, least) = (place, cost);
            }
        }

        Take(best);
        return best;

        SKRectI At(int left, int top) =>
            SKRectI.Create(Math.Clamp(left, 0, width - labelWidth), Math.Clamp(top, 0, height - labelHeight), labelWidth, labelHeight);
    }

    private static int Gap(int from, int to, int otherFrom, int otherTo) => Math.Max(0, Math.Max(otherFrom - to, from - otherTo));

    private static long Covered(SKRectI place, SKRectI[] others)
    {
        long covered = 0;
        foreach (SKRectI other in others)
        {
            if (SKRectI.Intersect(place, other) is { Width: > 0, Height: > 0 } shared)
                covered += (long)shared.Width * shared.Height;
        }

        return covered;
    }
}
