namespace MogaSharp.Vision;

/// <summary>
/// Counts how well pixels are classified, as MMSegmentation does: pixels whose true label is <see cref="LabelMap.Ignored"/> do not count,
/// and a class that has neither true nor predicted pixels is left out of the means. Not safe to use from many threads at once: count in
/// parts and <see cref="Merge"/>.
/// </summary>
public sealed class ConfusionMatrix : IEvaluator
{
    private readonly long[] _pixels;

    /// <summary>Nothing is counted yet.</summary>
    /// <param name="classes">The number of classes, 1 to 255.</param>
    public ConfusionMatrix(int classes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(classes, LabelMap.Ignored);
        Classes = classes;
        _pixels = new long[classes * classes];
    }

    /// <summary>The number of classes.</summary>
    public int Classes { get; }

    /// <summary>The number of images counted.</summary>
    public long Count { get; private set; }

    /// <summary>The pixels of a true class that were predicted as a class.</summary>
    /// <param name="label">The true class.</param>
    /// <param name="predicted">The predicted class.</param>
    public long this[int label, int predicted] => _pixels[(CheckClass(label) * Classes) + CheckClass(predicted)];

    /// <summary>The fraction of all pixels whose class was predicted, 0..1 (aAcc); NaN when none is counted.</summary>
    public double PixelAccuracy => (double)Enumerable.Range(0, Classes).Sum(label => this[label, label]) / _pixels.Sum();

    /// <summary>The mean of <see cref="Accuracy"/> over the classes that have one, 0..1 (mAcc); NaN when none has.</summary>
    public double MeanAccuracy => MeanOf(Accuracy);

    /// <summary>The mean of <see cref="IntersectionOverUnion"/> over the classes that have one, 0..1 (mIoU); NaN when none has.</summary>
    public double MeanIntersectionOverUnion => MeanOf(IntersectionOverUnion);

    /// <summary>Counts one image.</summary>
    /// <param name="predicted">The predicted classes, none of them <see cref="LabelMap.Ignored"/>.</param>
    /// <param name="truth">The true classes of the same pixels.</param>
    /// <exception cref="ArgumentException">The sizes differ, or a label is not a class.</exception>
    public void Add(LabelMap predicted, LabelMap truth)
    {
        if (predicted.Size != truth.Size)
            throw new ArgumentException($"{predicted.Size} predicted labels are compared with {truth.Size}.", nameof(predicted));
        CheckLabels(predicted.Labels, LabelMap.Ignored, nameof(predicted));
        CheckLabels(truth.Labels, LabelMap.Ignored - 1, nameof(truth));
        for (int i = 0; i < truth.Labels.Length; i++)
            if (truth.Labels[i] != LabelMap.Ignored)
                _pixels[(truth.Labels[i] * Classes) + predicted.Labels[i]]++;
        Count++;
    }

    /// <summary>The fraction of the pixels of a class that were predicted so, 0..1; NaN when it has none.</summary>
    /// <param name="label">The class.</param>
    public double Accuracy(int label) => (double)this[label, label] / TruePixels(label);

    /// <summary>The pixels that are of a class and were predicted so, as a fraction of those that are of it or were predicted so, 0..1; NaN
    /// when there are none.</summary>
    /// <param name="label">The class.</param>
    public double IntersectionOverUnion(int label)
    {
        long hits = this[label, label],
            predicted = Enumerable.Range(0, Classes).Sum(truth => this[truth, label]);
        return (double)hits / (TruePixels(label) + predicted - hits);
    }

    /// <inheritdoc/>
    /// <remarks>Only the cells that are not 0.</remarks>
    public byte[] Save()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(Classes);
        writer.Write(Count);
        for (int cell = 0; cell < _pixels.Length; cell++)
        {
            if (_pixels[cell] == 0)
                continue;
            writer.Write(cell);
            writer.Write(_pixels[cell]);
        }

        writer.Flush();
        return bytes.ToArray();
    }

    /// <inheritdoc/>
    public void Merge(ReadOnlySpan<byte> saved)
    {
        const int Head = sizeof(int) + sizeof(long),
            Cell = sizeof(int) + sizeof(long);
        if (saved.Length < Head || (saved.Length - Head) % Cell != 0)
            throw new ArgumentException("These bytes are not counts of pixels.", nameof(saved));
        using var reader = new BinaryReader(new MemoryStream(saved.ToArray()));
        int classes = reader.ReadInt32();
        if (classes != Classes)
            throw new ArgumentException($"Counts of {classes} classes cannot be added to counts of {Classes}.", nameof(saved));
        long images = reader.ReadInt64();
        var cells = new (int Cell, long Pixels)[(saved.Length - Head) / Cell];
        for (int i = 0; i < cells.Length; i++)
        {
            cells[i] = (reader.ReadInt32(), reader.ReadInt64());
            if ((uint)cells[i].Cell >= (uint)_pixels.Length)
                throw new ArgumentException("These bytes are not counts of pixels.", nameof(saved));
        }

        foreach ((int cell, long pixels) in cells)
            _pixels[cell] += pixels;
        Count += images;
    }

    /// <inheritdoc/>
    /// <remarks><c>aAcc</c>, <c>mAcc</c> and <c>mIoU</c>, as fractions.</remarks>
    public IReadOnlyDictionary<string, double> Figures() =>
        new OrderedDictionary<string, double>
        {
            ["aAcc"] = PixelAccuracy,
            ["mAcc"] = MeanAccuracy,
            ["mIoU"] = MeanIntersectionOverUnion,
        };

    private long TruePixels(int label) => _pixels.AsSpan(CheckClass(label) * Classes, Classes).ToArray().Sum();

    private double MeanOf(Func<int, double> figure) =>
        Enumerable.Range(0, Classes).Select(figure).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();

    private int CheckClass(int label)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(label);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(label, Classes);
        return label;
    }

    private void CheckLabels(ReadOnlySpan<byte> labels, int most, string name)
    {
        int at = Classes > most ? -1 : labels.IndexOfAnyInRange((byte)Classes, (byte)most);
        if (at >= 0)
            throw new ArgumentException($"The label {labels[at]} is not one of {Classes} classes.", name);
    }
}
