using System.Buffers;
using System.Drawing;
using MogaSharp.Vision;

namespace MogaSharp.Imaging;

/// <summary>
/// Turns images into network inputs after fixed options. Free of native code, immutable, safe to use from many threads at once.
/// </summary>
public sealed class Preprocessor
{
    private readonly float[] _values;

    /// <summary>Makes a preprocessor.</summary>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Preprocessor(PreprocessOptions options)
    {
        options.Check();
        Options = options;
        _values = Normalization.Table(options.Mean, options.StandardDeviation, channels: 3);
    }

    /// <summary>The options.</summary>
    public PreprocessOptions Options { get; }

    /// <summary>The number of values of one input: 3 * height * width.</summary>
    public int InputLength => checked(3 * Options.Height * Options.Width);

    /// <summary>Writes the network input of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="destination">3 x height x width values (planes in the order of the options), written.</param>
    /// <exception cref="ArgumentException">The destination has another length than <see cref="InputLength"/>.</exception>
    public void Process(RgbImage image, Span<float> destination) =>
        Process(image.Pixels, image.Width, image.Height, PixelLayout.Rgb, 0, destination);

    /// <summary>Writes the network input of pixels in memory. Alpha is blended onto white; gray is repeated in all three planes.</summary>
    /// <param name="pixels">The samples, rows top to bottom.</param>
    /// <param name="width">Pixels of a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="layout">The order of the samples.</param>
    /// <param name="stride">Bytes from one row to the next; 0 when rows have no gaps.</param>
    /// <param name="destination">3 x height x width values (planes in the order of the options), written.</param>
    /// <exception cref="ArgumentException">A span or the stride has a wrong length.</exception>
    public void Process(ReadOnlySpan<byte> pixels, int width, int height, PixelLayout layout, int stride, Span<float> destination)
    {
        if (destination.Length != InputLength)
            throw new ArgumentException($"The input has {InputLength} values, the destination {destination.Length}.", nameof(destination));
        int channels = layout == PixelLayout.Gray ? 1 : 3;
        int plane = Options.Width * Options.Height;
        byte[] samples = ArrayPool<byte>.Shared.Rent(plane * channels);
        try
        {
            Crop(pixels, width, height, layout, stride, samples.AsSpan(0, plane * channels));
            Normalization.Apply(samples, channels, _values, destination, Options.IsBgr);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(samples);
        }
    }

    /// <summary>The resized and cropped image that the network sees, before normalization.</summary>
    /// <param name="image">The image.</param>
    public RgbImage Crop(RgbImage image)
    {
        var crop = new RgbImage(Options.Width, Options.Height, new byte[InputLength]);
        Crop(image.Pixels, image.Width, image.Height, PixelLayout.Rgb, 0, crop.Pixels);
        return crop;
    }

    /// <summary>Where the points of an image lie in the network's input.</summary>
    /// <param name="width">The image's width in pixels, at least 1.</param>
    /// <param name="height">The image's height in pixels, at least 1.</param>
    public AffineMap MapOf(int width, int height)
    {
        Size size = ResizedSize(width, height);
        return AffineMap
            .Resize(new(width, height), new(size.Width, size.Height))
            .Then(AffineMap.Crop(RgbImage.CropOffset(size.Width, Options.Width), RgbImage.CropOffset(size.Height, Options.Height)));
    }

    /// <summary>The size to which an image of the given size is resized before the crop.</summary>
    internal Size ResizedSize(int width, int height)
    {
        int targetWidth = (int)Math.Floor(Options.Width / Options.CropFraction);
        int targetHeight = (int)Math.Floor(Options.Height / Options.CropFraction);
        if (Options.Mode == ResizeMode.Squash)
            return new Size(targetWidth, targetHeight);
        if (targetWidth == targetHeight)
        {
            // The official code truncates the longer side here, and rounds it in the branch below.
            return width <= height
                ? new Size(targetWidth, checked((int)((double)((long)targetWidth * height) / width)))
                : new Size(checked((int)((double)((long)targetHeight * width) / height)), targetHeight);
        }
        double ratio = Math.Min((double)height / targetHeight, (double)width / targetWidth);
        return new Size(checked((int)Math.Round(width / ratio)), checked((int)Math.Round(height / ratio)));
    }

    private void Crop(ReadOnlySpan<byte> pixels, int width, int height, PixelLayout layout, int stride, Span<byte> destination)
    {
        int step = PixelConversion.CheckBuffer(pixels.Length, width, height, layout, stride);
        Size size = ResizedSize(width, height);
        var window = new Rectangle(
            RgbImage.CropOffset(size.Width, Options.Width),
            RgbImage.CropOffset(size.Height, Options.Height),
            Options.Width,
            Options.Height
        );
        int channels = layout == PixelLayout.Gray ? 1 : 3;
        int row = width * channels;
        if (step == row && (layout is PixelLayout.Rgb or PixelLayout.Gray))
        {
            Resampler.ResizeWindow(pixels, new Size(width, height), channels, destination, size, window, Options.Filter);
            return;
        }
        byte[] tight = ArrayPool<byte>.Shared.Rent(checked(row * height));
        try
        {
            for (int y = 0; y < height; y++)
            {
                Span<byte> to = tight.AsSpan(y * row, row);
                ReadOnlySpan<byte> from = pixels.Slice(y * step, width * PixelConversion.BytesPerPixel(layout));
                if (layout == PixelLayout.Gray)
                    from.CopyTo(to);
                else
                    PixelConversion.RowToRgb(from, layout, to);
            }
            Resampler.ResizeWindow(tight, new Size(width, height), channels, destination, size, window, Options.Filter);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(tight);
        }
    }
}
