using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// One image of a data set and what is known of it. Pixels, and annotations that are files of their own, are read when they are asked for.
/// Derive from it to bring images of your own; reading must be safe from many threads at once.
/// </summary>
public abstract class ImageItem
{
    /// <summary>Keeps the name and what is known without reading the image.</summary>
    /// <param name="name">The path of the image, or whatever messages call it.</param>
    /// <param name="annotations">What is known of it, such as its <see cref="ClassIndex"/>.</param>
    protected ImageItem(string name, params ImmutableArray<Annotation> annotations) => (Name, Annotations) = (name, annotations);

    /// <summary>The path of the image, or its file and number.</summary>
    public string Name { get; }

    /// <summary>The path of the file that its annotations are read from. Default: <see cref="Name"/>.</summary>
    public virtual string AnnotationName => Name;

    /// <summary>What is known of the image without reading it.</summary>
    public ImmutableArray<Annotation> Annotations { get; }

    /// <summary>The index of its class, 0 to the number of classes - 1.</summary>
    /// <exception cref="InvalidOperationException">The image has no class.</exception>
    public int Label =>
        Annotations.OfType<ClassIndex>().FirstOrDefault() is { } index
            ? index.Value
            : throw new InvalidOperationException($"'{Name}' has no class.");

    /// <summary>Everything that is known of the image, in its own pixels. Default: <see cref="Annotations"/>.</summary>
    /// <exception cref="ImageFormatException">A file of annotations cannot be decoded.</exception>
    /// <exception cref="IOException">A file of annotations cannot be read.</exception>
    public virtual ImmutableArray<Annotation> ReadAnnotations() => Annotations;

    /// <summary>Reads the pixels: RGB from an encoded image, else as they are stored.</summary>
    /// <param name="limits">What a file may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <param name="buffers">Memory in which the pixels may lie until it is used for the next image; null for memory of their own.</param>
    /// <exception cref="ImageFormatException">The file is not an image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">The image is a file and libvips cannot be loaded.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public abstract PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null);

    /// <summary>Reads how large the image is. Of a file no more than the header is read, so its pixels may be damaged all the same;
    /// default: all of it.</summary>
    /// <param name="limits">What a file may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="DatasetException">The image has another size than the data set says.</exception>
    /// <exception cref="ImageFormatException">The file is not an image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">The image is a file and libvips cannot be loaded.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public virtual ImageSize ReadSize(ImageLimits? limits = null)
    {
        PixelBlock block = ReadPixels(limits);
        return new ImageSize(block.Width, block.Height);
    }

    /// <summary>Reads the image as RGB.</summary>
    /// <param name="limits">What a file may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">The file is not an image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">The image is a file and libvips cannot be loaded.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public RgbImage ToImage(ImageLimits? limits = null)
    {
        PixelBlock block = ReadPixels(limits);
        return RgbImage.FromPixels(block.Pixels.Span, block.Width, block.Height, block.Layout);
    }

    /// <summary>Writes the network input of the image.</summary>
    /// <param name="preprocessor">The preprocessor.</param>
    /// <param name="destination">3 x height x width values of the preprocessor's size, written.</param>
    /// <param name="limits">What a file may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">The file is not an image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">The image is a file and libvips cannot be loaded.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void WriteInput(Preprocessor preprocessor, Span<float> destination, ImageLimits? limits = null)
    {
        PixelBlock block = ReadPixels(limits);
        preprocessor.Process(block.Pixels.Span, block.Width, block.Height, block.Layout, 0, destination);
    }
}

/// <summary>An image file.</summary>
public sealed class FileImageItem : ImageItem
{
    /// <summary>Keeps path and class.</summary>
    /// <param name="path">The path of the file.</param>
    /// <param name="label">The index of its class.</param>
    public FileImageItem(string path, int label)
        : base(path, new ClassIndex(label)) { }

    /// <summary>The path of the file.</summary>
    public string Path => Name;

    /// <inheritdoc/>
    public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null) =>
        ImageDecoder.Load(Path, buffers ?? new DecodeBuffers(), limits);

    /// <inheritdoc/>
    public override ImageSize ReadSize(ImageLimits? limits = null) => ImageDecoder.ReadSize(Path, limits);
}

/// <summary>An image whose pixels are in memory.</summary>
public sealed class PixelImageItem : ImageItem
{
    /// <summary>Keeps the pixels.</summary>
    /// <param name="name">What messages call the image.</param>
    /// <param name="block">The pixels.</param>
    /// <param name="annotations">What is known of it.</param>
    public PixelImageItem(string name, PixelBlock block, params ImmutableArray<Annotation> annotations)
        : base(name, annotations) => Block = block;

    /// <summary>The pixels.</summary>
    public PixelBlock Block { get; }

    /// <inheritdoc/>
    public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null) => Block;
}
