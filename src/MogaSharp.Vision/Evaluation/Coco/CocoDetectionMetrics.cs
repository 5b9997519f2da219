using System.Collections.Immutable;
using System.Globalization;

namespace MogaSharp.Vision;

/// <summary>What of detected objects is compared with the annotated ones.</summary>
public enum CocoComparison
{
    /// <summary>Their boxes.</summary>
    Boxes,

    /// <summary>Their masks.</summary>
    Masks,
}

/// <summary>
/// The evaluation of detected objects by COCO's rules, with the figures of pycocotools. Detections are compared with the annotations of
/// their image when figures are asked for, so that those of one image may be counted in any parts. Not safe to use from many threads at
/// once: count in parts and <see cref="Merge"/>.
/// </summary>
public sealed class CocoDetectionMetrics : IEvaluator
{
    private const int MostOfPrecision = 100;

    private static readonly CocoAreaRange[] Areas = [new(0, 1e10), new(0, 32 * 32), new(32 * 32, 96 * 96), new(96 * 96, 1e10)];

    private readonly SortedDictionary<long, Image> _images = [];
    private readonly CocoComparison _comparison;

    /// <summary>No detection is counted yet.</summary>
    /// <param name="truths">The annotated objects of every image that is evaluated, by the image's number; images without any too.</param>
    /// <param name="classes">Classes, 1 or more.</param>
    /// <param name="comparison">What is compared.</param>
    /// <exception cref="ArgumentException">An image comes twice, an object is of no class, or it has no mask where masks are compared.
    /// </exception>
    public CocoDetectionMetrics(
        IEnumerable<(long Image, ImmutableArray<AnnotatedObject> Objects)> truths,
        int classes,
        CocoComparison comparison = CocoComparison.Boxes
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        (Classes, _comparison) = (classes, comparison);
        foreach ((long number, ImmutableArray<AnnotatedObject> objects) in truths)
        {
            var image = new Image(objects, []);
            foreach (AnnotatedObject one in objects)
                Check(one.Label, one.Mask, image, nameof(truths));
            if (!_images.TryAdd(number, image))
                throw new ArgumentException($"The image {number} comes twice.", nameof(truths));
        }
    }

    /// <summary>Classes.</summary>
    public int Classes { get; }

    /// <summary>
    /// The most detections of each class in an image that are evaluated, ascending. Recalls are given for each of them, everything else for
    /// the last one, but the first figure for 100 if that is among them, as pycocotools has it. By default 1, 10 and 100; MMDetection takes
    /// 100, 300 and 1000.
    /// </summary>
    public ImmutableArray<int> Most { get; init; } = [1, 10, 100];

    /// <summary>The number of detections counted.</summary>
    public long Count => _images.Values.Sum(image => image.Detections.Count);

    /// <summary>Counts one detection.</summary>
    /// <param name="image">The number of its image.</param>
    /// <param name="detection">The detection; among equal scores the first one counted comes first.</param>
    /// <exception cref="ArgumentException">The image is not one of those that are evaluated, the detection is of no class, or masks are
    /// compared and it has none or one of another size than the annotated ones.</exception>
    public void Add(long image, in Detection detection)
    {
        if (!_images.TryGetValue(image, out Image? counted))
            throw new ArgumentException($"The image {image} is not one of the {_images.Count} that are evaluated.", nameof(image));
        Check(detection.Label, detection.Mask, counted, nameof(detection));
        counted.Detections.Add(detection);
    }

    /// <inheritdoc/>
    /// <remarks>The detections, without what they are compared with.</remarks>
    public byte[] Save()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(Classes);
        writer.Write((int)_comparison);
        foreach ((long number, Image image) in _images)
        foreach (Detection detection in image.Detections)
            CocoDetectionBytes.Write(writer, number, detection, _comparison);
        writer.Flush();
        return bytes.ToArray();
    }

    /// <inheritdoc/>
    public void Merge(ReadOnlySpan<byte> saved)
    {
        using var reader = new BinaryReader(new MemoryStream(saved.ToArray()));
        if (saved.Length < 2 * sizeof(int) || reader.ReadInt32() != Classes || reader.ReadInt32() != (int)_comparison)
            throw new ArgumentException($"These bytes are not detections of {Classes} classes by their {_comparison}.", nameof(saved));
        List<(long Image, Detection Detection)> detections = CocoDetectionBytes.Read(reader, _comparison);
        foreach ((long number, Detection detection) in detections)
        {
            if (!_images.TryGetValue(number, out Image? image))
                throw new ArgumentException($"A detection is of the image {number}, which is not evaluated here.", nameof(saved));
            Check(detection.Label, detection.Mask, image, nameof(saved));
        }

        foreach ((long image, Detection detection) in detections)
            Add(image, detection);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// <c>AP</c>, <c>AP50</c>, <c>AP75</c>, <c>AP_small</c>, <c>AP_medium</c>, <c>AP_large</c>, <c>AR_1</c>, <c>AR_10</c>, <c>AR_100</c>
    /// (or the other numbers of <see cref="Most"/>), <c>AR_small</c>, <c>AR_medium</c>, <c>AR_large</c>, as fractions. NaN, where
    /// pycocotools has -1, when there is no object to find.
    /// </remarks>
    public IReadOnlyDictionary<string, double> Figures() => Evaluate().Figures;

    /// <summary>The mean precision of each class for the last of <see cref="Most"/>, as a fraction: NaN when no object of it is to be
    /// found.</summary>
    public ImmutableArray<double> AveragePrecisions() => Evaluate().Precisions;

    /// <summary><see cref="Figures"/> and <see cref="AveragePrecisions"/> at once.</summary>
    public (IReadOnlyDictionary<string, double> Figures, ImmutableArray<double> Precisions) Evaluate()
    {
        CocoDetectionReport report = Report();
        return (report.Figures, [.. report.Classes.Select(one => one.Precision)]);
    }

    /// <summary>All figures, those of each class, and the curves of precision and recall.</summary>
    public CocoDetectionReport Report()
    {
        if (Most.IsDefaultOrEmpty || Most[0] <= 0 || !Most.Order().Distinct().SequenceEqual(Most))
            throw new InvalidOperationException("The numbers of detections that are evaluated do not ascend from 1 or more.");
        List<CocoMatches>[] matches = [.. Enumerable.Range(0, Classes).Select(_ => new List<CocoMatches>())];
        foreach ((int label, CocoMatches one) in _images.Values.AsParallel().AsOrdered().SelectMany(Match))
            matches[label].Add(one);
        // For each number of detections and each range of areas that is asked for, the curves of the classes.
        CocoCurves?[][] few = [.. Most.SkipLast(1).Select(_ => new CocoCurves?[Classes])],
            last = [.. Areas.Select(_ => new CocoCurves?[Classes])];
        Parallel.For(
            0,
            Classes,
            label =>
            {
                var ranking = new CocoRanking(matches[label]);
                for (int i = 0; i < few.Length; i++)
                    few[i][label] = CocoCurves.Of(ranking.Limited(Most[i]), 0);
                for (int area = 0; area < last.Length; area++)
                    last[area][label] = CocoCurves.Of(ranking, area);
            }
        );
        int of = Most.IndexOf(MostOfPrecision);
        var figures = new OrderedDictionary<string, double>
        {
            ["AP"] = CocoCurves.AveragePrecision(of >= 0 && of < few.Length ? few[of] : last[0]),
            ["AP50"] = CocoCurves.AveragePrecision(last[0], CocoMatches.At50),
            ["AP75"] = CocoCurves.AveragePrecision(last[0], CocoMatches.At75),
            ["AP_small"] = CocoCurves.AveragePrecision(last[1]),
            ["AP_medium"] = CocoCurves.AveragePrecision(last[2]),
            ["AP_large"] = CocoCurves.AveragePrecision(last[3]),
        };
        for (int i = 0; i < Most.Length; i++)
            figures[string.Create(CultureInfo.InvariantCulture, $"AR_{Most[i]}")] = CocoCurves.AverageRecall(
                i < few.Length ? few[i] : last[0]
            );
        figures["AR_small"] = CocoCurves.AverageRecall(last[1]);
        figures["AR_medium"] = CocoCurves.AverageRecall(last[2]);
        figures["AR_large"] = CocoCurves.AverageRecall(last[3]);
        return new CocoDetectionReport(
            figures,
            last[0],
            [.. matches.Select(images => images.Sum(image => image.Positives(0)))],
            CountByClass()
        );
    }

    /// <summary>Which classes objects are taken for.</summary>
    /// <param name="score">The least score of detections that count.</param>
    /// <param name="overlap">How much detections have to overlap objects, above 0 to 1.</param>
    public DetectionConfusion Confusion(double score = 0.3, double overlap = 0.5)
    {
        CheckOverlap(overlap, nameof(overlap));
        return DetectionConfusion.Of(Overlaps(detection => detection.Score >= score), Classes, overlap);
    }

    /// <summary>The kinds of errors, of as many detections of a class in an image as the last of <see cref="Most"/> says.</summary>
    /// <param name="foreground">How much detections have to overlap objects to be right, above 0 to 1.</param>
    /// <param name="background">Up to which overlap nothing is there, 0 to below <paramref name="foreground"/>.</param>
    public DetectionErrors Errors(double foreground = 0.5, double background = 0.1)
    {
        CheckOverlap(foreground, nameof(foreground));
        if (!(background >= 0 && background < foreground))
            throw new ArgumentOutOfRangeException(nameof(background), background, $"The overlap is not from 0 to below {foreground}.");
        return DetectionErrors.Of(Overlaps(_ => true), Classes, foreground, background);
    }

    private IEnumerable<ImageOverlaps> Overlaps(Func<Detection, bool> counts) =>
        _images
            .Values.AsParallel()
            .AsOrdered()
            .Select(image => new ImageOverlaps(image.Objects, Best([.. image.Detections.Where(counts)], Most[^1]), _comparison));

    private static void CheckOverlap(double overlap, string name)
    {
        if (!(overlap > 0 && overlap <= 1))
            throw new ArgumentOutOfRangeException(name, overlap, "The overlap is not above 0 to 1.");
    }

    private List<(int Label, CocoMatches Matches)> Match(Image image)
    {
        List<(int, CocoMatches)> matches = [];
        Detection[] best = Best(image.Detections, Most[^1]);
        ILookup<int, AnnotatedObject> objects = image.Objects.ToLookup(one => one.Label);
        foreach (IGrouping<int, AnnotatedObject> without in objects)
            if (!Array.Exists(best, detection => detection.Label == without.Key))
                matches.Add((without.Key, CocoOverlaps.Match([.. without], [], _comparison, Areas)));
        for (int first = 0, end; first < best.Length; first = end)
        {
            int label = best[first].Label;
            for (end = first; end < best.Length && best[end].Label == label; )
                end++;
            matches.Add((label, CocoOverlaps.Match([.. objects[label]], best[first..end], _comparison, Areas)));
        }

        return matches;
    }

    // By class, the surest first, and among equal scores the first counted; at most so many of each class.
    private static Detection[] Best(List<Detection> detections, int most)
    {
        int[] order = [.. Enumerable.Range(0, detections.Count)];
        order
            .AsSpan()
            .Sort(
                (one, other) =>
                    (detections[one].Label, detections[other].Score, one).CompareTo((detections[other].Label, detections[one].Score, other))
            );
        List<Detection> best = new(order.Length);
        for (int i = 0, first = 0; i < order.Length; i++)
        {
            if (detections[order[i]].Label != detections[order[first]].Label)
                first = i;
            if (i - first < most)
                best.Add(detections[order[i]]);
        }

        return [.. best];
    }

    private int[] CountByClass()
    {
        int[] counts = new int[Classes];
        foreach (Detection detection in _images.Values.SelectMany(image => image.Detections))
            counts[detection.Label]++;
        return counts;
    }

    private void Check(int label, RunLengthMask? mask, Image image, string name)
    {
        if (label < 0 || label >= Classes)
            throw new ArgumentException($"An object is of the class {label}, there are {Classes}.", name);
        if (_comparison != CocoComparison.Masks)
            return;
        if (mask is null)
            throw new ArgumentException("An object has no mask, and masks are compared.", name);
        if (image.Objects is [{ Mask: { } other }, ..] && other.Size != mask.Size)
            throw new ArgumentException($"A mask is of {mask.Size}, another one of the same image of {other.Size}.", name);
    }

    private sealed record Image(ImmutableArray<AnnotatedObject> Objects, List<Detection> Detections);
}
