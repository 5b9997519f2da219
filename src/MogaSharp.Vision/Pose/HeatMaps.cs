using System.Buffers;

namespace MogaSharp.Vision;

/// <summary>What is done with the heat maps of a pose network besides decoding them, as MMPose does it.</summary>
public static class HeatMaps
{
    /// <summary>
    /// Turns the heat maps of a mirrored image into those of the image: mirrors them, gives left and right joints each other's map, and
    /// moves them one column to the right, where the first column keeps its values. Without the move the two would not lie on one
    /// another.
    /// </summary>
    /// <param name="mirrored">persons x joints x height x width values.</param>
    /// <param name="size">The size of a map, at least 1 x 1.</param>
    /// <param name="skeleton">The joints.</param>
    /// <param name="destination">As many values, written; must not overlap the others.</param>
    /// <exception cref="ArgumentException">The values are not whole maps of every joint, or the numbers of values differ.</exception>
    public static void Unmirror(ReadOnlySpan<float> mirrored, ImageSize size, SkeletonDefinition skeleton, Span<float> destination)
    {
        int pixels = CheckMaps(mirrored.Length, size, skeleton);
        if (destination.Length != mirrored.Length)
            throw new ArgumentException($"{destination.Length} values cannot hold {mirrored.Length}.", nameof(destination));
        ReadOnlySpan<int> places = skeleton.Mirrored.AsSpan();
        for (int map = 0; map < mirrored.Length / pixels; map++)
        {
            int joint = map % places.Length;
            ReadOnlySpan<float> from = mirrored.Slice((map - joint + places[joint]) * pixels, pixels);
            Span<float> to = destination.Slice(map * pixels, pixels);
            for (int at = 0; at < pixels; at += size.Width)
            {
                to[at] = from[at + size.Width - 1];
                for (int x = 1; x < size.Width; x++)
                    to[at + x] = from[at + size.Width - x];
            }
        }
    }

    /// <summary>The mean of the heat maps of an image and those of the mirrored image: the flip test.</summary>
    /// <param name="heatMaps">persons x joints x height x width values, overwritten with the means.</param>
    /// <param name="mirrored">As many values, of the mirrored image.</param>
    /// <param name="size">The size of a map, at least 1 x 1.</param>
    /// <param name="skeleton">The joints.</param>
    /// <exception cref="ArgumentException">The values are not whole maps of every joint, or the numbers of values differ.</exception>
    public static void MergeMirrored(Span<float> heatMaps, ReadOnlySpan<float> mirrored, ImageSize size, SkeletonDefinition skeleton)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(heatMaps.Length);
        try
        {
            Span<float> back = rented.AsSpan(0, heatMaps.Length);
            Unmirror(mirrored, size, skeleton, back);
            for (int i = 0; i < heatMaps.Length; i++)
                heatMaps[i] = (heatMaps[i] + back[i]) * 0.5f;
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    /// <summary>
    /// The heat maps that a network should give: for each joint a Gaussian of height 1 about the nearest column and row, cut off three
    /// sigma away in each direction.
    /// </summary>
    /// <param name="points">The joints, in pixels of the network's input. Those that lie outside of it count too, as far as their
    /// Gaussian reaches into the map.</param>
    /// <param name="input">The size of the network's input.</param>
    /// <param name="size">The size of a map, at least 1 x 1.</param>
    /// <param name="target">joints x height x width values, written.</param>
    /// <param name="weights">A value for each joint, written: 1 if the network can be told where it is, or 0.</param>
    /// <param name="sigma">The standard deviation in columns and rows, at least 1.</param>
    /// <exception cref="ArgumentException">The numbers of values do not fit.</exception>
    public static void WriteTargets(
        ReadOnlySpan<KeyPoint> points,
        ImageSize input,
        ImageSize size,
        Span<float> target,
        Span<float> weights,
        int sigma = 2
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sigma);
        int pixels = CheckSize(size);
        if (target.Length != (long)points.Length * pixels || weights.Length != points.Length)
            throw new ArgumentException(
                $"{target.Length} values and {weights.Length} weights are not those of {points.Length} maps of {size}.",
                nameof(target)
            );
        target.Clear();
        weights.Clear();
        int reach = 3 * sigma;
        for (int joint = 0; joint < points.Length; joint++)
        {
            KeyPoint point = points[joint];
            double x = Nearest(point.X, input.Width, size.Width),
                y = Nearest(point.Y, input.Height, size.Height);
            bool reachesIn = x - reach < size.Width && y - reach < size.Height && x + reach + 1 >= 0 && y + reach + 1 >= 0;
            if (point.Visibility == KeyPointVisibility.Unlabeled || !reachesIn)
                continue;
            weights[joint] = 1;
            WriteGaussian(target.Slice(joint * pixels, pixels), size, (int)x, (int)y, reach, 2 * sigma * sigma);
        }
    }

    private static double Nearest(double place, int input, int map) => Math.Truncate((place / ((double)input / map)) + 0.5);

    private static void WriteGaussian(Span<float> map, ImageSize size, int centerX, int centerY, int reach, float divisor)
    {
        for (int y = Math.Max(0, centerY - reach); y <= Math.Min(size.Height - 1, centerY + reach); y++)
        {
            for (int x = Math.Max(0, centerX - reach); x <= Math.Min(size.Width - 1, centerX + reach); x++)
            {
                int distance = ((x - centerX) * (x - centerX)) + ((y - centerY) * (y - centerY));
                map[(y * size.Width) + x] = MathF.Exp(-distance / divisor);
            }
        }
    }

    private static int CheckMaps(int values, ImageSize size, SkeletonDefinition skeleton)
    {
        int pixels = CheckSize(size),
            joints = skeleton.Joints.Length;
        if (values % ((long)joints * pixels) != 0)
            throw new ArgumentException($"{values} values are not {joints} maps of {size} for each person.");
        return pixels;
    }

    private static int CheckSize(ImageSize size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Width, nameof(size));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Height, nameof(size));
        return checked(size.Width * size.Height);
    }
}
