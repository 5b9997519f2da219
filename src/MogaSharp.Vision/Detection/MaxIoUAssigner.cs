using System.Buffers;
using System.Numerics.Tensors;

namespace MogaSharp.Vision;

/// <summary>
/// Which object each box shall find in training, by how much they overlap, with the results of MMDetection's <c>MaxIoUAssigner</c>. In
/// single precision. Boxes are left, top, right, bottom.
/// </summary>
/// <param name="PositiveThreshold">A box that overlaps an object at least so much shall find it.</param>
/// <param name="NegativeThreshold">A box that overlaps every object less is background.</param>
public sealed record MaxIoUAssigner(float PositiveThreshold, float NegativeThreshold)
{
    /// <summary>What a box that takes no part in training is assigned to.</summary>
    public const int Ignored = -1;

    /// <summary>What background is assigned to.</summary>
    public const int Background = 0;

    /// <summary>The anchors of RetinaNet.</summary>
    public static MaxIoUAssigner RetinaNet { get; } = new(0.5f, 0.4f);

    /// <summary>The anchors of a region proposal network.</summary>
    public static MaxIoUAssigner RegionProposals { get; } = new(0.7f, 0.3f) { LeastMatch = 0.3f };

    /// <summary>Whether the boxes that overlap an object most shall find it although they are below the positive threshold.</summary>
    public bool MatchesLowQuality { get; init; } = true;

    /// <summary>By how much the boxes of an object with <see cref="MatchesLowQuality"/> have to overlap it. With the default 0, and the
    /// official code, an object that no box overlaps is assigned to every box.</summary>
    public float LeastMatch { get; init; }

    /// <summary>Whether all boxes that overlap an object most are matched, or only the first one.</summary>
    public bool MatchesAllBest { get; init; } = true;

    /// <summary>Boxes of which a larger share lies in a region to be ignored are; 0 or less for none.</summary>
    public float IgnoreThreshold { get; init; } = -1;

    /// <summary>Whether that share is one of the box, or else one of the region.</summary>
    public bool IgnoresByShareOfBox { get; init; } = true;

    /// <summary>The boxes of a second stage: all are positive or negative.</summary>
    /// <param name="threshold">Both thresholds and the least match: 0.5, and 0.6 and 0.7 in the later stages of a cascade.</param>
    /// <param name="matchesLowQuality">See <see cref="MatchesLowQuality"/>: official for Mask R-CNN but not for cascades.</param>
    public static MaxIoUAssigner Regions(float threshold, bool matchesLowQuality) =>
        new(threshold, threshold) { LeastMatch = threshold, MatchesLowQuality = matchesLowQuality };

    /// <summary>Assigns.</summary>
    /// <param name="boxes">n x 4 numbers.</param>
    /// <param name="truths">m x 4 numbers: the objects.</param>
    /// <param name="ignored">k x 4 numbers: regions to be ignored, such as crowds.</param>
    /// <param name="assigned">n numbers, written: the object's place in <paramref name="truths"/> and 1, or <see cref="Background"/>, or
    /// <see cref="Ignored"/>.</param>
    /// <param name="overlaps">n numbers, written: how much the box overlaps the object that it overlaps most; -1 where it is
    /// ignored.</param>
    /// <param name="valid">n values: whether a box takes part, as <see cref="AnchorGenerator.WriteValid"/> tells; none when all do. The
    /// others are ignored.</param>
    /// <exception cref="ArgumentException">The lists do not fit together.</exception>
    public void Assign(
        ReadOnlySpan<float> boxes,
        ReadOnlySpan<float> truths,
        ReadOnlySpan<float> ignored,
        Span<int> assigned,
        Span<float> overlaps,
        ReadOnlySpan<bool> valid = default
    )
    {
        int count = BoxList.Count(boxes, nameof(boxes)),
            objects = BoxList.Count(truths, nameof(truths));
        BoxList.Count(ignored, nameof(ignored));
        if (assigned.Length != count || overlaps.Length != count || (valid.Length != count && !valid.IsEmpty))
            throw new ArgumentException(
                $"{assigned.Length}, {overlaps.Length} and {valid.Length} values are not those of {count} boxes.",
                nameof(assigned)
            );
        overlaps.Clear();
        assigned.Fill(objects == 0 ? Background : Ignored);
        for (int j = 0; j < valid.Length; j++)
            if (!valid[j])
                (assigned[j], overlaps[j]) = (Ignored, -1);
        if (objects == 0 || count == 0)
            return;
        using var columns = BoxColumns.Of(boxes);
        float[] row = ArrayPool<float>.Shared.Rent(count),
            best = ArrayPool<float>.Shared.Rent(objects);
        bool[] excluded = ArrayPool<bool>.Shared.Rent(count);
        Span<bool> isExcluded = excluded.AsSpan(0, count);
        Exclude(boxes, ignored, columns, row.AsSpan(0, count), isExcluded);
        for (int j = 0; j < valid.Length; j++)
            isExcluded[j] |= !valid[j];
        for (int i = 0; i < objects; i++)
        {
            Overlap(truths.Slice(i * 4, 4), columns, isExcluded, row.AsSpan(0, count));
            best[i] = TensorPrimitives.Max<float>(row.AsSpan(0, count));
            for (int j = 0; j < count; j++)
                if (i == 0 || row[j] > overlaps[j])
                    (overlaps[j], assigned[j]) = (row[j], i + 1);
        }

        for (int j = 0; j < count; j++)
            if (!(overlaps[j] >= PositiveThreshold))
                assigned[j] = overlaps[j] >= 0 && overlaps[j] < NegativeThreshold ? Background : Ignored;
        for (int i = 0; i < objects && MatchesLowQuality; i++)
        {
            if (!(best[i] >= LeastMatch))
                continue;
            Overlap(truths.Slice(i * 4, 4), columns, isExcluded, row.AsSpan(0, count));
            Match(row.AsSpan(0, count), best[i], i + 1, assigned);
        }

        ArrayPool<bool>.Shared.Return(excluded);
        ArrayPool<float>.Shared.Return(best);
        ArrayPool<float>.Shared.Return(row);
    }

    private static void Overlap(ReadOnlySpan<float> truth, in BoxColumns boxes, ReadOnlySpan<bool> isExcluded, Span<float> row)
    {
        BoxOverlap.Row(truth, boxes, row, OverlapMeasure.IntersectionOverUnion);
        for (int at = isExcluded.IndexOf(true), i = at; at >= 0; i += at + 1)
        {
            row[i] = -1;
            at = isExcluded[(i + 1)..].IndexOf(true);
        }
    }

    private void Match(ReadOnlySpan<float> row, float best, int number, Span<int> assigned)
    {
        for (int j = 0; j < row.Length; j++)
        {
            if (row[j] != best)
                continue;
            assigned[j] = number;
            if (!MatchesAllBest)
                return;
        }
    }

    private void Exclude(
        ReadOnlySpan<float> boxes,
        ReadOnlySpan<float> ignored,
        in BoxColumns columns,
        Span<float> row,
        Span<bool> isExcluded
    )
    {
        isExcluded.Clear();
        if (!(IgnoreThreshold > 0))
            return;
        for (int i = 0; i < ignored.Length; i += 4)
        {
            if (!IgnoresByShareOfBox)
                BoxOverlap.Row(ignored.Slice(i, 4), columns, row, OverlapMeasure.IntersectionOverFirst);
            for (int j = 0; j < row.Length; j++)
            {
                float share = IgnoresByShareOfBox
                    ? BoxOverlap.Of(boxes.Slice(j * 4, 4), ignored.Slice(i, 4), OverlapMeasure.IntersectionOverFirst)
                    : row[j];
                isExcluded[j] |= share > IgnoreThreshold;
            }
        }
    }
}
