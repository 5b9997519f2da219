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
/// What became of the detections of an image for a range of areas. A bit stands for each of <see cref="CocoMatches.Thresholds"/>.
/// </summary>
/// <param name="Positives">The objects that have to be found.</param>
/// <param name="Matched">For each detection, whether it was matched with an object.</param>
/// <param name="Ignored">For each detection, whether it counts neither as right nor as wrong.</param>
internal sealed record CocoAreaMatches(int Positives, ushort[] Matched, ushort[] Ignored);

/// <summary>
/// The detections of one category in one image, matched with its objects by the rules of pycocotools: the surest detection first, each
/// takes the most similar object that is left.
/// </summary>
/// <param name="Scores">The scores of the detections, descending.</param>
/// <param name="Areas">What became of them, for each range of areas.</param>
internal sealed record CocoMatches(double[] Scores, CocoAreaMatches[] Areas)
{
    // Beyond this even an equal object would not match.
    private const double MostSimilarity = 1 - 1e-10;

    /// <summary>How similar detections have to be to objects: 0.5, 0.55 to 0.95.</summary>
    public static IReadOnlyList<double> Thresholds { get; } = Steps(0.5, 0.95, 10);

    /// <summary>As many numbers at equal distances, with the rounding of NumPy's <c>linspace</c>.</summary>
    public static double[] Steps(double first, double last, int count)
    {
        double step = (last - first) / (count - 1);
        return [.. Enumerable.Range(0, count - 1).Select(i => first + (i * step)), last];
    }

    /// <summary>Matches.</summary>
    /// <param name="truths">The objects.</param>
    /// <param name="detections">The detections by descending score, only as many as are evaluated.</param>
    /// <param name="similarity">[detection, object], 0..1.</param>
    /// <param name="areas">The ranges of areas.</param>
    public static CocoMatches Of(
        IReadOnlyList<CocoTruth> truths,
        IReadOnlyList<CocoDetection> detections,
        double[,] similarity,
        IReadOnlyList<CocoAreaRange> areas
    ) => new([.. detections.Select(detection => detection.Score)], [.. areas.Select(area => Match(truths, detections, similarity, area))]);

    private static CocoAreaMatches Match(
        IReadOnlyList<CocoTruth> truths,
        IReadOnlyList<CocoDetection> detections,
        double[,] similarity,
        CocoAreaRange area
    )
    {
        bool[] isIgnored = [.. truths.Select(truth => truth.IsIgnored || !area.Contains(truth.Area))];
        // Objects that have to be found come first.
        int[] order = [.. Enumerable.Range(0, truths.Count).OrderBy(i => isIgnored[i])];
        ushort[] matched = new ushort[detections.Count],
            ignored = new ushort[detections.Count];
        for (int threshold = 0; threshold < Thresholds.Count; threshold++)
        {
            ushort bit = (ushort)(1 << threshold);
            bool[] isTaken = new bool[truths.Count];
            for (int detection = 0; detection < detections.Count; detection++)
            {
                int match = BestMatch(truths, order, isIgnored, isTaken, similarity, detection, Thresholds[threshold]);
                if (match >= 0)
                {
                    isTaken[match] = true;
                    matched[detection] |= bit;
                }
                if (match >= 0 ? isIgnored[match] : !area.Contains(detections[detection].Area))
                    ignored[detection] |= bit;
            }
        }

        return new CocoAreaMatches(isIgnored.Count(ignores => !ignores), matched, ignored);
    }

    private static int BestMatch(
        IReadOnlyList<CocoTruth> truths,
        int[] order,
        bool[] isIgnored,
        bool[] isTaken,
        double[,] similarity,
        int detection,
        double threshold
    )
    {
        double best = Math.Min(threshold, MostSimilarity);
        int match = -1;
        foreach (int truth in order)
        {
            if (isTaken[truth] && !truths[truth].IsCrowd)
                continue;
            // Who has an object that counts does not take one that is ignored.
            if (match >= 0 && !isIgnored[match] && isIgnored[truth])
                break;
            if (similarity[detection, truth] < best)
                continue;
            (best, match) = (similarity[detection, truth], truth);
        }

        return match;
    }
}
