using System.Buffers;
using System.Collections.Immutable;
using System.Drawing;

namespace MogaSharp.Data;

/// <summary>How one image is mixed with its partner.</summary>
/// <param name="Partner">The index of the other image in the batch.</param>
/// <param name="Weight">The part of the image's own label, 0..1; with mixup also that of its values. 1 leaves it as it is.</param>
/// <param name="Box">CutMix: the pixels that come from the partner; null for mixup.</param>
public readonly record struct Mix(int Partner, float Weight, Rectangle? Box);

/// <summary>
/// What mixup and CutMix do with a batch: drawn once, then applied to the values, here or by any tensor library, and to the
/// labels. The source is <c>timm/data/mixup.py</c> of version 0.6.13 (<c>Mixup</c>), after Zhang et al., "mixup" (2017), and
/// Yun et al., "CutMix" (2019).
/// </summary>
public sealed class MixPlan
{
    internal MixPlan(ImmutableArray<Mix> images) => Images = images;

    /// <summary>One entry for each image of the batch.</summary>
    public ImmutableArray<Mix> Images { get; }

    /// <summary>Draws a plan.</summary>
    /// <param name="options">The options.</param>
    /// <param name="random">The random numbers of the batch.</param>
    /// <param name="count">The images of the batch; an even number, as in timm.</param>
    /// <param name="width">The width of the images in pixels.</param>
    /// <param name="height">The height of the images in pixels.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the number of images is odd.</exception>
    public static MixPlan Draw(MixOptions options, RandomStream random, int count, int width, int height)
    {
        options.Check();
        CheckCount(count);
        var images = new Mix[count];
        int draws = options.Mode switch
        {
            MixMode.Batch => 1,
            MixMode.Pair => count / 2,
            _ => count,
        };
        for (int i = 0; i < draws; i++)
        {
            (float weight, Rectangle? box) = DrawOne(options, random, width, height);
            images[i] = new Mix(count - 1 - i, weight, box);
            if (options.Mode == MixMode.Pair)
                images[count - 1 - i] = new Mix(i, weight, box);
        }
        for (int i = draws; options.Mode == MixMode.Batch && i < count; i++)
            images[i] = images[0] with { Partner = count - 1 - i };
        return new MixPlan([.. images]);
    }

    /// <summary>Mixes the values of a batch in place.</summary>
    /// <param name="batch">count x channels x height x width values.</param>
    /// <param name="channels">The planes of an image.</param>
    /// <param name="width">The width of the images in pixels.</param>
    /// <param name="height">The height of the images in pixels.</param>
    /// <exception cref="ArgumentException">The batch has another size than the plan.</exception>
    public void Apply(Span<float> batch, int channels, int width, int height)
    {
        int length = channels * width * height;
        if (batch.Length != (long)length * Images.Length)
            throw new ArgumentException($"{Images.Length} images of {length} values are not {batch.Length} values", nameof(batch));
        float[] originals = ArrayPool<float>.Shared.Rent(length * 2);
        Span<float> first = originals.AsSpan(0, length),
            second = originals.AsSpan(length, length);
        // Partners are mirror images of each other, so both of a pair are done before either's values are needed again.
        for (int i = 0; i < (Images.Length + 1) / 2; i++)
        {
            int j = Images[i].Partner;
            batch.Slice(i * length, length).CopyTo(first);
            batch.Slice(j * length, length).CopyTo(second);
            Apply(Images[i], batch.Slice(i * length, length), second, width, height);
            if (j != i)
                Apply(Images[j], batch.Slice(j * length, length), first, width, height);
        }
        ArrayPool<float>.Shared.Return(originals);
    }

    /// <summary>Writes the targets of a batch: the smoothed labels, each shared with the partner's by the weight.</summary>
    /// <param name="labels">The label of each image.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="smoothing">The part of the target that is spread evenly over all classes, 0..1.</param>
    /// <param name="targets">count x classes values, written; each row adds up to 1.</param>
    /// <exception cref="ArgumentException">A span has a wrong length, or a label is not a class.</exception>
    public void WriteTargets(ReadOnlySpan<int> labels, int classes, double smoothing, Span<float> targets)
    {
        if (labels.Length != Images.Length)
            throw new ArgumentException($"{labels.Length} labels for {Images.Length} images", nameof(labels));
        SoftTargets.CheckAndFill(labels, classes, smoothing, targets);
        float on = (float)(1 - smoothing);
        for (int i = 0; i < labels.Length; i++)
        {
            Mix mix = Images[i];
            targets[(i * classes) + labels[i]] += on * mix.Weight;
            targets[(i * classes) + labels[mix.Partner]] += on * (1 - mix.Weight);
        }
    }

    internal static void CheckCount(int count)
    {
        if (count < 2 || count % 2 != 0)
            throw new ArgumentException($"mixing needs batches of an even number of images, not {count}", nameof(count));
    }

    private static (float Weight, Rectangle? Box) DrawOne(MixOptions options, RandomStream random, int width, int height)
    {
        if (!random.NextBool(options.Probability))
            return (1, null);
        bool cuts = options.MixupAlpha == 0 || (options.EffectiveCutMixAlpha > 0 && random.NextBool(options.SwitchProbability));
        double weight = random.NextBeta(cuts ? options.EffectiveCutMixAlpha : options.MixupAlpha);
        if (!cuts)
            return ((float)weight, null);
        Rectangle box = options.CutMixSides is { } sides
            ? BoxOfSides(random, width, height, sides.Least, sides.Most)
            : BoxOfWeight(random, width, height, weight);
        bool isCorrected = options.CorrectsWeight || options.CutMixSides is not null;
        return (isCorrected ? Corrected(box, width, height) : (float)weight, box);
    }

    internal static float Corrected(Rectangle box, int width, int height) =>
        (float)(1 - ((double)box.Width * box.Height / ((double)width * height)));

    /// <summary>A box of the image's proportions and 1 - weight of its area, about a point of the image, cut off at the border.</summary>
    internal static Rectangle BoxOfWeight(RandomStream random, int width, int height, double weight)
    {
        double ratio = Math.Sqrt(1 - weight);
        int halfRows = (int)(height * ratio) / 2,
            halfColumns = (int)(width * ratio) / 2;
        int y = random.NextInt(height),
            x = random.NextInt(width);
        return Rectangle.FromLTRB(
            Math.Max(x - halfColumns, 0),
            Math.Max(y - halfRows, 0),
            Math.Min(x + halfColumns, width),
            Math.Min(y + halfRows, height)
        );
    }

    private static Rectangle BoxOfSides(RandomStream random, int width, int height, double least, double most)
    {
        int rows = Side(height),
            columns = Side(width);
        int top = random.NextInt(height - rows),
            left = random.NextInt(width - columns);
        return new Rectangle(left, top, columns, rows);

        // The upper end is excluded, as in numpy's randint; where the two ends fall together timm fails.
        int Side(int extent) => (int)(extent * least) + random.NextInt(Math.Max(1, (int)(extent * most) - (int)(extent * least)));
    }

    private static void Apply(Mix mix, Span<float> image, ReadOnlySpan<float> partner, int width, int height)
    {
        if (mix.Box is not { } box)
        {
            if (mix.Weight == 1)
                return;
            float other = 1 - mix.Weight;
            for (int i = 0; i < image.Length; i++)
                image[i] = (image[i] * mix.Weight) + (partner[i] * other);
            return;
        }
        for (int plane = 0; plane < image.Length; plane += width * height)
        {
            for (int y = box.Top; y < box.Bottom; y++)
            {
                int start = plane + (y * width) + box.Left;
                partner.Slice(start, box.Width).CopyTo(image.Slice(start, box.Width));
            }
        }
    }
}
