namespace MogaSharp.Vision;

/// <summary>
/// The objects that a detector of one stage finds, by the rule of MMDetection 2.26: of each level the best pairs of an anchor and a class
/// above a threshold, moved, cut to the image, and suppressed within their class.
/// </summary>
/// <param name="Classes">Classes, 1 or more.</param>
public sealed record DenseDetections(int Classes)
{
    /// <summary>The anchors.</summary>
    public AnchorGenerator Anchors { get; init; } = AnchorGenerator.RetinaNet;

    /// <summary>How boxes are made of anchors.</summary>
    public BoxCoder Coder { get; init; } = BoxCoder.Plain;

    /// <summary>Only pairs with a higher score are looked at, 0..1. Default 0.05.</summary>
    public float Threshold { get; init; } = 0.05f;

    /// <summary>The most pairs of a level that are looked at. Default 1000.</summary>
    public int MostPerLevel { get; init; } = 1000;

    /// <summary>How boxes of a class remove one another, and how many of all are kept. By default 100 at a threshold of 0.5.</summary>
    public NonMaxSuppression Suppression { get; init; } = new(0.5f) { Most = 100 };

    /// <summary>The objects of one image, the surest first.</summary>
    /// <param name="levels">The head's maps for the image, of every level.</param>
    /// <param name="image">The size of the image in the network's input, without padding.</param>
    /// <param name="scale">How many times wider and higher the image is in the input than it was; boxes are given in the pixels that it
    /// had, which they have before suppression already.</param>
    /// <exception cref="ArgumentException">The maps are not those of the anchors and classes.</exception>
    public DetectionSet Select(IReadOnlyList<HeadLevel> levels, ImageSize image, (float X, float Y)? scale = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Classes);
        HeadLevel.CheckCount(levels.Count, Anchors);
        using var candidates = new CandidateList();
        for (int level = 0, before = 0; level < levels.Count; level++)
        {
            using var best = new TopScores(MostPerLevel, Threshold);
            levels[level].Collect(Anchors, level, Classes, Coder, image, best, candidates, before, areLabelsLevels: false);
            before += levels[level].Scores.Length;
        }

        if (scale is { } factor)
            BoxList.Unscale(candidates.Boxes, factor);
        return Suppression.Select(candidates);
    }
}
