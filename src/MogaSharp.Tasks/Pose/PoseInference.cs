using MogaSharp.Vision;

namespace MogaSharp.Tasks;

/// <summary>How joints are found. The default is the official setting.</summary>
public sealed record PoseInference
{
    /// <summary>The official setting: the mirrored image counts too, places move by a quarter pixel.</summary>
    public static PoseInference Default { get; } = new();

    /// <summary>Whether the mirrored image counts too (flip test).</summary>
    public bool Flip { get; init; } = true;

    /// <summary>How places are refined below the pixels of heat maps.</summary>
    public HeatMapRefinement Refinement { get; init; } = HeatMapRefinement.QuarterShift;

    /// <summary>Joints with a higher score count in the score of their person, 0 to 1.</summary>
    public double JointThreshold { get; init; } = 0.2;

    /// <summary>Of people who are more alike (OKS) only the best one is kept, 0 to 1; 1 keeps all.</summary>
    public double SimilarityThreshold { get; init; } = 0.9;

    internal void Check()
    {
        if (!Enum.IsDefined(Refinement))
            throw new ArgumentOutOfRangeException(nameof(Refinement), Refinement, "There is no such refinement.");
        if (!(JointThreshold is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(JointThreshold), JointThreshold, "The threshold lies from 0 to 1.");
        if (!(SimilarityThreshold is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(SimilarityThreshold), SimilarityThreshold, "The threshold lies from 0 to 1.");
    }
}

/// <summary>Where a person is, as a detector or an annotator says.</summary>
/// <param name="Box">The box, in pixels of the image.</param>
/// <param name="Score">How sure that is, 0 to 1.</param>
public sealed record PersonBox(Box Box, double Score = 1);

/// <summary>The people of an image.</summary>
/// <param name="People">Their joints, the surest person first.</param>
/// <param name="Skeleton">The joints' names and limbs.</param>
public sealed record ImagePoses(System.Collections.Immutable.ImmutableArray<PersonPose> People, SkeletonDefinition Skeleton);

/// <summary>A person's box that cannot be used.</summary>
/// <param name="message">Which one, and why.</param>
public sealed class PersonBoxException(string message) : MogaException(message)
{
    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidData;
}
