using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>Images with objects: <see cref="ImageItem.ReadAnnotations"/> of each gives an <see cref="ObjectAnnotation"/> for every one,
/// crowds included.</summary>
public interface IDetectionDataset : IImageDataset
{
    /// <summary>The classes, which labels of objects are places in; at least 1. The background is none of them.</summary>
    ImmutableArray<ClassLabel> Classes { get; }

    /// <summary>The number of an image, by which results and truths name it.</summary>
    /// <param name="index">The place in this set.</param>
    long ImageIdOf(int index);

    /// <summary>The number of a class, by which results and truths name it.</summary>
    /// <param name="label">The place in <see cref="Classes"/>.</param>
    long CategoryIdOf(int label);

    /// <summary>The size of an image where it is known without reading it; else null, which is the default.</summary>
    /// <param name="index">The place in this set.</param>
    ImageSize? SizeOf(int index) => null;
}
