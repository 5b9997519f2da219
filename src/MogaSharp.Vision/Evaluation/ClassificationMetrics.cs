namespace MogaSharp.Vision;

/// <summary>
/// Counts how well a classifier does. Among equal outputs the lowest index comes first; not-a-number counts as the largest, both
/// as PyTorch's <c>topk</c> has it. Not safe to use from many threads at once: count in parts and <see cref="Merge"/>.
/// </summary>
public sealed class ClassificationMetrics : IEvaluator
{
    private readonly int[,] _confusion;
    private long _top1;
    private long _top5;
    private double _crossEntropy;

    /// <summary>Nothing is counted yet.</summary>
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
    public long Images { get; private set; }

    /// <inheritdoc/>
    public long Count => Images;

    /// <summary>The cross entropy of the outputs' softmax and the true classes in nats, mean over the images; NaN before the first
    /// image.</summary>
    public double CrossEntropy => _crossEntropy / Images;

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
    /// <exception cref="ArgumentOutOfRangeException">The label is not a class.</exception>
    public void Add(ReadOnlySpan<float> outputs, int label)
    {
        if (outputs.Length != Classes)
            throw new ArgumentException($"There are {outputs.Length} outputs for {Classes} classes.", nameof(outputs));
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
        _crossEntropy += CrossEntropyOf(outputs, label);
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
    /// <exception cref="ArgumentOutOfRangeException">A label is not a class.</exception>
    public void Add(ReadOnlySpan<float> outputs, ReadOnlySpan<int> labels)
    {
        if (outputs.Length != (long)labels.Length * Classes)
            throw new ArgumentException(
                $"There are {outputs.Length} outputs for {labels.Length} images of {Classes} classes.",
                nameof(outputs)
            );
        for (int i = 0; i < labels.Length; i++)
            Add(outputs.Slice(i * Classes, Classes), labels[i]);
    }

    /// <inheritdoc/>
    /// <remarks>Of the table only the cells that are not 0: there are at most as many as images.</remarks>
    public byte[] Save()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(Classes);
        writer.Write(Images);
        writer.Write(_top1);
        writer.Write(_top5);
        writer.Write(_crossEntropy);
        for (int label = 0; label < Classes; label++)
        {
            for (int predicted = 0; predicted < Classes; predicted++)
            {
                if (_confusion[label, predicted] == 0)
                    continue;
                writer.Write(label);
                writer.Write(predicted);
                writer.Write(_confusion[label, predicted]);
            }
        }

        writer.Flush();
        return bytes.ToArray();
    }

    /// <inheritdoc/>
    public void Merge(ReadOnlySpan<byte> saved)
    {
        const int Head = sizeof(int) + (3 * sizeof(long)) + sizeof(double),
            Cell = 3 * sizeof(int);
        if (saved.Length < Head || (saved.Length - Head) % Cell != 0)
            throw new ArgumentException("These bytes are not counts of a classifier.", nameof(saved));
        using var reader = new BinaryReader(new MemoryStream(saved.ToArray()));
        int classes = reader.ReadInt32();
        if (classes != Classes)
            throw new ArgumentException($"Counts of {classes} classes cannot be added to counts of {Classes}.", nameof(saved));
        (long images, long top1, long top5) = (reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64());
        double crossEntropy = reader.ReadDouble();
        var cells = new (int Label, int Predicted, int Count)[(saved.Length - Head) / Cell];
        for (int i = 0; i < cells.Length; i++)
        {
            cells[i] = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
            if ((uint)cells[i].Label >= (uint)Classes || (uint)cells[i].Predicted >= (uint)Classes)
                throw new ArgumentException("These bytes are not counts of a classifier.", nameof(saved));
        }

        foreach ((int label, int predicted, int count) in cells)
            _confusion[label, predicted] += count;
        Images += images;
        _top1 += top1;
        _top5 += top5;
        _crossEntropy += crossEntropy;
    }

    /// <inheritdoc/>
    /// <remarks><c>loss</c> (<see cref="CrossEntropy"/>), <c>top1</c> and <c>top5</c>.</remarks>
    public IReadOnlyDictionary<string, double> Figures() =>
        new OrderedDictionary<string, double>
        {
            ["loss"] = CrossEntropy,
            ["top1"] = Top1,
            ["top5"] = Top5,
        };

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

    private static double CrossEntropyOf(ReadOnlySpan<float> outputs, int label)
    {
        double most = double.NegativeInfinity,
            sum = 0;
        foreach (float value in outputs)
            most = Math.Max(most, value);
        foreach (float value in outputs)
            sum += Math.Exp(value - most);
        return Math.Log(sum) + most - outputs[label];
    }

    private int Sum(Func<int, int> count) => Enumerable.Range(0, Classes).Sum(count);
}
