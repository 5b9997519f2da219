using System.Buffers;
using System.Collections.Immutable;
using System.Drawing;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Makes training inputs for object detection: cropped or not, one of several sizes, mirrored or not, with zeros after normalization to
/// the right and below; or of one size, with large-scale jitter. Pixels are resized with OpenCV's results. Immutable, safe to use from
/// many threads at once.
/// </summary>
public sealed class DetectionTransform : IVariableSizeTransform
{
    private const int Samples = 3;

    private readonly float[] _values;

    /// <summary>Makes a transform.</summary>
    /// <param name="options">The options; the official ones when null.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public DetectionTransform(DetectionTransformOptions? options = null)
    {
        Options = options ?? new DetectionTransformOptions();
        Options.Check();
        _values = Normalization.Table(Options.Mean, Options.StandardDeviation, Samples);
    }

    /// <summary>The options.</summary>
    public DetectionTransformOptions Options { get; }

    /// <inheritdoc/>
    public int Channels => Samples;

    /// <inheritdoc/>
    public int Width => Options.Width;

    /// <inheritdoc/>
    public int Height => Options.Height;

    /// <inheritdoc/>
    public int SizeMultiple => Options.SizeMultiple;

    /// <inheritdoc/>
    public CopyPasteOptions? CopyPaste => Options.CopyPaste;

    /// <inheritdoc/>
    /// <remarks>The input has the largest size: what the image does not reach is 0.</remarks>
    /// <exception cref="ArgumentException">The destination has another length than an input.</exception>
    public AffineMap Apply(PixelBlock image, RandomStream random, Span<float> destination)
    {
        if (destination.Length != Samples * Width * Height)
            throw new ArgumentException(
                $"The input has {Samples * Width * Height} values, the destination {destination.Length}.",
                nameof(destination)
            );
        (AffineMap map, ImageSize size) = ApplySized(image, [], random, destination);
        InputPadding.Apply(destination, [size], Samples, new ImageSize(Width, Height));
        return map;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The destination has no room for the input.</exception>
    public SizedInput ApplySized(PixelBlock image, ImmutableArray<Annotation> annotations, RandomStream random, Span<float> destination) =>
        Apply(image, DetectionDraw.Draw(Options, random), destination);

    internal SizedInput Apply(PixelBlock image, DetectionDraw draw, Span<float> destination)
    {
        var from = new ImageSize(image.Width, image.Height);
        (ImageSize whole, Rectangle window) = WindowOf(from, draw);
        var size = new ImageSize(window.Width, window.Height);
        ImageSize input = draw.Jitter is null ? size : new ImageSize(Width, Height);
        int length = size.Width * size.Height * Samples;
        if (destination.Length < input.Width * input.Height * Samples)
            throw new ArgumentException($"The input has {input} pixels, the destination {destination.Length} values.", nameof(destination));
        byte[] rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Span<byte> pixels = rented.AsSpan(0, length);
            using (var source = new RgbSamples(image))
                Resampler.ResizeWindow(
                    source.Span,
                    new Size(from.Width, from.Height),
                    Samples,
                    pixels,
                    new Size(whole.Width, whole.Height),
                    window,
                    ResizeFilter.PlainBilinear
                );
            AffineMap map = AffineMap.Resize(from, whole);
            if (draw.Crop is not null || draw.Jitter is not null)
                map = map.Then(AffineMap.Crop(window.X, window.Y));
            if (draw.IsFlipped)
            {
                Flip.Horizontal(pixels, size.Width, Samples);
                map = map.Then(AffineMap.FlipHorizontally(size.Width));
            }

            Normalization.Apply(pixels, Samples, _values, destination[..length], Options.IsBgr);
            if (input != size)
                InputPadding.Apply(destination[..(input.Width * input.Height * Samples)], [size], Samples, input);
            return new SizedInput(map, input);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    // A crop is resized in one step with its image: the official code resizes, crops and resizes again.
    private (ImageSize Whole, Rectangle Window) WindowOf(ImageSize image, DetectionDraw draw)
    {
        if (draw.Jitter is { } jitter)
            return jitter.In(image, new ImageSize(Width, Height));
        if (draw.Crop is not { } chance)
        {
            ImageSize all = SizeOf(image, draw);
            return (all, new Rectangle(0, 0, all.Width, all.Height));
        }

        (ImageSize resized, Rectangle crop) = chance.In(image, draw.Longer, Options.CropSides);
        ImageSize size = SizeOf(new(crop.Width, crop.Height), draw);
        (double across, double down) = ((double)size.Width / crop.Width, (double)size.Height / crop.Height);
        var whole = new ImageSize(Math.Max(size.Width, Side(resized.Width * across)), Math.Max(size.Height, Side(resized.Height * down)));
        var window = new Rectangle(
            Math.Min((int)(crop.X * across), whole.Width - size.Width),
            Math.Min((int)(crop.Y * down), whole.Height - size.Height),
            size.Width,
            size.Height
        );
        return (whole, window);
    }

    private ImageSize SizeOf(ImageSize image, DetectionDraw draw)
    {
        ImageSize size = SizeRules.KeepRatio(image, draw.Longer, draw.Shorter);
        if (size.Width <= Width && size.Height <= Height)
            return size;
        double scale = Math.Min((double)Width / image.Width, (double)Height / image.Height);
        return new ImageSize(Side(image.Width * scale), Side(image.Height * scale));
    }

    private static int Side(double side) => Math.Max(1, (int)(side + 0.5));
}
