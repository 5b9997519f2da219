using MogaSharp.Imaging.Native;

namespace MogaSharp.Imaging;

/// <summary>
/// An 8-bit RGB image in memory: <see cref="Height"/> rows of <see cref="Width"/> pixels of 3 samples (0..255), without gaps.
/// All members but the two that save are free of native code.
/// </summary>
public sealed class RgbImage
{
    /// <summary>Wraps pixels that already are tight RGB rows; the array is not copied.</summary>
    /// <param name="width">Pixels of a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="pixels">width * height * 3 bytes.</param>
    /// <exception cref="ArgumentException">The array has another length.</exception>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (pixels.Length != (long)width * height * 3)
            throw new ArgumentException(
                $"{width} x {height} RGB pixels need {(long)width * height * 3} bytes, not {pixels.Length}.",
                nameof(pixels)
            );
        Width = width;
        Height = height;
        Pixels = pixels;
    }

    /// <summary>Pixels of a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>The samples, height x width x 3, row by row.</summary>
    public byte[] Pixels { get; }

    /// <summary>What the encoded image held beyond these pixels; none for images that were not decoded.</summary>
    public ImageConversions Conversions { get; init; }

    /// <summary>One row: width * 3 samples.</summary>
    /// <param name="y">The row, 0 (top) to height - 1.</param>
    public Span<byte> Row(int y) => Pixels.AsSpan(y * Width * 3, Width * 3);

    /// <summary>Copies pixels of any layout. Opacity is left out; gray is repeated.</summary>
    /// <param name="pixels">The samples, rows top to bottom.</param>
    /// <param name="width">Pixels of a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="layout">The order of the samples.</param>
    /// <param name="stride">Bytes from one row to the next; 0 when rows have no gaps.</param>
    /// <exception cref="ArgumentException">The span is too short, or the stride is shorter than a row.</exception>
    public static RgbImage FromPixels(ReadOnlySpan<byte> pixels, int width, int height, PixelLayout layout, int stride = 0)
    {
        int step = PixelConversion.CheckBuffer(pixels.Length, width, height, layout, stride);
        int row = width * PixelConversion.BytesPerPixel(layout);
        var image = new RgbImage(width, height, new byte[checked(width * height * 3)]);
        for (int y = 0; y < height; y++)
            PixelConversion.RowToRgb(pixels.Slice(y * step, row), layout, image.Row(y));
        return image;
    }

    /// <summary>Resizes to an exact size, with the values that Pillow's <c>Image.resize</c> gives (OpenCV's for its filter).</summary>
    /// <param name="width">The new width, at least 1.</param>
    /// <param name="height">The new height, at least 1.</param>
    /// <param name="filter">The filter.</param>
    public RgbImage Resize(int width, int height, ResizeFilter filter = ResizeFilter.Bicubic)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        byte[] pixels = new byte[checked(width * height * 3)];
        Resampler.Resize(Pixels, Width, Height, 3, pixels, width, height, filter);
        return new RgbImage(width, height, pixels);
    }

    /// <summary>A copy with left and right exchanged.</summary>
    public RgbImage Mirrored()
    {
        byte[] pixels = [.. Pixels];
        Flip.Horizontal(pixels, Width, 3);
        return new RgbImage(Width, Height, pixels);
    }

    /// <summary>
    /// Cuts out the center, with the offsets of torchvision's <c>CenterCrop</c> (halves round to even). Where the image is
    /// smaller than the crop it is surrounded by black, the odd pixel right and below.
    /// </summary>
    /// <param name="width">The width of the crop, at least 1.</param>
    /// <param name="height">The height of the crop, at least 1.</param>
    public RgbImage CenterCrop(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        var crop = new RgbImage(width, height, new byte[checked(width * height * 3)]);
        (int fromX, int toX, int columns) = Overlap(Width, width);
        (int fromY, int toY, int rows) = Overlap(Height, height);
        for (int y = 0; y < rows; y++)
            Row(fromY + y).Slice(fromX * 3, columns * 3).CopyTo(crop.Row(toY + y)[(toX * 3)..]);
        return crop;
    }

    /// <summary>Writes a PNG file. The file appears under its name only when it is complete.</summary>
    /// <param name="path">The file to write; an older file of that name is replaced.</param>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SavePng(string path) => AtomicFile.Write(path, VipsEncoder.EncodePng(this));

    /// <summary>Writes a JPEG file. The file appears under its name only when it is complete.</summary>
    /// <param name="path">The file to write; an older file of that name is replaced.</param>
    /// <param name="quality">1 (small) to 100 (good).</param>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SaveJpeg(string path, int quality = 90)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        AtomicFile.Write(path, VipsEncoder.EncodeJpeg(this, quality));
    }

    /// <summary>The offset of a centered crop that is not larger than the image.</summary>
    internal static int CropOffset(int extent, int crop) => (int)Math.Round((extent - crop) / 2.0, MidpointRounding.ToEven);

    private static (int From, int To, int Count) Overlap(int extent, int crop) =>
        crop > extent ? (0, (crop - extent) / 2, extent) : (CropOffset(extent, crop), 0, crop);
}
