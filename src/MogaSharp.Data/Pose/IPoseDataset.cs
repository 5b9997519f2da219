using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Images with people: <see cref="ImageItem.ReadAnnotations"/> of each gives a <see cref="PersonAnnotation"/> for every one. Whole numbers
/// are the centers of pixels in their joints, as the official pipelines have it.
/// </summary>
public interface IPoseDataset : IImageDataset
{
    /// <summary>The joints.</summary>
    SkeletonDefinition Skeleton { get; }

    /// <summary>The number of an image, by which results and truths name it. Several items of one image share it.</summary>
    /// <param name="index">The place in this set.</param>
    long ImageIdOf(int index);
}
