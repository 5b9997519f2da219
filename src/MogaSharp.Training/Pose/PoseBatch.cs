using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>People cut out of images.</summary>
/// <param name="inputs">(N, C, H, W), row-major.</param>
/// <param name="shape">The shape of the input.</param>
public sealed class PoseBatch(ReadOnlyMemory<float> inputs, Shape shape) : TrainingBatch(inputs, shape)
{
    /// <summary>Training: the joints of each person in pixels of the input, (N, joints).</summary>
    public IReadOnlyList<ImmutableArray<KeyPoint>> Joints { get; init; } = [];

    /// <summary>Evaluation: who each person is.</summary>
    public IReadOnlyList<SeenPerson> People { get; init; } = [];

    /// <summary>Evaluation: what is known of the images of this batch, by their numbers; each image's people are in one batch.</summary>
    public IReadOnlyDictionary<long, ImmutableArray<AnnotatedPerson>> Truths { get; init; } =
        ImmutableDictionary<long, ImmutableArray<AnnotatedPerson>>.Empty;

    /// <summary>The joints of the people.</summary>
    public SkeletonDefinition Skeleton { get; init; } = SkeletonDefinition.Coco;
}

/// <summary>A person of an evaluation.</summary>
/// <param name="Image">The number of the image.</param>
/// <param name="Box">Where the person is, in pixels of the image.</param>
/// <param name="Score">How sure that is.</param>
/// <param name="Region">What the network sees of the image.</param>
public sealed record SeenPerson(long Image, Box Box, double Score, PoseRegion Region);
