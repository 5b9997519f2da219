using System.Buffers;
using System.Collections.Immutable;
using System.Drawing;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>What chance decides about an image and its label map.</summary>
/// <param name="Ratio">The ratio to the scale of the options.</param>
/// <param name="Places">Where crops would begin, as parts of the room that there is; the first one in which no class has too large a share
/// is taken, else the last one.</param>
/// <param name="IsFlipped">Whether left and right are exchanged.</param>
/// <param name="Colors">What is done with the colors; null for nothing.</param>
internal sealed record SegmentationDraw(
    double Ratio,
    ImmutableArray<(double X, double Y)> Places,
    bool IsFlipped,
    PhotometricDistortion? Colors
)
{
    // The official code looks at ten places, and takes an eleventh unseen.
    private const int PlaceCount = 11;

    public static SegmentationDraw Draw(SegmentationTransformOptions options, RandomStream random)
    {
        double ratio = random.NextDouble(options.MinRatio, options.MaxRatio);
        var places = new (double X, double Y)[options.MaxClassShare < 1 ? PlaceCount : 1];
        foreach (ref (double X, double Y) place in places.AsSpan())
            place = (random.NextDouble(), random.NextDouble());
        return new SegmentationDraw(
            ratio,
            [.. places],
            random.NextBool(options.Flip),
            options.Photometric is { } colors ? PhotometricDistortion.Draw(colors, random) : null
        );
    }
}

/// <summary>
/// Makes training inputs for semantic segmentation of images and their label maps: random size, crop, flip and colors; what the image does
/// not reach is 0 after normalization and <see cref="LabelMap.Ignored"/> in the label map. Pixels are resized with OpenCV's results. Label
/// maps are moved by the same map and take the label at the center of each pixel, where the official code takes that at its upper left
/// corner. Immutable, safe to use from many threads at once.
/// </summary>
public sealed class SegmentationTransform : IImageTransform
{
    private const int Samples = 3;

    private readonly float[] _values;

    /// <summary>Makes a transform.</summary>
    /// <param name="options">The options; the official ones when null.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public SegmentationTransform(SegmentationTransformOptions? options = null)
    {
        Options = options ?? new SegmentationTransformOptions();
        Options.Check();
        _values = Normalization.Table(Options.Mean, Options.StandardDeviation, Samples);
    }

    /// <summary>The options.</summary>
    public SegmentationTransformOptions Options { get; }

    /// <inheritdoc/>
    public int Channels => Samples;

    /// <inheritdoc/>
    public int Width => Options.Width;

    /// <inheritdoc/>
    public int Height => Options.Height;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The destination has another length than an input.</exception>
    public AffineMap Apply(PixelBlock image, RandomStream random, Span<float> destination) => Apply(image, [], random, destination);

    /// <inheritdoc/>
    /// <remarks>The first <see cref="LabelMap"/> decides where the crop may be; without one the first place is taken.</remarks>
    /// <exception cref="ArgumentException">The destination has another length than an input.</exception>
    public AffineMap Apply(PixelBlock image, ImmutableArray<Annotation> annotations, RandomStream random, Span<float> destination) =>
        Apply(image, annotations.OfType<LabelMap>().FirstOrDefault(), SegmentationDraw.Draw(Options, random), destination);

    internal AffineMap Apply(PixelBlock image, LabelMap? labels, SegmentationDraw draw, Span<float> destination)
    {
        if (destination.Length != Samples * Width * Height)
            throw new ArgumentException(
                $"The input has {Samples * Width * Height} values, the destination {destination.Length}.",
                nameof(destination)
            );
        Size resized = SizeOf(image, draw.Ratio);
        AffineMap resize = AffineMap.Resize(new(image.Width, image.Height), new(resized.Width, resized.Height));
        Rectangle crop = Crop(resized, resize, labels, draw.Places);
        int length = crop.Width * crop.Height * Samples;
        byte[] rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Span<byte> pixels = rented.AsSpan(0, length);
            Resize(image, resized, crop, pixels);
            AffineMap map = resize.Then(AffineMap.Crop(crop.X, crop.Y));
            if (draw.IsFlipped)
            {
                Flip.Horizontal(pixels, crop.Width, Samples);
                map = map.Then(AffineMap.FlipHorizontally(crop.Width));
            }

            draw.Colors?.Apply(pixels);
            Normalize(pixels, crop.Size, destination);
            return map;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    // Fractions are cut off, as in the official code; a side of no pixels is not wanted.
    private Size SizeOf(PixelBlock image, double ratio)
    {
        int width = Math.Max(1, (int)(Options.Scale.Width * ratio)),
            height = Math.Max(1, (int)(Options.Scale.Height * ratio));
        ImageSize size = SizeRules.KeepRatio(new(image.Width, image.Height), Math.Max(width, height), Math.Min(width, height));
        return new Size(size.Width, size.Height);
    }

    private Rectangle Crop(Size resized, in AffineMap resize, LabelMap? labels, ImmutableArray<(double X, double Y)> places)
    {
        var size = new Size(Math.Min(Width, resized.Width), Math.Min(Height, resized.Height));
        Rectangle crop = default;
        for (int i = 0; i < places.Length; i++)
        {
            crop = new Rectangle(
                new Point((int)(places[i].X * (resized.Width - size.Width + 1)), (int)(places[i].Y * (resized.Height - size.Height + 1))),
                size
            );
            bool isLast = i == places.Length - 1;
            if (isLast || labels is null)
                break;
            LabelMap shown = labels.Apply(resize.Then(AffineMap.Crop(crop.X, crop.Y)), new ImageSize(size.Width, size.Height));
            if (IsMixed(shown.Histogram()))
                break;
        }

        return crop;
    }

    // Several classes, and none with too large a share of what is labeled.
    private bool IsMixed(ReadOnlySpan<int> counts)
    {
        int classes = 0,
            most = 0,
            sum = 0;
        foreach (int count in counts[..LabelMap.Ignored])
        {
            classes += count > 0 ? 1 : 0;
            most = Math.Max(most, count);
            sum += count;
        }

        return classes > 1 && most < Options.MaxClassShare * sum;
    }

    private static void Resize(PixelBlock image, Size resized, Rectangle crop, Span<byte> pixels)
    {
        using var source = new RgbSamples(image);
        var size = new Size(image.Width, image.Height);
        Resampler.ResizeWindow(source.Span, size, Samples, pixels, resized, crop, ResizeFilter.PlainBilinear);
    }

    private void Normalize(ReadOnlySpan<byte> pixels, Size size, Span<float> destination)
    {
        destination.Clear();
        int plane = Width * Height;
        for (int channel = 0; channel < Samples; channel++)
        {
            ReadOnlySpan<float> values = _values.AsSpan(channel * 256, 256);
            int sample = Options.IsBgr ? Samples - 1 - channel : channel;
            for (int y = 0; y < size.Height; y++)
            {
                Span<float> row = destination.Slice((channel * plane) + (y * Width), size.Width);
                ReadOnlySpan<byte> from = pixels.Slice(y * size.Width * Samples, size.Width * Samples);
                for (int x = 0; x < row.Length; x++)
                    row[x] = values[from[(x * Samples) + sample]];
            }
        }
    }
}
