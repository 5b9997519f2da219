namespace MogaSharp.Vision;

/// <summary>An object that was found.</summary>
/// <param name="Box">Where it is, in pixels.</param>
/// <param name="Score">How sure the network is, 0..1.</param>
/// <param name="Label">The number of its class, from 0.</param>
public readonly record struct Detection(Box Box, double Score, int Label)
{
    /// <summary>Its pixels; null where only its box is known.</summary>
    public RunLengthMask? Mask { get; init; }
}

/// <summary>Objects or regions that were found in an image, the surest first, as lists that other graphs take in whole.</summary>
public sealed class DetectionSet
{
    private readonly float[] _boxes;
    private readonly float[] _scores;
    private readonly int[] _labels;
    private readonly int[] _sources = [];

    /// <summary>Takes the lists over without copying them.</summary>
    /// <param name="boxes">n x 4 numbers: left, top, right, bottom in pixels.</param>
    /// <param name="scores">n numbers, 0..1.</param>
    /// <param name="labels">n numbers of classes, from 0.</param>
    /// <exception cref="ArgumentException">The lists do not have the same length.</exception>
    public DetectionSet(float[] boxes, float[] scores, int[] labels)
    {
        int count = BoxList.Count(boxes, nameof(boxes));
        if (scores.Length != count || labels.Length != count)
            throw new ArgumentException(
                $"{scores.Length} scores and {labels.Length} labels are not those of {count} boxes.",
                nameof(scores)
            );
        (_boxes, _scores, _labels) = (boxes, scores, labels);
    }

    internal DetectionSet(float[] boxes, float[] scores, int[] labels, int[] sources)
        : this(boxes, scores, labels) => _sources = sources;

    /// <summary>Nothing was found.</summary>
    public static DetectionSet Empty { get; } = new([], [], []);

    /// <summary>The number of boxes.</summary>
    public int Count => _scores.Length;

    /// <summary><see cref="Count"/> x 4 numbers: left, top, right, bottom in pixels.</summary>
    public ReadOnlySpan<float> Boxes => _boxes;

    /// <summary>How sure the network is of each, 0..1.</summary>
    public ReadOnlySpan<float> Scores => _scores;

    /// <summary>The number of the class of each, from 0.</summary>
    public ReadOnlySpan<int> Labels => _labels;

    /// <summary>Where each comes from: of regions the region's number; of anchors the place of its number among the class numbers of all
    /// levels, one level after the other, each in the order of <see cref="HeadLevel.Scores"/>. None where the lists were given.</summary>
    public ReadOnlySpan<int> Sources => _sources;

    /// <summary>One of them.</summary>
    /// <param name="place">Its place, from 0.</param>
    public Detection this[int place] =>
        new(
            Box.FromCorners(_boxes[place * 4], _boxes[(place * 4) + 1], _boxes[(place * 4) + 2], _boxes[(place * 4) + 3]),
            _scores[place],
            _labels[place]
        );
}
