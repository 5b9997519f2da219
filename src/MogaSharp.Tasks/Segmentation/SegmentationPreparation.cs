using System.Collections.Immutable;
using System.Drawing;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Vision;

namespace MogaSharp.Tasks;

/// <summary>
/// Inputs of segmentation networks: the image resized as the card says, then to sides that are multiples of the card's divisor, as
/// MMSegmentation's pipeline for ADE20K does; at each scale, in windows, mirrored.
/// </summary>
public sealed class SegmentationPreparation : IImagePreparation
{
    private readonly PreprocessCard _card;
    private readonly SegmentationInference _inference;
    private readonly PixelNormalizer _normalizer;

    /// <summary>Makes a preparation.</summary>
    /// <param name="card">The model's preprocessing.</param>
    /// <param name="inference">How images are segmented; <see cref="SegmentationInference.Default"/> when null.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public SegmentationPreparation(PreprocessCard card, SegmentationInference? inference = null)
    {
        (_card, _inference) = (card, inference ?? SegmentationInference.Default);
        _inference.Check();
        _normalizer = new PixelNormalizer(card.ToOptions());
    }

    /// <inheritdoc/>
    public PreparedImage Prepare(RgbImage image, string name)
    {
        var inputs = ImmutableArray.CreateBuilder<Tensor>();
        var views = ImmutableArray.CreateBuilder<SegmentationView>();
        foreach (double scale in _inference.Scales)
        {
            RgbImage resized = Resize(image, scale);
            for (int flip = 0; flip <= (_inference.Flip ? 1 : 0); flip++)
            {
                RgbImage seen = flip == 0 ? resized : resized.Mirrored();
                SegmentationView view = View(seen, flip == 1);
                views.Add(view);
                inputs.AddRange(view.Tops.SelectMany(top => view.Lefts.Select(left => Input(seen, left, top, view.Window))));
            }
        }

        return new PreparedImage(new(image.Width, image.Height), inputs.ToImmutable()) { Detail = views.ToImmutable() };
    }

    private RgbImage Resize(RgbImage image, double scale)
    {
        var limits = new ImageSize(Math.Max(1, (int)(_card.Width * scale)), Math.Max(1, (int)(_card.Height * scale)));
        var own = new ImageSize(image.Width, image.Height);
        ImageSize size =
            _card.Mode == ResizeMode.Squash
                ? limits
                : SizeRules.KeepRatio(own, Math.Max(limits.Width, limits.Height), Math.Min(limits.Width, limits.Height));
        // Two steps, since the official pipeline rounds the pixels after each.
        foreach (ImageSize step in new[] { size, SizeRules.UpToMultiple(size, _card.SizeDivisor) })
            if (step != new ImageSize(image.Width, image.Height))
                image = image.Resize(step.Width, step.Height, _card.Filter);
        return image;
    }

    private SegmentationView View(RgbImage image, bool isMirrored)
    {
        var size = new Size(image.Width, image.Height);
        if (_inference.Window is not { } limits)
            return new(size, size, [0], [0], isMirrored);
        var window = new Size(Math.Min(limits.Width, size.Width), Math.Min(limits.Height, size.Height));
        Size stride = _inference.Stride ?? new Size(Math.Max(1, limits.Width * 2 / 3), Math.Max(1, limits.Height * 2 / 3));
        return new(
            size,
            window,
            Starts(size.Height, window.Height, stride.Height),
            Starts(size.Width, window.Width, stride.Width),
            isMirrored
        );
    }

    // As MMSegmentation's slide_inference: the last window ends with the image.
    private static ImmutableArray<int> Starts(int length, int window, int stride) =>
        [.. Enumerable.Range(0, ((length - window + stride - 1) / stride) + 1).Select(i => Math.Min(i * stride, length - window))];

    private Tensor Input(RgbImage image, int left, int top, Size window)
    {
        if (window != new Size(image.Width, image.Height))
        {
            var part = new RgbImage(window.Width, window.Height, new byte[window.Width * window.Height * 3]);
            for (int y = 0; y < window.Height; y++)
                image.Row(top + y).Slice(left * 3, window.Width * 3).CopyTo(part.Row(y));
            image = part;
        }

        var input = new Tensor(new Shape(1, 3, window.Height, window.Width));
        _normalizer.Write(image, input.Span);
        return input;
    }
}

/// <summary>How the network saw an image once.</summary>
/// <param name="Size">The resized image.</param>
/// <param name="Window">The windows' size; that of the image where it was seen whole.</param>
/// <param name="Tops">The first row of each row of windows.</param>
/// <param name="Lefts">The first column of each column of windows.</param>
/// <param name="IsMirrored">Whether left and right were exchanged.</param>
internal sealed record SegmentationView(Size Size, Size Window, ImmutableArray<int> Tops, ImmutableArray<int> Lefts, bool IsMirrored)
{
    /// <summary>Inputs of the network.</summary>
    public int Count => Tops.Length * Lefts.Length;
}
