using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>
/// The boxes about the places of feature maps that a detector moves and resizes to those of objects, with the numbers of MMDetection's
/// <c>AnchorGenerator</c> with a center offset of 0 and base sizes that are the strides. In single precision, which is part of the official
/// results. Boxes are left, top, right, bottom in pixels.
/// </summary>
public sealed class AnchorGenerator
{
    private readonly float[][] _bases;

    /// <summary>Anchors of every ratio and scale, the scales of the first ratio first.</summary>
    /// <param name="strides">The distance of places for each level of the pyramid, in pixels.</param>
    /// <param name="ratios">Height divided by width.</param>
    /// <param name="scales">The side of the square of the same area, in strides.</param>
    /// <exception cref="ArgumentException">A list is empty, or a number in it is not positive.</exception>
    public AnchorGenerator(ImmutableArray<int> strides, ImmutableArray<float> ratios, ImmutableArray<float> scales)
    {
        if (strides.IsDefaultOrEmpty || ratios.IsDefaultOrEmpty || scales.IsDefaultOrEmpty)
            throw new ArgumentException("Anchors need a stride, a ratio and a scale.");
        if (!(strides.Min() > 0 && ratios.All(IsPositive) && scales.All(IsPositive)))
            throw new ArgumentException("Strides, ratios and scales of anchors are positive.");
        (Strides, Ratios, Scales) = (strides, ratios, scales);
        _bases = [.. strides.Select(Bases)];
    }

    /// <summary>
    /// RetinaNet's anchors: nine about each place of the strides 8 to 128 (Lin et al., "Focal loss for dense object detection", 2017).
    /// </summary>
    public static AnchorGenerator RetinaNet { get; } = OfOctaves([8, 16, 32, 64, 128], [0.5f, 1, 2], 4, 3);

    /// <summary>
    /// The anchors of a region proposal network over a pyramid: three about each place of the strides 4 to 64 (Lin et al., "Feature pyramid
    /// networks for object detection", 2017).
    /// </summary>
    public static AnchorGenerator RegionProposals { get; } = new([4, 8, 16, 32, 64], [0.5f, 1, 2], [8]);

    /// <summary>The distance of places for each level of the pyramid, in pixels.</summary>
    public ImmutableArray<int> Strides { get; }

    /// <summary>Height divided by width.</summary>
    public ImmutableArray<float> Ratios { get; }

    /// <summary>The side of the square of the same area, in strides.</summary>
    public ImmutableArray<float> Scales { get; }

    /// <summary>Anchors about each place.</summary>
    public int Count => Ratios.Length * Scales.Length;

    /// <summary>Anchors whose scales divide each octave evenly.</summary>
    /// <param name="strides">The distance of places for each level of the pyramid, in pixels.</param>
    /// <param name="ratios">Height divided by width.</param>
    /// <param name="baseScale">The smallest scale, in strides.</param>
    /// <param name="perOctave">Scales in each octave, 1 or more.</param>
    public static AnchorGenerator OfOctaves(ImmutableArray<int> strides, ImmutableArray<float> ratios, double baseScale, int perOctave) =>
        new(strides, ratios, [.. Enumerable.Range(0, perOctave).Select(i => (float)(Math.Pow(2, (double)i / perOctave) * baseScale))]);

    /// <summary>The anchors about the first place of a level, whose center is 0, 0: <see cref="Count"/> x 4 numbers.</summary>
    /// <param name="level">The level, from 0.</param>
    public ReadOnlySpan<float> BaseAnchors(int level) => _bases[level];

    /// <summary>All anchors of a level, row by row and those of a place together: height x width x <see cref="Count"/> x 4
    /// numbers.</summary>
    /// <param name="level">The level, from 0.</param>
    /// <param name="map">The size of the level's map.</param>
    public float[] Grid(int level, ImageSize map)
    {
        float[] anchors = new float[checked(map.Width * map.Height * Count * 4)];
        WriteGrid(level, map, anchors);
        return anchors;
    }

    /// <summary>Writes all anchors of a level, as <see cref="Grid"/> gives them.</summary>
    /// <param name="level">The level, from 0.</param>
    /// <param name="map">The size of the level's map.</param>
    /// <param name="anchors">height x width x <see cref="Count"/> x 4 numbers, written.</param>
    /// <exception cref="ArgumentException">The numbers are not as many.</exception>
    public void WriteGrid(int level, ImageSize map, Span<float> anchors)
    {
        ReadOnlySpan<float> bases = _bases[level];
        if (anchors.Length != (long)map.Width * map.Height * bases.Length)
            throw new ArgumentException(
                $"{anchors.Length} numbers are not those of {Count} anchors for each place of {map}.",
                nameof(anchors)
            );
        int at = 0;
        for (int y = 0; y < map.Height; y++)
        {
            float down = y * Strides[level];
            for (int x = 0; x < map.Width; x++)
            {
                float right = x * Strides[level];
                for (int i = 0; i < bases.Length; i += 4, at += 4)
                    (anchors[at], anchors[at + 1], anchors[at + 2], anchors[at + 3]) = (
                        bases[i] + right,
                        bases[i + 1] + down,
                        bases[i + 2] + right,
                        bases[i + 3] + down
                    );
            }
        }
    }

    /// <summary>Writes which anchors of a level take part in training: those about places of the image, not of what was added around a
    /// smaller one to fill a batch.</summary>
    /// <param name="level">The level, from 0.</param>
    /// <param name="map">The size of the level's map.</param>
    /// <param name="padded">The size of this image with its own padding.</param>
    /// <param name="valid">height x width x <see cref="Count"/> values, written.</param>
    /// <exception cref="ArgumentException">The values are not as many.</exception>
    public void WriteValid(int level, ImageSize map, ImageSize padded, Span<bool> valid)
    {
        int row = map.Width * Count,
            stride = Strides[level];
        if (valid.Length != (long)row * map.Height)
            throw new ArgumentException($"{valid.Length} values are not those of {Count} anchors for each place of {map}.", nameof(valid));
        valid.Clear();
        int columns = Math.Min((padded.Width + stride - 1) / stride, map.Width),
            rows = Math.Min((padded.Height + stride - 1) / stride, map.Height);
        for (int y = 0; y < rows; y++)
            valid.Slice(y * row, columns * Count).Fill(true);
    }

    private static bool IsPositive(float value) => value > 0 && float.IsFinite(value);

    private float[] Bases(int stride)
    {
        float[] bases = new float[Count * 4];
        int at = 0;
        foreach (float ratio in Ratios)
        {
            float tall = MathF.Sqrt(ratio),
                wide = 1 / tall;
            foreach (float scale in Scales)
            {
                (float x, float y) = (0.5f * (stride * wide * scale), 0.5f * (stride * tall * scale));
                (bases[at], bases[at + 1], bases[at + 2], bases[at + 3]) = (-x, -y, x, y);
                at += 4;
            }
        }

        return bases;
    }
}
