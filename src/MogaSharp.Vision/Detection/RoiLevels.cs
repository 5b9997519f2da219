namespace MogaSharp.Vision;

/// <summary>Which level of a pyramid a region is looked up in: the larger the region, the coarser (Lin et al., "Feature pyramid networks
/// for object detection", 2017), as MMDetection's <c>SingleRoIExtractor</c> chooses.</summary>
public static class RoiLevels
{
    /// <summary>Writes the level of each region.</summary>
    /// <param name="boxes">n x 4 numbers: left, top, right, bottom in pixels of the network's input.</param>
    /// <param name="levels">n numbers, written: from 0, the finest, on. A region without a proper size is on the finest level.</param>
    /// <param name="count">The levels of the pyramid that regions are looked up in.</param>
    /// <param name="finest">Squares with twice this side, in pixels, are the smallest on level 1; each further level doubles it.</param>
    /// <exception cref="ArgumentException">The lists do not fit together.</exception>
    public static void Write(ReadOnlySpan<float> boxes, Span<int> levels, int count = 4, float finest = 56)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        if (BoxList.Count(boxes, nameof(boxes)) != levels.Length)
            throw new ArgumentException($"{levels.Length} levels are not those of {boxes.Length / 4} boxes.", nameof(levels));
        for (int i = 0; i < levels.Length; i++)
        {
            ReadOnlySpan<float> box = boxes.Slice(i * 4, 4);
            float side = MathF.Sqrt((box[2] - box[0]) * (box[3] - box[1])),
                level = MathF.Floor((float)Math.Log2((side / finest) + 1e-6f));
            levels[i] = level > 0 ? (int)Math.Min(level, count - 1) : 0;
        }
    }
}
