namespace MogaSharp.Vision;

/// <summary>How a joint's place is refined below the columns and rows of its heat map.</summary>
public enum HeatMapRefinement
{
    /// <summary>Not at all: the highest value is the place.</summary>
    None,

    /// <summary>By a quarter toward the higher neighbor of each axis. The official setting.</summary>
    QuarterShift,

    /// <summary>
    /// By the maximum of the Gaussian that fits the blurred map there (DARK: Zhang et al., "Distribution-aware coordinate representation
    /// for human pose estimation", 2020).
    /// </summary>
    Unbiased,
}

/// <summary>Joints from the heat maps of a pose network, with the results of MMPose.</summary>
public static class HeatMapDecoder
{
    // The blur is 11 columns wide, for which OpenCV takes a sigma of 0.3 (5 - 1) + 0.8.
    private const int Reach = 5;
    private const double BlurSigma = 2;
    private const float Smallest = 1e-10f;

    private static readonly float[] BlurKernel = Gaussian();

    /// <summary>The joints of one person.</summary>
    /// <param name="heatMaps">joints x height x width values, one map for each joint.</param>
    /// <param name="size">The size of a map, at least 1 x 1.</param>
    /// <param name="region">The part of the image that the maps are of.</param>
    /// <param name="refinement">How places are refined.</param>
    /// <returns>A point for each map, in pixels of the image; its score is the highest value. A map without a value above 0 gives the
    /// place (-1, -1) of the map, which is outside of the region.</returns>
    /// <exception cref="ArgumentException">The values are not whole maps.</exception>
    public static PosePoint[] Decode(
        ReadOnlySpan<float> heatMaps,
        ImageSize size,
        in PoseRegion region,
        HeatMapRefinement refinement = HeatMapRefinement.QuarterShift
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Width, nameof(size));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Height, nameof(size));
        int pixels = checked(size.Width * size.Height);
        if (heatMaps.Length % pixels != 0)
            throw new ArgumentException($"{heatMaps.Length} values are not whole maps of {size}.", nameof(heatMaps));
        var points = new PosePoint[heatMaps.Length / pixels];
        float[] scratch = refinement == HeatMapRefinement.Unbiased ? new float[2 * pixels] : [];
        for (int joint = 0; joint < points.Length; joint++)
        {
            ReadOnlySpan<float> map = heatMaps.Slice(joint * pixels, pixels);
            int highest = Highest(map);
            float score = map[highest];
            (float x, float y) = score > 0 ? (highest % size.Width, highest / size.Width) : (-1, -1);
            if (refinement != HeatMapRefinement.None && score > 0)
            {
                (float right, float down) =
                    refinement == HeatMapRefinement.QuarterShift
                        ? QuarterShift(map, size, (int)x, (int)y)
                        : FittedShift(map, size, (int)x, (int)y, scratch.AsSpan(0, pixels), scratch.AsSpan(pixels));
                (x, y) = (x + right, y + down);
            }

            (x, y) = region.FromHeatMap(x, y, size);
            points[joint] = new PosePoint(x, y, score);
        }

        return points;
    }

    private static int Highest(ReadOnlySpan<float> map)
    {
        int highest = 0;
        for (int i = 1; i < map.Length; i++)
            if (map[i] > map[highest])
                highest = i;
        return highest;
    }

    private static (float X, float Y) QuarterShift(ReadOnlySpan<float> map, ImageSize size, int x, int y)
    {
        if (!(x > 1 && x < size.Width - 1 && y > 1 && y < size.Height - 1))
            return (0, 0);
        int at = (y * size.Width) + x;
        return (Toward(map[at - 1], map[at + 1]), Toward(map[at - size.Width], map[at + size.Width]));
    }

    private static float Toward(float before, float after) =>
        after > before ? 0.25f
        : after < before ? -0.25f
        : 0;

    // One step of Newton's method on the logarithm, which is a parabola where the map is a Gaussian.
    private static (float X, float Y) FittedShift(
        ReadOnlySpan<float> map,
        ImageSize size,
        int x,
        int y,
        Span<float> blurred,
        Span<float> scratch
    )
    {
        if (!(x > 1 && x < size.Width - 2 && y > 1 && y < size.Height - 2))
            return (0, 0);
        Blur(map, size.Width, blurred, scratch);
        // The blur lowers the peak; the map gets its height back, so that what counts as nothing is the same for all.
        float gain = map[(y * size.Width) + x] / blurred[Highest(blurred)];
        int at = (y * size.Width) + x,
            row = size.Width;
        ReadOnlySpan<float> values = blurred;
        double center = 2 * (double)Log(values, at);
        double dx = 0.5 * (Log(values, at + 1) - Log(values, at - 1)),
            dy = 0.5 * (Log(values, at + row) - Log(values, at - row)),
            dxx = 0.25 * (Log(values, at + 2) - center + Log(values, at - 2)),
            dyy = 0.25 * (Log(values, at + (2 * row)) - center + Log(values, at - (2 * row)));
        double dxy = 0.25 * (Log(values, at + row + 1) - Log(values, at - row + 1) - Log(values, at + row - 1) + Log(values, at - row - 1));
        double determinant = (dxx * dyy) - (dxy * dxy);
        return determinant == 0
            ? (0, 0)
            : ((float)(((dxy * dy) - (dyy * dx)) / determinant), (float)(((dxy * dx) - (dxx * dy)) / determinant));

        float Log(ReadOnlySpan<float> of, int place) => MathF.Log(Math.Max(of[place] * gain, Smallest));
    }

    // What is outside of the map counts as 0: the official code surrounds it with a border before OpenCV reflects anything. The order of
    // the additions and their rounding are OpenCV's too, since flat maps make much of the last bit.
    private static void Blur(ReadOnlySpan<float> map, int width, Span<float> blurred, Span<float> across)
    {
        across.Clear();
        for (int at = 0; at < map.Length; at += width)
        {
            for (int step = -Reach; step <= Reach; step++)
            {
                int end = Math.Min(width, width - step);
                for (int x = Math.Max(0, -step); x < end; x++)
                    across[at + x] = MathF.FusedMultiplyAdd(BlurKernel[step + Reach], map[at + x + step], across[at + x]);
            }
        }

        for (int at = 0; at < map.Length; at += width)
        {
            for (int x = 0; x < width; x++)
                blurred[at + x] = BlurKernel[Reach] * across[at + x];
            for (int step = 1; step <= Reach; step++)
            {
                int above = at - (step * width),
                    below = at + (step * width);
                for (int x = 0; x < width; x++)
                {
                    float both = (above < 0 ? 0 : across[above + x]) + (below >= map.Length ? 0 : across[below + x]);
                    blurred[at + x] = MathF.FusedMultiplyAdd(BlurKernel[Reach + step], both, blurred[at + x]);
                }
            }
        }
    }

    private static float[] Gaussian()
    {
        double[] weights =
        [
            .. Enumerable.Range(-Reach, (2 * Reach) + 1).Select(step => Math.Exp(-step * step / (2 * BlurSigma * BlurSigma))),
        ];
        double sum = weights.Sum();
        return [.. weights.Select(weight => (float)(weight / sum))];
    }
}
