using System.Buffers;

namespace MogaSharp.Vision;

/// <summary>
/// Keeps of boxes that overlap only the surest one, with the results of MMCV's <c>nms</c> and <c>batched_nms</c> and MMDetection's
/// <c>multiclass_nms</c> in single precision. Boxes are left, top, right, bottom. One with a NaN is kept and removes nothing.
/// </summary>
/// <param name="Threshold">A box goes when its common area with a surer one, divided by that of both together, is above this; 0..1.</param>
public sealed record NonMaxSuppression(float Threshold)
{
    // As long as coordinates of all classes lie below, single precision still tells pixels apart.
    private const float MostShift = 1 << 22;

    /// <summary>The most boxes that are kept. All by default.</summary>
    public int Most { get; init; } = int.MaxValue;

    /// <summary>Whether a box also removes boxes of other classes, however many boxes there are. (In MMCV it does not from 10000 on.)
    /// </summary>
    public bool IsClassAgnostic { get; init; }

    /// <summary>
    /// From as many boxes on each class is handled alone, even where the places of different classes overlap although they were moved
    /// apart, as they do to the left of the image or above it. Default 10000.
    /// </summary>
    public int SplitFrom { get; init; } = 10_000;

    /// <summary>The boxes that are kept, of one class.</summary>
    /// <param name="boxes">n x 4 numbers.</param>
    /// <param name="scores">n numbers; NaN is the lowest score.</param>
    /// <param name="kept">The places of the boxes that are kept, written by descending score and then by place; at least as many as n or
    /// <see cref="Most"/>, whichever is less.</param>
    /// <returns>The number of boxes that are kept.</returns>
    /// <exception cref="ArgumentException">The lists do not fit together.</exception>
    public int Suppress(ReadOnlySpan<float> boxes, ReadOnlySpan<float> scores, Span<int> kept) => Suppress(boxes, scores, [], kept);

    /// <summary>
    /// The boxes that are kept, of all classes. Those of class c are first moved right and down by c times the largest coordinate and one
    /// pixel, so that classes do not overlap; the rounding of that is part of the official results.
    /// </summary>
    /// <param name="boxes">n x 4 numbers.</param>
    /// <param name="scores">n numbers; NaN is the lowest score.</param>
    /// <param name="labels">n numbers of classes; none when all boxes are of one class.</param>
    /// <param name="kept">The places of the boxes that are kept, written by descending score and then by place; at least as many as n or
    /// <see cref="Most"/>, whichever is less.</param>
    /// <returns>The number of boxes that are kept.</returns>
    /// <exception cref="ArgumentException">The lists do not fit together.</exception>
    public int Suppress(ReadOnlySpan<float> boxes, ReadOnlySpan<float> scores, ReadOnlySpan<int> labels, Span<int> kept)
    {
        int count = BoxList.Count(boxes, nameof(boxes));
        if (scores.Length != count || (labels.Length != count && !labels.IsEmpty))
            throw new ArgumentException(
                $"{scores.Length} scores and {labels.Length} labels are not those of {count} boxes.",
                nameof(scores)
            );
        if (kept.Length < Math.Min(count, Most))
            throw new ArgumentException($"{kept.Length} places are too few for {Math.Min(count, Most)} boxes.", nameof(kept));
        ulong[] keys = ArrayPool<ulong>.Shared.Rent(2 * count);
        Span<ulong> ranks = keys.AsSpan(0, count),
            groups = keys.AsSpan(count, count);
        for (int i = 0; i < count; i++)
            ranks[i] = ScoreKeys.Descending(scores[i], i);
        ranks.Sort();
        float shift = Group(boxes, IsClassAgnostic ? [] : labels, ranks, groups);
        int written = Keep(boxes, shift == 0 ? [] : labels, shift, ranks, groups, kept);
        ArrayPool<ulong>.Shared.Return(keys);
        return written;
    }

    /// <summary>The surest pairs of a box and a class, after suppression: what a second stage has found.</summary>
    /// <param name="boxes">n x 4 numbers, or n x classes x 4 when each class has its own box.</param>
    /// <param name="scores">n x (classes + 1) numbers, those of the background last.</param>
    /// <param name="classes">Classes without the background, 1 or more.</param>
    /// <param name="threshold">Pairs with a higher score are candidates.</param>
    /// <exception cref="ArgumentException">The numbers are not those of the same boxes.</exception>
    public DetectionSet SelectPairs(ReadOnlySpan<float> boxes, ReadOnlySpan<float> scores, int classes, float threshold)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        int rows = scores.Length / (classes + 1);
        bool hasOwn = boxes.Length == (long)rows * classes * 4;
        if (scores.Length % (classes + 1) != 0 || (boxes.Length != (long)rows * 4 && !hasOwn))
            throw new ArgumentException(
                $"{boxes.Length} numbers are not boxes for {scores.Length} scores of {classes} classes and the background.",
                nameof(boxes)
            );
        using var candidates = new CandidateList();
        for (int row = 0; row < rows; row++)
        {
            for (int label = 0; label < classes; label++)
            {
                float score = scores[(row * (classes + 1)) + label];
                if (score > threshold)
                    boxes.Slice((hasOwn ? (row * classes) + label : row) * 4, 4).CopyTo(candidates.Add(score, label, row));
            }
        }

        return Select(candidates);
    }

    /// <summary>The candidates that are kept.</summary>
    internal DetectionSet Select(CandidateList candidates)
    {
        int[] kept = ArrayPool<int>.Shared.Rent(candidates.Count);
        int count = Suppress(candidates.Boxes, candidates.Scores, candidates.Labels, kept);
        DetectionSet result = candidates.Take(kept.AsSpan(0, count));
        ArrayPool<int>.Shared.Return(kept);
        return result;
    }

    // Writes the ranks of boxes by the groups that are handled alone, and gives how far a class is moved. Where classes cannot overlap,
    // each is a group, which is faster and gives the same result.
    private float Group(ReadOnlySpan<float> boxes, ReadOnlySpan<int> labels, ReadOnlySpan<ulong> ranks, Span<ulong> groups)
    {
        for (int i = 0; i < groups.Length; i++)
            groups[i] = (uint)i;
        if (labels.IsEmpty)
            return 0;
        float least = float.PositiveInfinity,
            largest = float.NegativeInfinity;
        foreach (float value in boxes)
        {
            // Comparisons with NaN are false.
            least = value < least ? value : least;
            largest = value > largest ? value : largest;
        }

        float shift = largest + 1,
            farthest = 0;
        foreach (int label in labels)
            farthest = Math.Max(farthest, Math.Abs((float)label) * shift);
        bool isFinite = float.IsFinite(farthest) && float.IsFinite(shift);
        if (ranks.Length < SplitFrom && isFinite && !(least >= 0 && farthest <= MostShift))
            return shift;
        for (int i = 0; i < groups.Length; i++)
            groups[i] |= (ulong)(uint)labels[ScoreKeys.Place(ranks[i])] << 32;
        groups.Sort();
        return isFinite ? shift : 0;
    }

    private int Keep(
        ReadOnlySpan<float> boxes,
        ReadOnlySpan<int> labels,
        float shift,
        ReadOnlySpan<ulong> ranks,
        ReadOnlySpan<ulong> groups,
        Span<int> kept
    )
    {
        // For each box its group, for each group the place of its first box among those that are kept, and how many there are.
        int count = ranks.Length;
        int[] numbers = ArrayPool<int>.Shared.Rent(3 * count);
        Span<int> groupOf = numbers.AsSpan(0, count),
            firsts = numbers.AsSpan(count, count),
            counts = numbers.AsSpan(2 * count, count);
        counts.Clear();
        int group = -1,
            room = 0,
            members = 0;
        for (int i = 0; i < count; i++, members++)
        {
            if (i == 0 || groups[i] >> 32 != groups[i - 1] >> 32)
            {
                room += BoxColumns.Whole(members);
                firsts[++group] = room;
                members = 0;
            }

            groupOf[(int)(uint)groups[i]] = group;
        }

        using var best = new BoxColumns(room + members);
        Span<float> box = stackalloc float[4];
        int written = 0;
        for (int rank = 0; rank < count && written < Most; rank++)
        {
            int place = ScoreKeys.Place(ranks[rank]),
                of = groupOf[rank];
            float move = labels.IsEmpty ? 0 : labels[place] * shift;
            for (int k = 0; k < 4; k++)
                box[k] = boxes[(place * 4) + k] + move;
            if (BoxOverlap.IsAbove(box, best, firsts[of], counts[of], Threshold))
                continue;
            best.Set(firsts[of] + counts[of]++, box[0], box[1], box[2], box[3]);
            kept[written++] = place;
        }

        ArrayPool<int>.Shared.Return(numbers);
        return written;
    }
}
