using System.Buffers;

namespace MogaSharp.Vision;

/// <summary>
/// What the second stage of a detector makes of regions, by the rules of MMDetection 2.26: the objects of the last stage, and the regions
/// of the next one in a cascade (Cai and Vasconcelos, "Cascade R-CNN", 2018).
/// </summary>
/// <param name="Classes">Classes without the background, 1 or more.</param>
/// <param name="Coder">How boxes are made of regions in this stage.</param>
public sealed record RegionDetections(int Classes, BoxCoder Coder)
{
    /// <summary>Only pairs of a region and a class with a higher score are looked at, 0..1. Default 0.05.</summary>
    public float Threshold { get; init; } = 0.05f;

    /// <summary>How boxes of a class remove one another, and how many of all are kept. By default 100 at a threshold of 0.5.</summary>
    public NonMaxSuppression Suppression { get; init; } = new(0.5f) { Most = 100 };

    /// <summary>The objects of one image, the surest first.</summary>
    /// <param name="regions">n x 4 numbers: left, top, right, bottom in pixels of the network's input.</param>
    /// <param name="logits">n x (classes + 1) numbers, those of the background last. A cascade takes the mean over its stages.</param>
    /// <param name="deltas">n x 4 numbers, or n x classes x 4 when each class has its own box.</param>
    /// <param name="image">The size of the image in the network's input, without padding.</param>
    /// <param name="scale">How many times wider and higher the image is in the input than it was; boxes are given in the pixels that it
    /// had, which they have before suppression already.</param>
    /// <exception cref="ArgumentException">The numbers are not those of the same regions.</exception>
    public DetectionSet Select(
        ReadOnlySpan<float> regions,
        ReadOnlySpan<float> logits,
        ReadOnlySpan<float> deltas,
        ImageSize image,
        (float X, float Y)? scale = null
    )
    {
        int count = Check(regions, logits, deltas);
        float[] numbers = ArrayPool<float>.Shared.Rent(deltas.Length + logits.Length);
        Span<float> boxes = numbers.AsSpan(0, deltas.Length),
            scores = numbers.AsSpan(deltas.Length, logits.Length);
        Coder.Decode(regions, deltas, boxes, image);
        if (scale is { } factor)
            BoxList.Unscale(boxes, factor);
        for (int i = 0; i < count; i++)
            Softmax(logits.Slice(i * (Classes + 1), Classes + 1), scores.Slice(i * (Classes + 1), Classes + 1));
        DetectionSet found = Suppression.SelectPairs(boxes, scores, Classes, Threshold);
        ArrayPool<float>.Shared.Return(numbers);
        return found;
    }

    /// <summary>The regions that a cascade's next stage looks at: each as its likeliest class has it, the background left out.</summary>
    /// <param name="regions">n x 4 numbers: left, top, right, bottom in pixels of the network's input.</param>
    /// <param name="logits">n x (classes + 1) numbers, those of the background last.</param>
    /// <param name="deltas">n x 4 numbers, or n x classes x 4 when each class has its own box.</param>
    /// <param name="image">The size of the image in the network's input, without padding.</param>
    /// <param name="refined">n x 4 numbers, written.</param>
    /// <param name="labels">In training the class of each region's object, or the number of classes where it has none; else none.</param>
    /// <exception cref="ArgumentException">The numbers are not those of the same regions, or a label is of no class.</exception>
    public void Refine(
        ReadOnlySpan<float> regions,
        ReadOnlySpan<float> logits,
        ReadOnlySpan<float> deltas,
        ImageSize image,
        Span<float> refined,
        ReadOnlySpan<int> labels = default
    )
    {
        int count = Check(regions, logits, deltas);
        if (refined.Length != regions.Length || (labels.Length != count && !labels.IsEmpty))
            throw new ArgumentException(
                $"{refined.Length} numbers and {labels.Length} labels are not those of {count} regions.",
                nameof(refined)
            );
        bool hasOwn = deltas.Length != regions.Length;
        for (int i = 0; i < count; i++)
        {
            int label = 0;
            if (!labels.IsEmpty && (labels[i] < 0 || labels[i] > Classes))
                throw new ArgumentException($"A region is of the class {labels[i]}, there are {Classes}.", nameof(labels));
            if (hasOwn && (labels.IsEmpty || labels[i] == Classes))
                label = Likeliest(logits.Slice(i * (Classes + 1), Classes));
            else if (hasOwn)
                label = labels[i];
            int at = (hasOwn ? (i * Classes) + label : i) * 4;
            Coder.Decode(regions.Slice(i * 4, 4), deltas.Slice(at, 4), refined.Slice(i * 4, 4), image);
        }
    }

    private static int Likeliest(ReadOnlySpan<float> logits)
    {
        int likeliest = 0;
        for (int i = 1; i < logits.Length; i++)
            if (logits[i] > logits[likeliest])
                likeliest = i;
        return likeliest;
    }

    private static void Softmax(ReadOnlySpan<float> logits, Span<float> scores)
    {
        float largest = logits[0];
        foreach (float logit in logits)
            largest = Math.Max(largest, logit);
        double sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp(logit - largest);
        for (int i = 0; i < logits.Length; i++)
            scores[i] = (float)(Math.Exp(logits[i] - largest) / sum);
    }

    private int Check(ReadOnlySpan<float> regions, ReadOnlySpan<float> logits, ReadOnlySpan<float> deltas)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Classes);
        int count = BoxList.Count(regions, nameof(regions));
        bool fits = deltas.Length == regions.Length || deltas.Length == (long)regions.Length * Classes;
        return fits && logits.Length == (long)count * (Classes + 1)
            ? count
            : throw new ArgumentException(
                $"{logits.Length} logits and {deltas.Length} deltas are not those of {count} regions and {Classes} classes.",
                nameof(logits)
            );
    }
}
