using System.Buffers;
using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>Copies objects between the inputs of a batch: into each one from the next, as that was before.</summary>
/// <param name="options">The options.</param>
/// <param name="channels">The planes of an input.</param>
/// <param name="input">The size of all inputs.</param>
internal sealed class ObjectPaster(CopyPasteOptions options, int channels, ImageSize input)
{
    private readonly int _length = channels * input.Width * input.Height;

    /// <summary>Checks that batches have another image for each.</summary>
    /// <exception cref="ArgumentException">They do not.</exception>
    public static void CheckCount(int batchSize)
    {
        if (batchSize < 2)
            throw new ArgumentException("Objects are copied between the images of a batch, which needs two or more.", nameof(batchSize));
    }

    /// <summary>Pastes.</summary>
    /// <param name="images">The inputs, written.</param>
    /// <param name="annotations">What is known of each, written.</param>
    /// <param name="sizes">The size of each without what surrounds it.</param>
    /// <param name="random">The random numbers of each.</param>
    public void Apply(
        Span<float> images,
        ImmutableArray<Annotation>[] annotations,
        ReadOnlySpan<ImageSize> sizes,
        Func<int, RandomStream> random
    )
    {
        if (sizes.Length < 2)
            return;
        // The last one takes from the first, which has changed by then.
        float[] first = ArrayPool<float>.Shared.Rent(_length);
        images[.._length].CopyTo(first);
        ImmutableArray<Annotation>[] before = [.. annotations];
        for (int i = 0; i < sizes.Length; i++)
        {
            int next = (i + 1) % sizes.Length;
            ObjectAnnotation[] copies = [.. Draw(before[next], sizes[i], random(i))];
            if (copies.Length == 0)
                continue;
            var cover = RunLengthMask.Union([.. copies.Select(one => one.Object.Mask!)]);
            Copy(next == 0 ? first : images.Slice(next * _length, _length), images.Slice(i * _length, _length), cover);
            annotations[i] = [.. before[i].Select(one => Behind(one, cover)).OfType<Annotation>(), .. copies];
        }

        ArrayPool<float>.Shared.Return(first);
    }

    // What is copied, as it lies in the other image.
    private IEnumerable<ObjectAnnotation> Draw(ImmutableArray<Annotation> from, ImageSize size, RandomStream random)
    {
        if (!random.NextBool(options.Probability))
            yield break;
        foreach (AnnotatedObject one in from.OfType<ObjectAnnotation>().Select(annotation => annotation.Object))
        {
            if (!random.NextBool(options.Share) || one.IsCrowd || one.Mask is not { } mask)
                continue;
            RunLengthMask inside = mask.Size == size ? mask : mask.Apply(AffineMap.Identity, size);
            if (inside.Area > 0)
                yield return Seen(one, inside);
        }
    }

    // What is left of an annotation behind the copies; null where nothing is.
    private static Annotation? Behind(Annotation annotation, RunLengthMask cover)
    {
        if (annotation is not ObjectAnnotation { Object: var one })
            return annotation;
        // Which pixels of a box are the object's is not known, so it stays as long as one is left.
        RunLengthMask whole = one.Mask ?? PixelsOf(one.Box, cover.Size),
            left = whole.Except(cover);
        return left.Area == whole.Area ? annotation
            : left.Area == 0 ? null
            : one.Mask is null ? annotation
            : Seen(one, left);
    }

    private static ObjectAnnotation Seen(AnnotatedObject one, RunLengthMask mask) =>
        new(one with { Box = mask.Bounds, Area = mask.Area, Mask = mask });

    private static RunLengthMask PixelsOf(Box box, ImageSize size)
    {
        Box inside = box.Clip(size);
        (int left, int top) = ((int)Math.Floor(inside.X), (int)Math.Floor(inside.Y));
        var window = new PixelWindow(left, top, (int)Math.Ceiling(inside.Right) - left, (int)Math.Ceiling(inside.Bottom) - top);
        byte[] pixels = new byte[window.Area];
        pixels.AsSpan().Fill(1);
        return RunLengthMask.FromPixels(pixels, window, size);
    }

    private void Copy(ReadOnlySpan<float> from, Span<float> to, RunLengthMask cover)
    {
        PixelWindow window = cover.Window;
        byte[] inside = new byte[cover.Size.Width * cover.Size.Height];
        cover.CopyTo(inside);
        for (int channel = 0; channel < channels; channel++)
        for (int y = window.Top; y < window.Top + window.Height; y++)
        {
            ReadOnlySpan<byte> row = inside.AsSpan(y * cover.Size.Width, cover.Size.Width);
            int start = ((channel * input.Height) + y) * input.Width;
            for (int x = window.Left; x < window.Left + window.Width; x++)
                if (row[x] != 0)
                    to[start + x] = from[start + x];
        }
    }
}
