using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary>All that an evaluation tells of boxes, or of masks.</summary>
/// <param name="Comparison">Of which.</param>
/// <param name="Report">Figures, classes and curves.</param>
/// <param name="Errors">The kinds of errors.</param>
/// <param name="Confusion">Which classes are taken for which.</param>
internal sealed record DetectionResult(
    CocoComparison Comparison,
    CocoDetectionReport Report,
    DetectionErrors Errors,
    DetectionConfusion Confusion
)
{
    /// <summary>For people: boxes, masks.</summary>
    public string Name => Comparison == CocoComparison.Boxes ? "boxes" : "masks";

    /// <summary>For programs: box, mask.</summary>
    public string Key => Comparison == CocoComparison.Boxes ? "box" : "mask";

    /// <summary>Evaluates.</summary>
    /// <param name="metrics">The detections.</param>
    /// <param name="comparison">What they compare.</param>
    /// <param name="score">The least score of detections in the table of confusions.</param>
    public static DetectionResult Of(CocoDetectionMetrics metrics, CocoComparison comparison, double score) =>
        new(comparison, metrics.Report(), metrics.Errors(), metrics.Confusion(score));
}
