using System.Buffers;
using System.Collections.Immutable;
using System.Drawing;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>What chance decides about an image and its objects.</summary>
/// <param name="Longer">The limit of the longer side.</param>
/// <param name="Shorter">The limit of the shorter side.</param>
/// <param name="IsFlipped">Whether left and right are exchanged.</param>
internal sealed record DetectionDraw(int Longer, int Shorter, bool IsFlipped)
{
    public static DetectionDraw Draw(DetectionTransformOptions options, RandomStream random)
    {
        (int longer, int shorter) = options.Choice switch
        {
            ScaleChoice.Between => (Between(options.Scales.Select(Longest), random), Between(options.Scales.Select(Shortest), random)),
            _ => OneOf(options.Scales, random),
        };
        return new DetectionDraw(longer, shorter, random.NextBool(options.Flip));
    }

    private static (int Longer, int Shorter) OneOf(ImmutableArray<Size> scales, RandomStream random)
    {
        Size scale = scales[random.NextInt(scales.Length)];
        return (Longest(scale), Shortest(scale));
    }

    private static int Between(IEnumerable<int> limits, RandomStream random)
    {
        (int least, int most) = (limits.Min(), limits.Max());
        return least + random.NextInt(most - least + 1);
    }

    private static int Longest(Size scale) => Math.Max(scale.Width, scale.Height);

    private static int Shortest(Size scale) => Math.Min(scale.Width, scale.Height);
}

/// <summary>
/// Makes training inputs for object detection: one of several sizes, mirrored or not, with zeros after normalization to the right and
/// below. Pixels are resized with OpenCV's results. Immutable, safe to use from many threads at once.
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
        ImageSize size = SizeOf(from, draw);
        int length = size.Width * size.Height * Samples;
        if (destination.Length < length)
            throw new ArgumentException($"The input has {length} values, the destination {destination.Length}.", nameof(destination));
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
                    new Size(size.Width, size.Height),
                    new Rectangle(0, 0, size.Width, size.Height),
                    ResizeFilter.PlainBilinear
                );
            AffineMap map = AffineMap.Resize(from, size);
            if (draw.IsFlipped)
            {
                Flip.Horizontal(pixels, size.Width, Samples);
                map = map.Then(AffineMap.FlipHorizontally(size.Width));
            }

            Normalization.Apply(pixels, Samples, _values, destination[..length], Options.IsBgr);
            return new SizedInput(map, size);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
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
