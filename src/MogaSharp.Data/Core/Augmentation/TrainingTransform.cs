using System.Buffers;
using System.Collections.Immutable;
using System.Drawing;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Turns a decoded image into the normalized input of a network, with random crop, flips and colors. Mixing and erasing come
/// after it, on the batch: see <see cref="MixPlan"/> and <see cref="RandomErasing"/>. Immutable, safe to use from many threads at
/// once. Works on gray samples alone as long as that gives the same values.
/// </summary>
public sealed class TrainingTransform : IImageTransform
{
    private readonly RandAugment? _randAugment;
    private readonly byte[] _fill;
    private readonly float[] _values;

    /// <summary>Makes a transform.</summary>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="FormatException">The policy of RandAugment cannot be read.</exception>
    public TrainingTransform(AugmentationOptions options)
    {
        options.Check();
        Options = options;
        _randAugment = options.AutoAugment is { } policy ? RandAugment.Parse(policy) : null;
        // Where a geometric operation shows what is outside the image it shows the mean, as whole numbers (timm's img_mean).
        _fill =
        [
            .. Enumerable
                .Range(0, options.Channels)
                .Select(channel =>
                    (byte)
                        Math.Clamp(
                            Math.Round(255 * Decimal(options.Mean, options.IsBgr ? options.Channels - 1 - channel : channel)),
                            0,
                            255
                        )
                ),
        ];
        _values = Normalization.Table(options.Mean, options.StandardDeviation, options.Channels);
    }

    /// <summary>The options.</summary>
    public AugmentationOptions Options { get; }

    /// <inheritdoc/>
    public MixOptions? Mixing => Options.Mixing;

    /// <inheritdoc/>
    public ErasingOptions? Erasing => Options.Erasing;

    /// <inheritdoc/>
    public int Channels => Options.Channels;

    /// <inheritdoc/>
    public int Width => Options.Width;

    /// <inheritdoc/>
    public int Height => Options.Height;

    /// <summary>The number of values of one input: channels * height * width.</summary>
    public int InputLength => checked(Options.Channels * Options.Height * Options.Width);

    /// <summary>Writes the augmented input of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="random">The random numbers of the image.</param>
    /// <param name="destination">channels x height x width values, written.</param>
    /// <returns>Where the points of the image lie in the input.</returns>
    /// <exception cref="ArgumentException">The destination has another length than <see cref="InputLength"/>.</exception>
    public AffineMap Apply(RgbImage image, RandomStream random, Span<float> destination) =>
        Apply(PixelBlock.Of(image), random, destination);

    /// <summary>Writes the augmented input of an image.</summary>
    /// <param name="image">The pixels.</param>
    /// <param name="random">The random numbers of the image.</param>
    /// <param name="destination">channels x height x width values, written.</param>
    /// <returns>Where the points of the image lie in the input.</returns>
    /// <exception cref="ArgumentException">The destination has another length than <see cref="InputLength"/>.</exception>
    public AffineMap Apply(PixelBlock image, RandomStream random, Span<float> destination)
    {
        if (destination.Length != InputLength)
            throw new ArgumentException($"the input has {InputLength} values, the destination {destination.Length}", nameof(destination));
        // The gray of an image is taken first, as PIL's convert('L') before all transforms; a gray image becomes RGB only where
        // the fill would color it.
        bool isGray =
            Options.Channels == 1 || (image.Layout == PixelLayout.Gray && (_randAugment is null || _fill.All(level => level == _fill[0])));
        int channels = isGray ? 1 : 3,
            length = Options.Width * Options.Height * channels;
        byte[] pixels = ArrayPool<byte>.Shared.Rent(length * 2);
        try
        {
            var buffer = new AugmentBuffer(
                pixels.AsSpan(0, length),
                pixels.AsSpan(length, length),
                Options.Width,
                Options.Height,
                channels
            );
            AffineMap map = Crop(image, random, ref buffer);
            if (random.NextBool(Options.HorizontalFlip))
            {
                Flip.Horizontal(buffer.Pixels, buffer.Width, channels);
                map = map.Then(AffineMap.FlipHorizontally(buffer.Width));
            }

            if (random.NextBool(Options.VerticalFlip))
            {
                Flip.Vertical(buffer.Pixels, buffer.Width, channels);
                map = map.Then(AffineMap.FlipVertically(buffer.Height));
            }

            if (Options.MaxShift > 0)
                map = map.Then(Shift(random, ref buffer));
            if (_randAugment is not null)
                map = map.Then(Augment(random, ref buffer));
            else if (!Options.ColorJitter.IsNone)
                Jitter(random, ref buffer);
            Normalization.Apply(buffer.Pixels, channels, _values, destination, Options.IsBgr);
            return map;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(pixels);
        }
    }

    private AffineMap Crop(PixelBlock image, RandomStream random, ref AugmentBuffer buffer)
    {
        Rectangle window =
            Options.Crop == TrainingCrop.RandomResized
                ? RandomCrop.Draw(random, image.Width, image.Height, Options)
                : new Rectangle(0, 0, image.Width, image.Height);
        ResizeFilter filter = Options.Interpolation ?? random.NextFilter();
        int length = checked(window.Width * window.Height * buffer.Channels);
        byte[] cut = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            for (int y = 0; y < window.Height; y++)
                image.CopyRow(
                    window.Top + y,
                    window.Left,
                    cut.AsSpan(y * window.Width * buffer.Channels, window.Width * buffer.Channels),
                    buffer.Channels
                );
            Resampler.Resize(
                cut.AsSpan(0, length),
                window.Width,
                window.Height,
                buffer.Channels,
                buffer.Pixels,
                buffer.Width,
                buffer.Height,
                filter
            );
            return AffineMap
                .Crop(window.Left, window.Top)
                .Then(AffineMap.Resize(new(window.Width, window.Height), new(buffer.Width, buffer.Height)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(cut);
        }
    }

    private AffineMap Shift(RandomStream random, ref AugmentBuffer buffer)
    {
        int right = random.NextInt((2 * Options.MaxShift) + 1) - Options.MaxShift,
            down = random.NextInt((2 * Options.MaxShift) + 1) - Options.MaxShift;
        int columns = Math.Max(0, buffer.Width - Math.Abs(right)),
            row = buffer.Width * buffer.Channels;
        buffer.Spare.Clear();
        for (int y = Math.Max(0, down); y < Math.Min(buffer.Height, buffer.Height + down); y++)
        {
            ReadOnlySpan<byte> from = buffer.Pixels.Slice((y - down) * row, row);
            Span<byte> to = buffer.Spare.Slice(y * row, row);
            if (columns > 0)
                from.Slice(Math.Max(0, -right) * buffer.Channels, columns * buffer.Channels)
                    .CopyTo(to[(Math.Max(0, right) * buffer.Channels)..]);
        }
        buffer.Exchange();
        return AffineMap.Translation(right, down);
    }

    private AffineMap Augment(RandomStream random, ref AugmentBuffer buffer)
    {
        DrawnOperation[] drawn = ArrayPool<DrawnOperation>.Shared.Rent(_randAugment!.Layers);
        int count = _randAugment.Draw(random, Options.Interpolation, drawn);
        AffineMap map = AffineMap.Identity;
        foreach (ref readonly DrawnOperation operation in drawn.AsSpan(0, count))
            map = map.Then(AugmentOperations.Apply(operation, ref buffer, _fill.AsSpan(0, buffer.Channels)));
        ArrayPool<DrawnOperation>.Shared.Return(drawn);
        return map;
    }

    // torchvision's ColorJitter: the factors, then the operations in random order. Without hue nothing is drawn for it.
    private void Jitter(RandomStream random, ref AugmentBuffer buffer)
    {
        JitterStrength strength = Options.ColorJitter;
        Span<double> factors =
        [
            Factor(strength.Brightness),
            Factor(strength.Contrast),
            Factor(strength.Saturation),
            strength.Hue > 0 ? random.NextDouble(-strength.Hue, strength.Hue) : 0,
        ];
        Span<int> order = [0, 1, 2, 3];
        if (strength.Hue == 0)
            order = order[..3];
        random.Shuffle(order);
        foreach (int operation in order)
        {
            switch (operation)
            {
                case 0:
                    Enhancement.Brightness(buffer.Pixels, factors[0]);
                    break;
                case 1:
                    Enhancement.Contrast(buffer.Pixels, buffer.Channels, factors[1]);
                    break;
                case 2:
                    Enhancement.Color(buffer.Pixels, buffer.Channels, factors[2]);
                    break;
                default:
                    HueShift.Apply(buffer.Pixels, buffer.Channels, factors[3]);
                    break;
            }
        }

        double Factor(double value) => random.NextDouble(Math.Max(0, 1 - value), 1 + value);
    }

    // The number as it was written, so that 255 times it rounds as in Python.
    private static double Decimal(ImmutableArray<float> values, int channel) => (double)(decimal)values[values.Length == 1 ? 0 : channel];
}
