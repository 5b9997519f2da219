namespace MogaSharp.Graph;

/// <summary>
/// Regions of an image's feature pyramid as maps of one size, as torchvision's and mmcv's <c>roi_align</c> with <c>aligned</c> true and
/// <c>sampling_ratio</c> 0, after mmdetection's choice of a level: maps (N, C, H, W), the finest first, and regions (R, 5) to
/// (R, C, Size, Size). A region is the number of its image and x1, y1, x2, y2 in pixels of the network's input.
/// </summary>
/// <remarks>
/// A region is cut into Size x Size bins, a bin is the mean of bilinear samples, at most a pixel of the map apart. Samples more than a
/// pixel outside of the map count as 0. An empty region is 0, and so is one with a side that is no number or longer than
/// <see cref="LongestSide"/>. Gradients go to the maps, not to the regions.
/// </remarks>
/// <param name="Size">Rows and columns of the result, 1 or more.</param>
/// <param name="Stride">Pixels of the input to one of the first map; each further map has twice as many as the one before.</param>
/// <param name="FinestScale">Regions below twice this side (the root of their area, in pixels of the input) are cut from the first map,
/// those below four times from the second, and so on; the last takes all others.</param>
public sealed record RoiAlign(int Size, int Stride = 4, double FinestScale = 56) : PrimitiveOp
{
    /// <summary>Pixels of the input that a side of a region has at most; the official code would sample longer ones for
    /// hours.</summary>
    public const int LongestSide = 1 << 20;

    private const int MostLevels = 16;

    /// <summary>Whether a value is read as an op's regions: their number is not that of the images, their elements are places.</summary>
    public static bool ReadsRegions(ValueReader reader) => reader.Value.Op is RoiAlign && reader.Input == reader.Value.Inputs.Count - 1;

    /// <summary>The image that a region lies on.</summary>
    /// <param name="region">Which region, for the message.</param>
    /// <param name="image">Its first element.</param>
    /// <param name="images">How many images there are.</param>
    /// <exception cref="GraphException">There is no such image.</exception>
    public static int ImageOf(int region, float image, int images) =>
        image >= 0 && image < images
            ? (int)image
            : throw new GraphException($"Region {region} lies on image {image}; there are {images}, counted from 0.");

    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        if (Size < 1 || Stride < 1 || !(FinestScale > 0))
            throw new GraphException($"RoiAlign takes no size of {Size} with stride {Stride} and scale {FinestScale}.");
        if (inputs.Length is < 2 or > MostLevels + 1)
            throw new GraphException($"RoiAlign takes 1 to {MostLevels} maps and the regions, it got {inputs.Length} input(s).");
        Shape regions = inputs[^1];
        if (regions.Rank != 2 || regions[1] != 5)
            throw new GraphException($"RoiAlign takes regions (R, 5) after its maps, it got {regions}.");
        foreach (Shape map in inputs[..^1])
            if (map.Rank != 4 || map[0] != inputs[0][0] || map[1] != inputs[0][1])
                throw new GraphException(
                    $"RoiAlign takes maps (N, C, H, W) of the same images and channels, it got {string.Join(", ", inputs[..^1].ToArray())}."
                );
        return new Shape(regions[0], inputs[0][1], Size, Size);
    }

    /// <summary>The map that a region is cut from: the nearest in scale, by mmdetection's rule in single precision.</summary>
    /// <param name="region">Image, x1, y1, x2, y2.</param>
    /// <param name="levels">How many maps there are.</param>
    public int LevelOf(ReadOnlySpan<float> region, int levels)
    {
        float scale = MathF.Sqrt((region[3] - region[1]) * (region[4] - region[2]));
        float place = (scale / (float)FinestScale) + 1e-6f;
        // floor(log2(place)) without a logarithm, so that all interpreters agree.
        int level = 0;
        while (level < levels - 1 && place >= 2 << level)
            level++;
        return level;
    }

    /// <summary>One direction of a region on a map.</summary>
    /// <param name="low">Where it begins, in pixels of the input.</param>
    /// <param name="high">Where it ends.</param>
    /// <param name="level">The map.</param>
    public RegionSide SideOf(float low, float high, int level)
    {
        float scale = ScaleOf(level);
        float start = (low * scale) - 0.5f;
        float bin = ((high * scale) - 0.5f - start) / Size;
        return new(start, bin, high - low is > 0 and <= LongestSide ? (int)MathF.Ceiling(bin) : 0);
    }

    /// <summary>Pixels of a map to one of the input.</summary>
    /// <param name="level">The map.</param>
    public float ScaleOf(int level) => 1f / ((long)Stride << level);

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// Where the samples of a region's bins lie along one direction of a map. All in single precision, as the official code has it: how many
/// there are, and which lie outside, is decided by it.
/// </summary>
/// <param name="Start">Where the first bin begins, in pixels from the center of the map's first.</param>
/// <param name="Bin">How long a bin is.</param>
/// <param name="Samples">Samples of a bin; 0 where the region is empty.</param>
public readonly record struct RegionSide(float Start, float Bin, int Samples)
{
    /// <summary>The pixels that a sample lies between.</summary>
    /// <param name="bin">The bin.</param>
    /// <param name="sample">Which of its samples.</param>
    /// <param name="pixels">Pixels of the map in this direction.</param>
    /// <returns>Two pixels, the first not after the second, and the share of the second, 0 to below 1; (-1, -1, 0) for a sample outside of
    /// the map.</returns>
    public (int Low, int High, float Share) PixelsOf(int bin, int sample, int pixels)
    {
        float place = Start + (bin * Bin) + ((sample + 0.5f) * Bin / Samples);
        if (!(place >= -1 && place <= pixels))
            return (-1, -1, 0);
        place = MathF.Max(place, 0);
        int low = (int)place;
        return low >= pixels - 1 ? (pixels - 1, pixels - 1, 0) : (low, low + 1, place - low);
    }
}
