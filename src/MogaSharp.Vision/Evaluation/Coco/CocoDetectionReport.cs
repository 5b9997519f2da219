using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>How well the objects of one class are found, for the last of <see cref="CocoDetectionMetrics.Most"/>. Fractions are NaN when
/// there is no object to find.</summary>
/// <param name="Precision">The mean precision over all overlaps, COCO's AP of the class.</param>
/// <param name="Precision50">The mean precision at an overlap of 0.5.</param>
/// <param name="Precision75">The mean precision at an overlap of 0.75.</param>
/// <param name="Recall">The mean over all overlaps of the largest recall, COCO's AR of the class.</param>
/// <param name="Objects">The objects to find; crowds are none.</param>
/// <param name="Detections">The detections counted.</param>
public sealed record CocoClassFigures(double Precision, double Precision50, double Precision75, double Recall, int Objects, int Detections);

/// <summary>Everything that COCO's rules tell of the detections that were counted.</summary>
public sealed class CocoDetectionReport
{
    private readonly CocoCurves?[] _curves;

    internal CocoDetectionReport(
        IReadOnlyDictionary<string, double> figures,
        CocoCurves?[] curves,
        IReadOnlyList<int> objects,
        IReadOnlyList<int> detections
    )
    {
        (Figures, _curves) = (figures, curves);
        Classes =
        [
            .. curves.Select(
                (one, label) =>
                    new CocoClassFigures(
                        CocoCurves.AveragePrecision([one]),
                        CocoCurves.AveragePrecision([one], CocoMatches.At50),
                        CocoCurves.AveragePrecision([one], CocoMatches.At75),
                        CocoCurves.AverageRecall([one]),
                        objects[label],
                        detections[label]
                    )
            ),
        ];
    }

    /// <summary>The recalls of <see cref="PrecisionCurve"/>: 0, 0.01 to 1.</summary>
    public static ImmutableArray<double> Recalls { get; } = [.. CocoCurves.AllRecalls];

    /// <summary>See <see cref="CocoDetectionMetrics.Figures"/>.</summary>
    public IReadOnlyDictionary<string, double> Figures { get; }

    /// <summary>The classes by their labels.</summary>
    public ImmutableArray<CocoClassFigures> Classes { get; }

    /// <summary>The best precision at each of <see cref="Recalls"/> or a higher one, 0..1: 0 for recalls that are not reached.</summary>
    /// <param name="overlap">How much detections have to overlap objects: 0.5, 0.55 to 0.95.</param>
    /// <param name="label">The class; null for the mean of all that have an object to find.</param>
    /// <returns>101 numbers; NaN when there is no object to find.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The overlap is none of these, or there is no such class.</exception>
    public ImmutableArray<double> PrecisionCurve(double overlap, int? label = null)
    {
        int threshold = (int)Math.Round((overlap - 0.5) / 0.05);
        if (threshold < 0 || threshold >= CocoMatches.Thresholds.Count || Math.Abs(CocoMatches.Thresholds[threshold] - overlap) > 1e-9)
            throw new ArgumentOutOfRangeException(nameof(overlap), overlap, "The overlap is not one of 0.5, 0.55 to 0.95.");
        if (label is { } place)
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)place, (uint)_curves.Length, nameof(label));
        double[][] shown = [.. (label is { } one ? [_curves[one]] : _curves).OfType<CocoCurves>().Select(curves => curves.At(threshold))];
        return [.. Recalls.Select((_, i) => shown.Select(precisions => precisions[i]).DefaultIfEmpty(double.NaN).Average())];
    }
}
