namespace MogaSharp.Vision;

/// <summary>
/// The pixels of a polygon by pycocotools' rule. Its outline goes over a grid that is five times finer; where it passes the middle of a
/// column of pixels, inside and outside change below the point. An edge is looked at only in the columns that it passes, so that the work
/// does not grow with how far the polygon reaches beyond the image.
/// </summary>
internal static class PolygonFill
{
    private const int Finer = 5;
    private const double Farthest = 1e8;

    /// <exception cref="FormatException">It is no polygon.</exception>
    public static uint[] Runs(ReadOnlySpan<double> polygon, ImageSize size)
    {
        if (polygon.Length < 6 || polygon.Length % 2 != 0)
            throw new FormatException($"A polygon has {polygon.Length} coordinates, not two for each of three or more points.");
        foreach (double value in polygon)
            if (!(Math.Abs(value) <= Farthest))
                throw new FormatException($"A polygon has the coordinate {value}.");
        int pixels = size.Width * size.Height,
            room = 4096;
        List<int> changes = [];
        for (int i = 0; i < polygon.Length; i += 2)
        {
            int next = (i + 2) % polygon.Length;
            AddEdge(Fine(polygon[i]), Fine(polygon[i + 1]), Fine(polygon[next]), Fine(polygon[next + 1]), size, changes);
            if (changes.Count < room)
                continue;
            Cancel(changes);
            room = Math.Max(4096, changes.Count * 2);
        }

        Cancel(changes);
        uint[] runs = new uint[changes.Count + 1];
        int last = 0,
            count = 0;
        foreach (int change in changes)
        {
            // What changes after the last pixel changes nothing.
            if (change == pixels)
                continue;
            runs[count++] = (uint)(change - last);
            last = change;
        }

        runs[count++] = (uint)(pixels - last);
        return runs[..count];
    }

    private static int Fine(double value) => (int)((Finer * value) + 0.5);

    // Two changes at the same pixel are none.
    private static void Cancel(List<int> changes)
    {
        changes.Sort();
        int count = 0;
        for (int i = 0; i < changes.Count; i++)
        {
            if (count > 0 && changes[count - 1] == changes[i])
                count--;
            else
                changes[count++] = changes[i];
        }

        changes.RemoveRange(count, changes.Count - count);
    }

    private static void AddEdge(int x, int y, int toX, int toY, ImageSize size, List<int> changes)
    {
        int width = Math.Abs(toX - x),
            height = Math.Abs(toY - y);
        if (width == 0 || Math.Max(x, toX) < 3)
            return;
        bool isFlat = width >= height;
        if (isFlat ? x > toX : y > toY)
            (x, y, toX, toY) = (toX, toY, x, y);
        double slope = isFlat ? (double)(toY - y) / width : (double)(toX - x) / height;
        (int left, int right) = (Math.Min(x, toX), Math.Max(x, toX));
        // The middle of a column lies between the points 5 k + 2 and 5 k + 3.
        int first = Math.Max(0, (left - 2 + Finer - 1) / Finer),
            last = Math.Min(size.Width - 1, (right - 3) / Finer);
        for (int column = first; column <= last; column++)
        {
            int before = (Finer * column) + 2,
                row;
            if (isFlat)
                row = Math.Min((int)(y + (slope * (before - x)) + 0.5), (int)(y + (slope * (before + 1 - x)) + 0.5));
            else
                row = y + LastBefore(x, slope, height, before);
            double down = Math.Ceiling(Math.Clamp(((row + 0.5) / Finer) - 0.5, 0, size.Height));
            changes.Add((column * size.Height) + (int)down);
        }
    }

    // The last step of a steep edge before it comes to the other side of the middle of a column.
    private static int LastBefore(int x, double slope, int height, int before)
    {
        int low = 0,
            high = height;
        while (high - low > 1)
        {
            int middle = low + ((high - low) / 2),
                at = (int)(x + (slope * middle) + 0.5);
            if (slope > 0 ? at <= before : at > before)
                low = middle;
            else
                high = middle;
        }

        return low;
    }
}
