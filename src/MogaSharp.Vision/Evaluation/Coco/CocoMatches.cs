namespace MogaSharp.Vision;

/// <summary>An annotated object, as far as matching needs to know it.</summary>
/// <param name="Area">In square pixels.</param>
/// <param name="IsIgnored">Whether it need not be found.</param>
/// <param name="IsCrowd">Whether any number of detections may match it.</param>
internal readonly record struct CocoTruth(double Area, bool IsIgnored, bool IsCrowd);

/// <summary>A detection, as far as matching needs to know it.</summary>
/// <param name="Score">How sure it is.</param>
/// <param name="Area">In square pixels.</param>
internal readonly record struct CocoDetection(double Score, double Area);

/// <summary>Objects of a range of areas are evaluated on their own.</summary>
/// <param name="Least">In square pixels.</param>
/// <param name="Most">In square pixels.</param>
internal readonly record struct CocoAreaRange(double Least, double Most)
{
    public bool Contains(double area) => !(area < Least) && !(area > Most);
}

/// <summary>
/// The detections of one category in one image, matched with its objects by the rules of pycocotools: the surest detection first, each
/// takes the most similar object that is left. A bit stands for each of <see cref="Thresholds"/>.
/// </summary>
internal sealed class CocoMatches
{
    /// <summary>Places of <see cref="Thresholds"/>.</summary>
    public const int At50 = 0,
        At75 = 5;

    /// <summary>Beyond this even an equal object would not match.</summary>
    public const double MostSimilarity = 1 - 1e-10;

    private const int AllBits = (1 << 10) - 1;

    private static readonly double[] Steps10 = Steps(0.5, 0.95, 10);

    private readonly int[] _positives;

    // For each range of areas the matched bits of all detections, and then the ignored ones.
    private readonly ushort[] _bits;

    private CocoMatches(double[] scores, int areas)
    {
        Scores = scores;
        _positives = new int[areas];
        _bits = new ushort[areas * 2 * scores.Length];
    }

    /// <summary>How similar detections have to be to objects: 0.5, 0.55 to 0.95.</summary>
    public static IReadOnlyList<double> Thresholds => Steps10;

    /// <summary>The scores of the detections, descending.</summary>
    public double[] Scores { get; }

    /// <summary>As many numbers at equal distances, with the rounding of NumPy's <c>linspace</c>.</summary>
    public static double[] Steps(double first, double last, int count)
    {
        double step = (last - first) / (count - 1);
        return [.. Enumerable.Range(0, count - 1).Select(i => first + (i * step)), last];
    }

    /// <summary>Matches.</summary>
    /// <param name="truths">The objects.</param>
    /// <param name="detections">The detections by descending score, only as many as are evaluated.</param>
    /// <param name="similarity">For each detection the similarity with each object, 0..1.</param>
    /// <param name="areas">The ranges of areas.</param>
    public static CocoMatches Of(
        ReadOnlySpan<CocoTruth> truths,
        ReadOnlySpan<CocoDetection> detections,
        ReadOnlySpan<double> similarity,
        ReadOnlySpan<CocoAreaRange> areas
    )
    {
        double[] scores = new double[detections.Length];
        for (int i = 0; i < scores.Length; i++)
            scores[i] = detections[i].Score;
        var matches = new CocoMatches(scores, areas.Length);
        for (int area = 0; area < areas.Length; area++)
            matches.Match(truths, detections, similarity, areas[area], area);
        return matches;
    }

    /// <summary>The objects that have to be found.</summary>
    public int Positives(int area) => _positives[area];

    /// <summary>For each detection, whether it was matched with an object.</summary>
    public ReadOnlySpan<ushort> Matched(int area) => Bits(area, 0);

    /// <summary>For each detection, whether it counts neither as right nor as wrong.</summary>
    public ReadOnlySpan<ushort> Ignored(int area) => Bits(area, 1);

    private Span<ushort> Bits(int area, int kind) => _bits.AsSpan(((area * 2) + kind) * Scores.Length, Scores.Length);

    private void Match(
        ReadOnlySpan<CocoTruth> truths,
        ReadOnlySpan<CocoDetection> detections,
        ReadOnlySpan<double> similarity,
        CocoAreaRange area,
        int place
    )
    {
        // Objects that have to be found come first.
        Span<int> order = truths.Length <= 256 ? stackalloc int[truths.Length] : new int[truths.Length];
        Span<ushort> taken = truths.Length <= 256 ? stackalloc ushort[truths.Length] : new ushort[truths.Length];
        taken.Clear();
        int count = 0;
        for (int pass = 0; pass < 2; pass++)
        {
            for (int i = 0; i < truths.Length; i++)
                if ((truths[i].IsIgnored || !area.Contains(truths[i].Area)) == (pass == 1))
                    order[count++] = i;
            if (pass == 0)
                _positives[place] = count;
        }

        Span<ushort> matched = Bits(place, 0),
            ignored = Bits(place, 1);
        for (int detection = 0; detection < detections.Length; detection++)
        {
            ReadOnlySpan<double> row = similarity.Slice(detection * truths.Length, truths.Length);
            bool isOutside = !area.Contains(detections[detection].Area);
            double most = 0;
            foreach (double one in row)
                most = Math.Max(most, one);
            if (most < Steps10[0])
            {
                ignored[detection] = (ushort)(isOutside ? AllBits : 0);
                continue;
            }

            for (int threshold = 0; threshold < Steps10.Length; threshold++)
            {
                ushort bit = (ushort)(1 << threshold);
                int rank = BestMatch(truths, order, _positives[place], taken, bit, row, Steps10[threshold]);
                if (rank >= 0)
                {
                    taken[order[rank]] |= bit;
                    matched[detection] |= bit;
                }
                if (rank >= 0 ? rank >= _positives[place] : isOutside)
                    ignored[detection] |= bit;
            }
        }
    }

    private static int BestMatch(
        ReadOnlySpan<CocoTruth> truths,
        ReadOnlySpan<int> order,
        int positives,
        ReadOnlySpan<ushort> taken,
        ushort bit,
        ReadOnlySpan<double> similarity,
        double threshold
    )
    {
        double best = Math.Min(threshold, MostSimilarity);
        int match = -1;
        for (int rank = 0; rank < order.Length; rank++)
        {
            int truth = order[rank];
            // Who has an object that counts does not take one that is ignored.
            if (match >= 0 && match < positives && rank >= positives)
                break;
            if (similarity[truth] < best || ((taken[truth] & bit) != 0 && !truths[truth].IsCrowd))
                continue;
            (best, match) = (similarity[truth], rank);
        }

        return match;
    }
}
