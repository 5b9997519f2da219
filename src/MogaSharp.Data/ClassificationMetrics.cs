namespace MogaSharp.Data;

/// <summary>
/// Counts how well a classifier does. Among equal outputs the lowest index comes first; not-a-number counts as the largest, both
/// as PyTorch's <c>topk</c> has it. Not safe to use from many threads at once: count in parts and <see cref="Add(ClassificationMetrics)"/>.
/// </summary>
public sealed class ClassificationMetrics
{
    private readonly int[,] _confusion;
    private int _top1;
    private int _top5;

    /// <summary>Makes empty counts.</summary>
    /// <param name="classes">The number of outputs of the classifier, at least 1.</param>
    public ClassificationMetrics(int classes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        Classes = classes;
        _confusion = new int[classes, classes];
    }

    /// <summary>The number of classes.</summary>
    public int Classes { get; }

    /// <summary>The number of images counted.</summary>
    public int Images { get; private set; }

    /// <summary>The fraction of images whose largest output is that of their class, 0..1; NaN before the first image.</summary>
    public double Top1 => (double)_top1 / Images;

    /// <summary>The fraction of images whose class is among the five largest outputs, 0..1; NaN before the first image.</summary>
    public double Top5 => (double)_top5 / Images;

    /// <summary>A copy of the table of counts: [true class, class of the largest output].</summary>
    public int[,] Confusion => (int[,])_confusion.Clone();

    /// <summary>Counts one image.</summary>
    /// <param name="outputs">The outputs, one for each class; only their order matters.</param>
    /// <param name="label">The true class.</param>
    /// <exception cref="ArgumentException">The number of outputs is not the number of classes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The label is no class.</exception>
    public void Add(ReadOnlySpan<float> outputs, int label)
    {
        if (outputs.Length != Classes)
            throw new ArgumentException($"{outputs.Length} outputs for {Classes} classes", nameof(outputs));
        ArgumentOutOfRangeException.ThrowIfNegative(label);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(label, Classes);
        int rank = 0,
            predicted = 0;
        for (int i = 0; i < outputs.Length; i++)
        {
            if (ComesBefore(outputs, i, label))
                rank++;
            if (ComesBefore(outputs, i, predicted))
                predicted = i;
        }
        Images++;
        if (rank < 1)
            _top1++;
        if (rank < 5)
            _top5++;
        _confusion[label, predicted]++;
    }

    /// <summary>Counts a batch.</summary>
    /// <param name="outputs">images x classes outputs.</param>
    /// <param name="labels">The true class of each image.</param>
    /// <exception cref="ArgumentException">The number of outputs is not images x classes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A label is no class.</exception>
    public void Add(ReadOnlySpan<float> outputs, ReadOnlySpan<int> labels)
    {
        if (outputs.Length != (long)labels.Length * Classes)
            throw new ArgumentException($"{outputs.Length} outputs for {labels.Length} images of {Classes} classes", nameof(outputs));
        for (int i = 0; i < labels.Length; i++)
            Add(outputs.Slice(i * Classes, Classes), labels[i]);
    }

    /// <summary>Adds the counts of another part of the images.</summary>
    /// <param name="other">Counts of as many classes.</param>
    /// <exception cref="ArgumentException">The other counts have another number of classes.</exception>
    public void Add(ClassificationMetrics other)
    {
        if (other.Classes != Classes)
            throw new ArgumentException($"{other.Classes} classes cannot be added to {Classes}", nameof(other));
        Images += other.Images;
        _top1 += other._top1;
        _top5 += other._top5;
        for (int label = 0; label < Classes; label++)
        {
            for (int predicted = 0; predicted < Classes; predicted++)
                _confusion[label, predicted] += other._confusion[label, predicted];
        }
    }

    /// <summary>The fraction of the images predicted as a class that are of it, 0..1; NaN when none was predicted so.</summary>
    /// <param name="label">The class.</param>
    public double Precision(int label) => (double)_confusion[label, label] / Sum(i => _confusion[i, label]);

    /// <summary>The fraction of the images of a class that were predicted so, 0..1; NaN when there is none.</summary>
    /// <param name="label">The class.</param>
    public double Recall(int label) => (double)_confusion[label, label] / Sum(i => _confusion[label, i]);

    private static bool ComesBefore(ReadOnlySpan<float> outputs, int index, int other)
    {
        float value = outputs[index],
            reference = outputs[other];
        if (float.IsNaN(value) || float.IsNaN(reference))
            return float.IsNaN(value) && (!float.IsNaN(reference) || index < other);
        return value > reference || (value == reference && index < other);
    }

    private int Sum(Func<int, int> count) => Enumerable.Range(0, Classes).Sum(count);
}
