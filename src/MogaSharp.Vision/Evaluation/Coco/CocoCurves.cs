using System.Numerics;
using System.Runtime.InteropServices;

namespace MogaSharp.Vision;

/// <summary>
/// The detections of one category over a set of images, the surest first, by which curves for all ranges of areas are drawn.
/// </summary>
internal sealed class CocoRanking
{
    private readonly (double Score, int Image, int Place)[] _order;

    /// <summary>Sorts.</summary>
    /// <param name="images">The matches, in the order of the images' numbers, which decides among detections of equal scores.</param>
    public CocoRanking(IReadOnlyList<CocoMatches> images)
    {
        Images = images;
        _order = new (double, int, int)[images.Sum(image => image.Scores.Length)];
        int count = 0;
        for (int image = 0; image < images.Count; image++)
        for (int place = 0; place < images[image].Scores.Length; place++)
            _order[count++] = (images[image].Scores[place], image, place);
        _order.AsSpan().Sort(default(SurestFirst));
    }

    private CocoRanking(IReadOnlyList<CocoMatches> images, (double, int, int)[] order) => (Images, _order) = (images, order);

    /// <summary>The matches of each image.</summary>
    public IReadOnlyList<CocoMatches> Images { get; }

    /// <summary>The same with at most so many detections of an image.</summary>
    public CocoRanking Limited(int most) => new(Images, Array.FindAll(_order, one => one.Place < most));

    /// <summary>What became of the detections for a range of areas, the surest first.</summary>
    public (ushort Matched, ushort Ignored)[] Outcomes(int area)
    {
        var outcomes = new (ushort, ushort)[_order.Length];
        for (int i = 0; i < outcomes.Length; i++)
            outcomes[i] = (Images[_order[i].Image].Matched(area)[_order[i].Place], Images[_order[i].Image].Ignored(area)[_order[i].Place]);
        return outcomes;
    }

    private readonly struct SurestFirst : IComparer<(double Score, int Image, int Place)>
    {
        public int Compare((double Score, int Image, int Place) one, (double Score, int Image, int Place) other)
        {
            int byScore = other.Score.CompareTo(one.Score),
                byImage = one.Image.CompareTo(other.Image);
            return byScore != 0 ? byScore
                : byImage != 0 ? byImage
                : one.Place.CompareTo(other.Place);
        }
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
        int count = CocoMatches.Thresholds.Count;
        int[] ignored = new int[count];
        var rights = new List<double>[count];
        for (int threshold = 0; threshold < count; threshold++)
            rights[threshold] = [];
        // Most detections are simply wrong, and what they are is told by those that are not.
        for (int i = 0; i < detections.Length; i++)
        {
            for (int bits = detections[i].Matched | detections[i].Ignored; bits != 0; bits &= bits - 1)
            {
                int threshold = BitOperations.TrailingZeroCount(bits);
                if (((detections[i].Ignored >> threshold) & 1) != 0)
                    ignored[threshold]++;
                else
                    rights[threshold].Add((rights[threshold].Count + 1) / (i + 1 - ignored[threshold] + Spacing));
            }
        }

        return new CocoCurves(
            [.. rights.Select(right => AtRecalls(CollectionsMarshal.AsSpan(right), positives))],
            [.. rights.Select(right => (double)right.Count / positives)]
        );
    }

    /// <summary>The precision at each of <see cref="AllRecalls"/> for a threshold.</summary>
    public double[] At(int threshold) => _precisions[threshold];

    /// <summary>The mean precision of detections over all recalls, 0..1.</summary>
    /// <param name="outcomes">Whether each detection is right, the surest first.</param>
    /// <param name="positives">The objects that have to be found, 1 or more.</param>
    public static double AveragePrecision(ReadOnlySpan<bool> outcomes, int positives)
    {
        List<double> right = [];
        for (int i = 0; i < outcomes.Length; i++)
            if (outcomes[i])
                right.Add((right.Count + 1) / (i + 1 + Spacing));
        return AtRecalls(CollectionsMarshal.AsSpan(right), positives).Average();
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

    // The best precision of this recall or any higher one; 0 for recalls that are not reached. Precision rises, and recall does, only with
    // right detections, so these are all that have to be looked at.
    private static double[] AtRecalls(Span<double> precisions, int positives)
    {
        for (int i = precisions.Length - 1; i > 0; i--)
            precisions[i - 1] = Math.Max(precisions[i - 1], precisions[i]);
        double[] result = new double[Recalls.Length];
        for (int i = 0, at = 0; i < result.Length; i++)
        {
            while (at < precisions.Length && (at + 1.0) / positives < Recalls[i])
                at++;
            if (at == precisions.Length)
                break;
            result[i] = precisions[at];
        }

        return result;
    }
}
