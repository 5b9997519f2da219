using System.Collections.Immutable;

namespace MogaSharp.Tasks;

/// <summary>How much each pixel of the input counts for the middle of a layer's maps.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Height">Rows of the input.</param>
/// <param name="Width">Columns of the input.</param>
/// <param name="Values">Height x Width numbers of 0 or more, row by row: the mean over images.</param>
/// <param name="Images">How many images.</param>
public sealed record ReceptiveFieldMap(string Layer, int Height, int Width, ImmutableArray<double> Values, int Images)
{
    /// <summary>The area of the smallest rectangle around the middle, of the input's proportions, that holds more than a share of all, as
    /// RepLKNet (Ding et al. 2022, table 9) counts it.</summary>
    /// <param name="share">The share, 0 to 1.</param>
    /// <returns>The area as a share of the input's, 0 to 1; NaN when all values are 0.</returns>
    public double AreaOf(double share)
    {
        double all = Values.Sum();
        if (!(all > 0))
            return double.NaN;
        int most = Math.Max(Height, Width);
        for (int reach = 0; reach < most; reach++)
        {
            (int down, int across) = (reach * Height / most, reach * Width / most);
            (int top, int bottom) = (Math.Max(0, (Height / 2) - down), Math.Min(Height, (Height / 2) + down + 1));
            (int left, int right) = (Math.Max(0, (Width / 2) - across), Math.Min(Width, (Width / 2) + across + 1));
            double inside = 0;
            for (int y = top; y < bottom; y++)
            for (int x = left; x < right; x++)
                inside += Values[(y * Width) + x];
            if (inside > share * all)
                return (double)(bottom - top) * (right - left) / (Height * Width);
        }

        return 1;
    }
}
