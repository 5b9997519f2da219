namespace MogaSharp.Vision;

/// <summary>What is wrong with a detection, or with not finding an object.</summary>
public enum DetectionErrorKind
{
    /// <summary>In the right place, but of another class.</summary>
    Class,

    /// <summary>Of the right class, but not quite in the right place.</summary>
    Place,

    /// <summary>Neither of the right class nor quite in the right place.</summary>
    Both,

    /// <summary>Right, but a surer detection has the object already.</summary>
    Duplicate,

    /// <summary>Where no object is.</summary>
    Background,

    /// <summary>An object that no detection found, nor would have found with another class or in a better place.</summary>
    Missed,
}

/// <summary>
/// The errors of detections by their kind, and how much better the mean precision would be without those of a kind, as TIDE defines both
/// (Bolya et al., "TIDE: A General Toolbox for Identifying Object Detection Errors", ECCV 2020). Detections in a crowd of their class are
/// neither right nor wrong. Other than there, classes without an object do not count in the mean, as COCO has it.
/// </summary>
public sealed class DetectionErrors
{
    private static readonly DetectionErrorKind[] Kinds = Enum.GetValues<DetectionErrorKind>();

    private readonly int[] _counts = new int[Kinds.Length];
    private readonly double[] _gains = new double[Kinds.Length];

    private DetectionErrors(ErrorLedger ledger, int classes)
    {
        AveragePrecision = Without(null);
        Right = ledger.Detections.Count(one => one.Kind is null);
        foreach (DetectionErrorKind kind in Kinds)
        {
            _counts[(int)kind] = kind == DetectionErrorKind.Missed ? ledger.Missed.Sum() : ledger.Detections.Count(one => one.Kind == kind);
            // Where other recalls come to be looked at, the precision can be less by a little.
            double gain = Without(kind) - AveragePrecision;
            _gains[(int)kind] = gain < 0 ? 0 : gain;
        }

        double Without(DetectionErrorKind? kind) => ledger.AveragePrecision(kind, classes);
    }

    /// <summary>The mean precision over all classes at the overlap that a right detection needs, 0..1; NaN when no object is to be
    /// found.</summary>
    public double AveragePrecision { get; }

    /// <summary>The right detections.</summary>
    public int Right { get; }

    /// <summary>How many errors of a kind there are.</summary>
    /// <param name="kind">The kind.</param>
    public int Count(DetectionErrorKind kind) => _counts[(int)kind];

    /// <summary>By how much <see cref="AveragePrecision"/> grows when all errors of a kind are corrected, 0..1; NaN when no object is to be
    /// found.</summary>
    /// <param name="kind">The kind.</param>
    public double Gain(DetectionErrorKind kind) => _gains[(int)kind];

    internal static DetectionErrors Of(IEnumerable<ImageOverlaps> images, int classes, double foreground, double background)
    {
        var ledger = new ErrorLedger(classes, foreground, background);
        foreach (ImageOverlaps image in images)
            ledger.Add(image);
        ledger.Sort();
        return new DetectionErrors(ledger, classes);
    }
}
