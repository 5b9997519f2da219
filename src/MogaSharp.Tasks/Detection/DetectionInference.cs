using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Tasks;

/// <summary>How things are found in images. Immutable; the default is the official setting.</summary>
public sealed record DetectionInference
{
    /// <summary>Scores above 0.05, at most 100 things, suppression within a class above an overlap of a half.</summary>
    public static DetectionInference Default { get; } = new();

    /// <summary>What scores have to be above, 0 to below 1.</summary>
    public float ScoreThreshold { get; init; } = 0.05f;

    /// <summary>Above which overlap (common area over that of both together) the less sure of two boxes goes, 0 to 1.</summary>
    public float OverlapThreshold { get; init; } = 0.5f;

    /// <summary>The most things in an image, 1 or more.</summary>
    public int MaxDetections { get; init; } = 100;

    /// <summary>Whether a box also suppresses those of other classes.</summary>
    public bool IsClassAgnostic { get; init; }

    /// <summary>The classes to look for, by their indices; empty for all.</summary>
    public ImmutableHashSet<int> Classes { get; init; } = [];

    /// <summary>Whether masks are made, where the model has them.</summary>
    public bool HasMasks { get; init; } = true;

    /// <summary>What images are fitted into in place of the card's size, the longer side into the longer one; null for the
    /// card's.</summary>
    public ImageSize? Size { get; init; }

    internal void Check()
    {
        if (!(ScoreThreshold is >= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(ScoreThreshold), ScoreThreshold, "0 to below 1");
        if (!(OverlapThreshold is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(OverlapThreshold), OverlapThreshold, "0 to 1");
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxDetections, 1);
        if (Size is { } size)
            ArgumentOutOfRangeException.ThrowIfLessThan(Math.Min(size.Width, size.Height), 1, nameof(Size));
    }
}
