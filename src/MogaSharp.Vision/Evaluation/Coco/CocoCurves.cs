namespace MogaSharp.Vision;

/// <summary>
/// The detections of one category over a set of images, the surest first, by which curves for all ranges of areas are drawn.
/// </summary>
internal sealed class CocoRanking
{
    private readonly (double Score, int Image, int Place)[] _order;

    /// <summary>Sorts.</summary>
    /// <param name="images">The matches, in the order of the images' numbers, which decides among detections of equal scores.</param>
    /// <param name="most">The most detections of an image that are evaluated.</param>
    public CocoRanking(IReadOnlyList<CocoMatches> images, int most)
    {
        Images = images;
        _order = new (double, int, int)[images.Sum(image => Math.Min(image.Scores.Length, most))];
        int count = 0;
        for (int image = 0; image < images.Count; image++)
        for (int place = 0; place < Math.Min(images[image].Scores.Length, most); place++)
            _order[count++] = (images[image].Scores[place], image, place);
        _order.AsSpan().Sort((one, other) => (other.Score, one.Image, one.Place).CompareTo((one.Score, other.Image, other.Place)));
    }

    /// <summary>The matches of each image.</summary>
    public IReadOnlyList<CocoMatches> Images { get; }

    /// <summary>What became of the detections for a range of areas, the surest first.</summary>
    public (ushort Matched, ushort Ignored)[] Outcomes(int area)
    {
        var outcomes = new (ushort, ushort)[_order.Length];
        for (int i = 0; i < outcomes.Length; i++)
            outcomes[i] = (Images[_order[i].Image].Matched(area)[_order[i].Place], Images[_order[i].Image].Ignored(area)[_order[i].Place]);
        return outcomes;
    }
}

/// <summary>
/// Precision and recall of one category over a set of images, for one range of areas and a largest number of detections in an image, as
/// pycocotools accumulates them.
/// </summary>
internal sealed class CocoCurves
{
    private static readonly double Spacing = Math.BitIncrement(1.0) - 1;
    private static readonly double[] Recalls = CocoMatches.Steps(0, 1, 101);

    /// <summary>The recalls at which precisions are taken.</summary>
    public static ReadOnlySpan<double> AllRecalls => Recalls;

    private readonly double[][] _precisions;
    private readonly double[] _recalls;

    private CocoCurves(double[][] precisions, double[] recalls) => (_precisions, _recalls) = (precisions, recalls);

    /// <summary>The curves; null when there is nothing to find.</summary>
    /// <param name="ranking">The detections.</param>
    /// <param name="area">The place of the range of areas.</param>
    public static CocoCurves? Of(CocoRanking ranking, int area)
    {
        int positives = ranking.Images.Sum(image => image.Positives(area));
        if (positives == 0)
            return null;
        (ushort Matched, ushort Ignored)[] detections = ranking.Outcomes(area);
        var precisions = new double[CocoMatches.Thresholds.Count][];
        double[] recalls = new double[precisions.Length],
            precision = new double[detections.Length],
            recall = new double[detections.Length];
        for (int threshold = 0; threshold < precisions.Length; threshold++)
        {
            int right = 0,
                wrong = 0;
            for (int i = 0; i < detections.Length; i++)
            {
                if (((detections[i].Ignored >> threshold) & 1) == 0)
                {
                    int isRight = (detections[i].Matched >> threshold) & 1;
                    right += isRight;
                    wrong += 1 - isRight;
                }
                (precision[i], recall[i]) = (right / (wrong + right + Spacing), (double)right / positives);
            }

            recalls[threshold] = recall.LastOrDefault();
            precisions[threshold] = AtRecalls(precision, recall);
        }

        return new CocoCurves(precisions, recalls);
    }

    /// <summary>The precision at each of <see cref="AllRecalls"/> for a threshold.</summary>
    public double[] At(int threshold) => _precisions[threshold];

    /// <summary>The mean precision of detections over all recalls, 0..1.</summary>
    /// <param name="outcomes">Whether each detection is right, the surest first.</param>
    /// <param name="positives">The objects that have to be found, 1 or more.</param>
    public static double AveragePrecision(ReadOnlySpan<bool> outcomes, int positives)
    {
        double[] precision = new double[outcomes.Length],
            recall = new double[outcomes.Length];
        int right = 0;
        for (int i = 0; i < outcomes.Length; i++)
        {
            right += outcomes[i] ? 1 : 0;
            (precision[i], recall[i]) = (right / (i + 1 + Spacing), (double)right / positives);
        }

        return AtRecalls(precision, recall).Average();
    }

    /// <summary>The mean precision over all recalls, thresholds and categories, 0..1; NaN when no category has anything to find.</summary>
    /// <param name="categories">The curves of the categories.</param>
    /// <param name="threshold">The place of the only threshold that counts; null for all.</param>
    public static double AveragePrecision(IEnumerable<CocoCurves?> categories, int? threshold = null) =>
        Mean(categories, curves => threshold is { } one ? curves._precisions[one] : curves._precisions.SelectMany(values => values));

    /// <summary>
    /// The mean of the largest recall over all thresholds and categories, 0..1; NaN when no category has anything to find.
    /// </summary>
    /// <param name="categories">The curves of the categories.</param>
    /// <param name="threshold">The place of the only threshold that counts; null for all.</param>
    public static double AverageRecall(IEnumerable<CocoCurves?> categories, int? threshold = null) =>
        Mean(categories, curves => threshold is { } one ? [curves._recalls[one]] : curves._recalls);

    private static double Mean(IEnumerable<CocoCurves?> categories, Func<CocoCurves, IEnumerable<double>> values) =>
        categories.OfType<CocoCurves>().SelectMany(values).DefaultIfEmpty(double.NaN).Average();

    // The best precision of this recall or any higher one; 0 for recalls that are not reached.
    private static double[] AtRecalls(double[] precision, double[] recall)
    {
        for (int i = precision.Length - 1; i > 0; i--)
            precision[i - 1] = Math.Max(precision[i - 1], precision[i]);
        double[] result = new double[Recalls.Length];
        for (int i = 0, at = 0; i < result.Length; i++)
        {
            while (at < recall.Length && recall[at] < Recalls[i])
                at++;
            if (at == recall.Length)
                break;
            result[i] = precision[at];
        }

        return result;
    }
}
