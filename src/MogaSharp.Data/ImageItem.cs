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

    /// <summary>Reads the image as RGB.</summary>
    /// <param name="limits">What a file may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">The file is no image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">The image is a file and libvips is not installed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public abstract RgbImage ToImage(ImageLimits? limits = null);

    /// <summary>Writes the network input of the image.</summary>
    /// <param name="preprocessor">The preprocessor.</param>
    /// <param name="destination">3 x height x width values of the preprocessor's size, written.</param>
    /// <param name="limits">What a file may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">The file is no image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">The image is a file and libvips is not installed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public abstract void WriteInput(Preprocessor preprocessor, Span<float> destination, ImageLimits? limits = null);
}

/// <summary>An image file.</summary>
public sealed class FileImageItem : ImageItem
{
    internal FileImageItem(string path, int label)
        : base(path, label)
    {
    }

    /// <summary>The path of the file.</summary>
    public string Path => Name;

    /// <inheritdoc/>
    public override RgbImage ToImage(ImageLimits? limits = null) => ImageDecoder.Load(Path, limits);

    /// <inheritdoc/>
    public override void WriteInput(Preprocessor preprocessor, Span<float> destination, ImageLimits? limits = null) =>
        preprocessor.Process(ToImage(limits), destination);
}

/// <summary>An image whose pixels are in memory.</summary>
public sealed class PixelImageItem : ImageItem
{
    internal PixelImageItem(string name, int label, ReadOnlyMemory<byte> pixels, int width, int height, PixelLayout layout)
        : base(name, label)
    {
        Pixels = pixels;
        Width = width;
        Height = height;
        Layout = layout;
    }

    /// <summary>The samples, row by row, without gaps.</summary>
    public ReadOnlyMemory<byte> Pixels { get; }

    /// <summary>Pixels of a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>The order of the samples.</summary>
    public PixelLayout Layout { get; }

    /// <inheritdoc/>
    public override RgbImage ToImage(ImageLimits? limits = null) => RgbImage.FromPixels(Pixels.Span, Width, Height, Layout);

    /// <inheritdoc/>
    public override void WriteInput(Preprocessor preprocessor, Span<float> destination, ImageLimits? limits = null) =>
        preprocessor.Process(Pixels.Span, Width, Height, Layout, 0, destination);
}
