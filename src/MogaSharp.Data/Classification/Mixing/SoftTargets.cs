namespace MogaSharp.Data;

/// <summary>Targets of the cross entropy that are shared out over the classes.</summary>
public static class SoftTargets
{
    /// <summary>Writes smoothed labels: 1 - smoothing for the label's class, and smoothing / classes more for each.</summary>
    /// <param name="labels">The label of each image.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="smoothing">The part of the target that is spread evenly over all classes, 0..1.</param>
    /// <param name="targets">count x classes values, written; each row adds up to 1.</param>
    /// <exception cref="ArgumentException">A span has a wrong length, or a label is not a class.</exception>
    public static void Write(ReadOnlySpan<int> labels, int classes, double smoothing, Span<float> targets)
    {
        CheckAndFill(labels, classes, smoothing, targets);
        for (int i = 0; i < labels.Length; i++)
            targets[(i * classes) + labels[i]] += (float)(1 - smoothing);
    }

    internal static void CheckAndFill(ReadOnlySpan<int> labels, int classes, double smoothing, Span<float> targets)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        AugmentationOptions.Require(smoothing is >= 0 and <= 1, nameof(smoothing), "0 to 1");
        if (targets.Length != (long)labels.Length * classes)
            throw new ArgumentException(
                $"{labels.Length} labels of {classes} classes need {(long)labels.Length * classes} targets, not {targets.Length}",
                nameof(targets)
            );
        foreach (int label in labels)
            if (label < 0 || label >= classes)
                throw new ArgumentOutOfRangeException(nameof(labels), label, $"a label of {classes} classes is 0 to {classes - 1}");
        targets.Fill((float)(smoothing / classes));
    }
}
