using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// A transform whose inputs differ in size from image to image, up to its width and height. A loader makes a batch as large as its largest
/// input and leaves zeros to the right of the others and below them.
/// </summary>
public interface IVariableSizeTransform : IImageTransform
{
    /// <summary>What both sides of a batch are a multiple of, such as the stride of a network; width and height are too.</summary>
    int SizeMultiple { get; }

    /// <summary>Writes the input of an image in its own size.</summary>
    /// <param name="image">The image.</param>
    /// <param name="annotations">What is known of it, in its own pixels.</param>
    /// <param name="random">The random numbers of the image.</param>
    /// <param name="destination">Room for channels x height x width values of the largest input. The first channels x height x width of the
    /// size that is returned are written.</param>
    SizedInput ApplySized(PixelBlock image, ImmutableArray<Annotation> annotations, RandomStream random, Span<float> destination);
}

/// <summary>An input of an <see cref="IVariableSizeTransform"/>.</summary>
/// <param name="Map">Where the points of the image lie in the input; its annotations are moved by it.</param>
/// <param name="Size">The size of the input, each side at least 1.</param>
public readonly record struct SizedInput(AffineMap Map, ImageSize Size);
