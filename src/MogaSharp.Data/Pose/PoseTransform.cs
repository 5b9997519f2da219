using System.Buffers;
using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>What chance decides about a person.</summary>
/// <param name="ShiftX">How far the region is moved to the right, in units of its width.</param>
/// <param name="ShiftY">How far it is moved down, in units of its height.</param>
/// <param name="IsFlipped">Whether left and right are exchanged.</param>
/// <param name="IsHalfBody">Whether only a half of the body is cut out, if it has enough joints.</param>
/// <param name="PrefersUpper">Whether that is rather the upper half.</param>
/// <param name="Scale">The factor of the region's size.</param>
/// <param name="Degrees">How far the region is turned.</param>
internal sealed record PoseDraw(
    double ShiftX,
    double ShiftY,
    bool IsFlipped,
    bool IsHalfBody,
    bool PrefersUpper,
    double Scale,
    double Degrees
)
{
    public static PoseDraw Draw(PoseTransformOptions options, RandomStream random)
    {
        bool isShifted = random.NextBool(options.ShiftProbability);
        double shift = isShifted ? options.Shift : 0;
        return new PoseDraw(
            shift * random.NextDouble(-1, 1),
            shift * random.NextDouble(-1, 1),
            random.NextBool(options.Flip),
            random.NextBool(options.HalfBodyProbability),
            // The official code compares a number of the normal distribution, not an even one.
            random.NextGaussian() < 0.5,
            1 + Math.Clamp(random.NextGaussian() * options.Scale, -options.Scale, options.Scale),
            Math.Clamp(random.NextGaussian() * options.Rotation, -2 * options.Rotation, 2 * options.Rotation)
                * (random.NextBool(options.RotationProbability) ? 1 : 0)
        );
    }
}

/// <summary>
/// Makes training inputs for top-down pose estimation: cuts one person out of the image, at a random place, size and angle, mirrored or
/// not, whole or a half. Pixels and places are those of the official code for the same draws. In the maps that it gives whole numbers are
/// the centers of pixels, unlike elsewhere, as <see cref="PoseRegion.ToInput"/> has it. Immutable, safe to use from many threads at once.
/// </summary>
public sealed class PoseTransform : IImageTransform
{
    private const int Samples = 3;
    private const float PixelsOfScale = 200;
    private const float HalfBodyPadding = 1.5f;

    private readonly float[] _values;

    /// <summary>Makes a transform.</summary>
    /// <param name="options">The options; the official ones when null.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public PoseTransform(PoseTransformOptions? options = null)
    {
        Options = options ?? new PoseTransformOptions();
        Options.Check();
        _values = Normalization.Table(Options.Mean, Options.StandardDeviation, Samples);
    }

    /// <summary>The options.</summary>
    public PoseTransformOptions Options { get; }

    /// <inheritdoc/>
    public int Channels => Samples;

    /// <inheritdoc/>
    public int Width => Options.Width;

    /// <inheritdoc/>
    public int Height => Options.Height;

    /// <inheritdoc/>
    /// <remarks>The whole image is the person.</remarks>
    /// <exception cref="ArgumentException">The destination has another length than an input.</exception>
    public AffineMap Apply(PixelBlock image, RandomStream random, Span<float> destination) => Apply(image, [], random, destination);

    /// <inheritdoc/>
    /// <remarks>The first <see cref="PersonAnnotation"/> is the person; without one it is the whole image.</remarks>
    /// <exception cref="ArgumentException">The destination has another length than an input, or the person's box is empty.</exception>
    public AffineMap Apply(PixelBlock image, ImmutableArray<Annotation> annotations, RandomStream random, Span<float> destination)
    {
        AnnotatedPerson person =
            annotations.OfType<PersonAnnotation>().FirstOrDefault()?.Person
            ?? new AnnotatedPerson(new Box(0, 0, image.Width, image.Height), 0, []);
        return Apply(image, person, PoseDraw.Draw(Options, random), destination);
    }

    internal AffineMap Apply(PixelBlock image, AnnotatedPerson person, PoseDraw draw, Span<float> destination)
    {
        var size = new ImageSize(Width, Height);
        if (destination.Length != Samples * Width * Height)
            throw new ArgumentException(
                $"The input has {Samples * Width * Height} values, the destination {destination.Length}.",
                nameof(destination)
            );
        AffineMap toInput = Region(image.Width, person, draw).ToInput(size, draw.Degrees);
        int length = Width * Height * Samples;
        byte[] rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Span<byte> pixels = rented.AsSpan(0, length);
            using (var source = new RgbSamples(image, draw.IsFlipped))
                AffineWarp.Apply(source.Span, new ImageSize(image.Width, image.Height), pixels, size, toInput);
            Normalization.Apply(pixels, Samples, _values, destination, Options.IsBgr);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return draw.IsFlipped ? Mirror(image.Width).Then(toInput) : toInput;
    }

    // The centers of the first and the last pixel change places.
    private static AffineMap Mirror(int width) => AffineMap.FlipHorizontally(width - 1);

    // In the image that was mirrored, where it is.
    private PoseRegion Region(int imageWidth, AnnotatedPerson person, PoseDraw draw)
    {
        PoseRegion region = PoseRegion.FromBox(person.Box, new ImageSize(Width, Height), Options.Padding);
        region = region with
        {
            CenterX = (float)(region.CenterX + (draw.ShiftX * region.ScaleX * PixelsOfScale)),
            CenterY = (float)(region.CenterY + (draw.ShiftY * region.ScaleY * PixelsOfScale)),
        };
        if (draw.IsFlipped)
            region = region with { CenterX = imageWidth - region.CenterX - 1 };
        if (draw.IsHalfBody && HalfBody(imageWidth, person, draw) is { } half)
            region = half;
        float scale = (float)draw.Scale;
        return region with { ScaleX = region.ScaleX * scale, ScaleY = region.ScaleY * scale };
    }

    private PoseRegion? HalfBody(int imageWidth, AnnotatedPerson person, PoseDraw draw)
    {
        ImmutableArray<KeyPoint> points = person.Points;
        List<(float X, float Y)> upper = [],
            lower = [];
        for (int i = 0; i < points.Length; i++)
        {
            if (points[i].Visibility == KeyPointVisibility.Unlabeled)
                continue;
            // The halves have the joints of both sides, so that mirroring changes no name.
            double x = draw.IsFlipped ? imageWidth - 1 - points[i].X : points[i].X;
            (Options.UpperBody.Contains(i) ? upper : lower).Add(((float)x, (float)points[i].Y));
        }

        if (upper.Count + lower.Count <= Options.HalfBodyJoints)
            return null;
        List<(float X, float Y)> chosen =
            draw.PrefersUpper && upper.Count > 2 ? upper
            : lower.Count > 2 ? lower
            : upper;
        if (chosen.Count < 2)
            return null;
        float width = chosen.Max(point => point.X) - chosen.Min(point => point.X),
            height = chosen.Max(point => point.Y) - chosen.Min(point => point.Y);
        double aspect = (double)Width / Height,
            wide = Math.Max(width, height * aspect),
            high = Math.Max(height, width / aspect);
        return wide > 0
            ? new PoseRegion(
                Mean(chosen.Select(point => point.X)),
                Mean(chosen.Select(point => point.Y)),
                (float)(wide / PixelsOfScale) * HalfBodyPadding,
                (float)(high / PixelsOfScale) * HalfBodyPadding
            )
            : null;
    }

    // Summed up in single precision, one after the other, as the official code has it.
    private static float Mean(IEnumerable<float> values)
    {
        float sum = 0;
        int count = 0;
        foreach (float value in values)
        {
            sum += value;
            count++;
        }

        return sum / count;
    }
}
