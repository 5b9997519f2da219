using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>
/// What is done with the poses of one image before they are evaluated, as MMPose does it: their scores take those of the joints in, and of
/// poses that are nearly the same only the best one is kept.
/// </summary>
/// <param name="Skeleton">The joints.</param>
public sealed record PoseSuppression(SkeletonDefinition Skeleton)
{
    /// <summary>Joints with a higher score count in the score of their pose. Default 0.2.</summary>
    public double JointThreshold { get; init; } = 0.2;

    /// <summary>Poses are nearly the same when they are more alike (OKS) than this. Default 0.9.</summary>
    public double SimilarityThreshold { get; init; } = 0.9;

    /// <summary>The pose with its score times the mean score of its joints above the threshold; 0 where there is none.</summary>
    /// <param name="pose">The pose, with the score of its box.</param>
    public PersonPose Rescore(PersonPose pose) =>
        pose with
        {
            Score =
                pose.Score * pose.Points.Select(point => point.Score).Where(score => score > JointThreshold).DefaultIfEmpty(0).Average(),
        };

    /// <summary>The poses that are kept, best first; of equal scores the later pose comes first.</summary>
    /// <param name="poses">The poses of one image, with their final scores.</param>
    /// <exception cref="ArgumentException">A pose has other joints than the skeleton.</exception>
    public ImmutableArray<PersonPose> Suppress(IReadOnlyList<PersonPose> poses)
    {
        if (poses.FirstOrDefault(pose => pose.Points.Length != Skeleton.Joints.Length) is { } other)
            throw new ArgumentException(
                $"A pose has {other.Points.Length} joints, the skeleton has {Skeleton.Joints.Length}.",
                nameof(poses)
            );
        var kept = ImmutableArray.CreateBuilder<PersonPose>();
        // The official code compares in single precision.
        foreach (PersonPose pose in poses.Reverse().OrderByDescending(pose => pose.Score))
            if (kept.All(best => (float)KeyPointSimilarity.Between(best, pose, Skeleton.Sigmas) <= (float)SimilarityThreshold))
                kept.Add(pose);
        return kept.ToImmutable();
    }
}
