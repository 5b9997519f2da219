using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>Images with the objects in them.</summary>
/// <param name="inputs">(N, C, H, W), row-major.</param>
/// <param name="shape">The shape of the input.</param>
/// <param name="objects">The objects of each image. In training in pixels of the input, in evaluation in those of the image as it
/// is; crowds are to be told apart by <see cref="AnnotatedObject.IsCrowd"/>.</param>
public sealed class DetectionBatch(ReadOnlyMemory<float> inputs, Shape shape, IReadOnlyList<ImmutableArray<AnnotatedObject>> objects)
    : TrainingBatch(inputs, shape)
{
    /// <summary>The objects of each image.</summary>
    public IReadOnlyList<ImmutableArray<AnnotatedObject>> Objects => objects;

    /// <summary>The part of each input that is image, from the upper left corner; the rest was added.</summary>
    public required IReadOnlyList<ImageSize> Sizes { get; init; }

    /// <summary>Regions to look at, n x 4 numbers for each image, in place of those that the network proposes; null for those.</summary>
    public IReadOnlyList<float[]>? Regions { get; init; }

    /// <summary>Evaluation: the image of each input.</summary>
    public IReadOnlyList<SeenImage> Images { get; init; } = [];
}

/// <summary>An image as an evaluation knows it.</summary>
/// <param name="Id">Its number in the data set.</param>
/// <param name="Size">Its own size.</param>
public readonly record struct SeenImage(long Id, ImageSize Size);
