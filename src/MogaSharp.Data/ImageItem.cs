using MogaSharp.Imaging;

namespace MogaSharp.Data;

/// <summary>One image of a data set and its label. The pixels are read when they are asked for.</summary>
public abstract class ImageItem
{
    private protected ImageItem(string name, int label)
    {
        Name = name;
        Label = label;
    }

    /// <summary>The path of the image, or its file and number.</summary>
    public string Name { get; }

    /// <summary>The index of its class, 0 to the number of classes - 1.</summary>
    public int Label { get; }

    /// <summary>Reads the pixels: RGB from an encoded image, else as they are stored.</summary>
    /// <param name="limits">What a file may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <param name="buffers">Memory in which the pixels may lie until it is used for the next image; null for memory of their own.</param>
    /// <exception cref="ImageFormatException">The file is no image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">The image is a file and libvips cannot be loaded.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public abstract PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null);

    /// <summary>Reads the image as RGB.</summary>
    /// <param name="limits">What a file may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">The file is no image that can be decoded, or larger than the limits.</exception>
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
    /// <exception cref="ImageFormatException">The file is no image that can be decoded, or larger than the limits.</exception>
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
    internal FileImageItem(string path, int label)
        : base(path, label) { }

    /// <summary>The path of the file.</summary>
    public string Path => Name;

    /// <inheritdoc/>
    public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null) =>
        ImageDecoder.Load(Path, buffers ?? new DecodeBuffers(), limits);
}

/// <summary>An image whose pixels are in memory.</summary>
public sealed class PixelImageItem : ImageItem
{
    internal PixelImageItem(string name, int label, PixelBlock block)
        : base(name, label) => Block = block;

    /// <summary>The pixels.</summary>
    public PixelBlock Block { get; }

    /// <inheritdoc/>
    public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null) => Block;
}
