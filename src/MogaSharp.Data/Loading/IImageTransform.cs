using MogaSharp.Imaging;

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

    /// <summary>Writes the input of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="random">The random numbers of the image.</param>
    /// <param name="destination">channels x height x width values, written.</param>
    void Apply(PixelBlock image, RandomStream random, Span<float> destination);
}
