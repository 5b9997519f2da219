namespace MogaSharp.Vision;

/// <summary>
/// The regions that a region proposal network finds likely to hold an object (Ren et al., "Faster R-CNN", 2015), by the rule of MMDetection
/// 2.26: the best anchors of each level are moved, cut to the image and, unless empty, suppressed within their level.
/// </summary>
public sealed record ProposalSelector
{
    /// <summary>The anchors, one for each channel of the scores.</summary>
    public AnchorGenerator Anchors { get; init; } = AnchorGenerator.RegionProposals;

    /// <summary>How boxes are made of anchors.</summary>
    public BoxCoder Coder { get; init; } = BoxCoder.Plain;

    /// <summary>The most boxes of a level that are looked at. Default 1000; the official trainings take 2000.</summary>
    public int MostPerLevel { get; init; } = 1000;

    /// <summary>How boxes of a level remove one another, and how many of all levels are kept. By default 1000 at a threshold of
    /// 0.7.</summary>
    public NonMaxSuppression Suppression { get; init; } = new(0.7f) { Most = 1000 };

    /// <summary>The regions of one image, the best first. The labels are the numbers of the levels.</summary>
    /// <param name="levels">The head's maps for the image, of every level.</param>
    /// <param name="image">The size of the image in the network's input, without padding.</param>
    /// <exception cref="ArgumentException">The maps are not those of the anchors.</exception>
    public DetectionSet Select(IReadOnlyList<HeadLevel> levels, ImageSize image)
    {
        HeadLevel.CheckCount(levels.Count, Anchors);
        using var candidates = new CandidateList();
        for (int level = 0, before = 0; level < levels.Count; level++)
        {
            using var best = new TopScores(MostPerLevel, -1);
            levels[level].Collect(Anchors, level, 1, Coder, image, best, candidates, before, areLabelsLevels: true);
            before += levels[level].Scores.Length;
        }

        candidates.DropEmpty();
        return Suppression.Select(candidates);
    }
}
