using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>Makes network inputs of images. Safe to use from many threads at once.</summary>
public interface IImageTransform
{
    /// <summary>The planes of an input.</summary>
    int Channels { get; }

    /// <summary>The width of an input in pixels.</summary>
    int Width { get; }

    /// <summary>The height of an input in pixels.</summary>
    int Height { get; }

    /// <summary>How the images of a batch are mixed afterwards; null where they are not.</summary>
    MixOptions? Mixing => null;

    /// <summary>How parts of inputs are erased afterwards; null where they are not.</summary>
    ErasingOptions? Erasing => null;

    /// <summary>How objects are copied between the inputs of a batch before that; null where they are not.</summary>
    CopyPasteOptions? CopyPaste => null;

    /// <summary>Writes the input of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="random">The random numbers of the image.</param>
    /// <param name="destination">channels x height x width values, written.</param>
    /// <returns>Where the points of the image lie in the input; its annotations are moved by it.</returns>
    AffineMap Apply(PixelBlock image, RandomStream random, Span<float> destination);

    /// <summary>Writes the input of an image, when what is known of the image may decide what is done with it. Default: it does
    /// not.</summary>
    /// <param name="image">The image.</param>
    /// <param name="annotations">What is known of it, in its own pixels.</param>
    /// <param name="random">The random numbers of the image.</param>
    /// <param name="destination">channels x height x width values, written.</param>
    /// <returns>Where the points of the image lie in the input; its annotations are moved by it.</returns>
    AffineMap Apply(PixelBlock image, ImmutableArray<Annotation> annotations, RandomStream random, Span<float> destination) =>
        Apply(image, random, destination);
}
