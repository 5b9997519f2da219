using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>Walks along the edges of a mask's pixels, with the mask to the right.</summary>
internal static class MaskOutline
{
    private static readonly (int X, int Y)[] Steps = [(1, 0), (0, 1), (-1, 0), (0, -1)];

    public static ImmutableArray<ImmutableArray<(int X, int Y)>> Of(RunLengthMask mask)
    {
        PixelWindow window = mask.Window;
        if (window.Area == 0)
            return [];
        // With an empty pixel all around.
        int stride = window.Width + 2;
        bool[] isInside = new bool[stride * (window.Height + 2)],
            isDone = new bool[isInside.Length];
        int at = 0;
        for (int i = 0; i < mask.Runs.Length; i++)
        {
            int end = at + (int)mask.Runs[i];
            for (; at < end && i % 2 == 1; at++)
                isInside[((at % mask.Size.Height) - window.Top + 1) * stride + (at / mask.Size.Height) - window.Left + 1] = true;
            at = end;
        }

        var polygons = ImmutableArray.CreateBuilder<ImmutableArray<(int, int)>>();
        for (int start = stride; start < isInside.Length - stride; start++)
            if (isInside[start] && !isInside[start - stride] && !isDone[start])
                polygons.Add(Walk(start, stride, isInside, isDone, window.Left - 1, window.Top - 1));
        return polygons.ToImmutable();
    }

    // From the upper left corner of a pixel to the right, until it comes there again.
    private static ImmutableArray<(int, int)> Walk(int start, int stride, bool[] isInside, bool[] isDone, int left, int top)
    {
        var points = ImmutableArray.CreateBuilder<(int, int)>();
        (int x, int y, int direction) = (start % stride, start / stride, 0);
        do
        {
            if (direction == 0)
                isDone[(y * stride) + x] = true;
            x += Steps[direction].X;
            y += Steps[direction].Y;
            bool isRight = isInside[Around(x, y, direction, stride)],
                isLeft = isInside[Around(x, y, direction + 3, stride)];
            if (isRight && !isLeft)
                continue;
            points.Add((x + left, y + top));
            direction = (direction + (isRight ? 3 : 1)) % 4;
        } while ((y * stride) + x != start || direction != 0);

        return points.ToImmutable();
    }

    // One of the pixels around a corner, clockwise from the lower right one.
    private static int Around(int x, int y, int place, int stride) =>
        ((place % 4 < 2 ? y : y - 1) * stride) + (place % 4 is 1 or 2 ? x - 1 : x);
}
