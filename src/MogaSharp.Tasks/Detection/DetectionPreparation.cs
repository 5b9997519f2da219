using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Vision;

namespace MogaSharp.Tasks;

/// <summary>Inputs of detectors: the image fitted into the card's size, then zeros to the right and below up to multiples of the card's
/// divisor, as MMDetection's pipeline does.</summary>
public sealed class DetectionPreparation : IImagePreparation
{
    private readonly PreprocessCard _card;
    private readonly ImageSize _limits;
    private readonly PixelNormalizer _normalizer;

    /// <summary>Makes a preparation.</summary>
    /// <param name="card">The model's preprocessing.</param>
    /// <param name="inference">How things are found; <see cref="DetectionInference.Default"/> when null.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public DetectionPreparation(PreprocessCard card, DetectionInference? inference = null)
    {
        inference ??= DetectionInference.Default;
        inference.Check();
        _card = card;
        _limits = inference.Size ?? new ImageSize(card.Width, card.Height);
        _normalizer = new PixelNormalizer(card.ToOptions());
    }

    /// <inheritdoc/>
    public PreparedImage Prepare(RgbImage image, string name)
    {
        var own = new ImageSize(image.Width, image.Height);
        ImageSize size = SizeRules.KeepRatio(own, Math.Max(_limits.Width, _limits.Height), Math.Min(_limits.Width, _limits.Height)),
            padded = SizeRules.UpToMultiple(size, _card.SizeDivisor);
        RgbImage resized = size == own ? image : image.Resize(size.Width, size.Height, _card.Filter);
        var input = new Tensor(new Shape(1, 3, padded.Height, padded.Width));
        if (padded == size)
        {
            _normalizer.Write(resized, input.Span);
        }
        else
        {
            float[] planes = new float[3 * size.Width * size.Height];
            _normalizer.Write(resized, planes);
            for (int row = 0; row < 3 * size.Height; row++)
            {
                (int plane, int y) = Math.DivRem(row, size.Height);
                planes.AsSpan(row * size.Width, size.Width).CopyTo(input.Span[(((plane * padded.Height) + y) * padded.Width)..]);
            }
        }

        return new PreparedImage(new(image.Width, image.Height), [input]) { Detail = new DetectionView(size) };
    }
}

/// <summary>How a detector saw an image.</summary>
/// <param name="Size">The resized image, without what was added.</param>
public sealed record DetectionView(ImageSize Size);
