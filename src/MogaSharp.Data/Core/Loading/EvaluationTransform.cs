using System.Buffers;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>The transform of evaluation: <see cref="Preprocessor"/>, with three planes or one. Nothing about it is random.</summary>
public sealed class EvaluationTransform : IImageTransform
{
    private readonly Preprocessor _preprocessor;

    /// <summary>Makes a transform.</summary>
    /// <param name="options">How images become inputs.</param>
    /// <param name="channels">3, or 1: then colors become gray, and mean and standard deviation must be one number each.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public EvaluationTransform(PreprocessOptions options, int channels = 3)
    {
        if (channels is not (1 or 3))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "1 or 3");
        _preprocessor = new Preprocessor(options);
        if (channels == 1 && (options.Mean.Length != 1 || options.StandardDeviation.Length != 1))
            throw new ArgumentException("one channel needs one mean and one standard deviation", nameof(options));
        Channels = channels;
    }

    /// <inheritdoc/>
    public int Channels { get; }

    /// <inheritdoc/>
    public int Width => _preprocessor.Options.Width;

    /// <inheritdoc/>
    public int Height => _preprocessor.Options.Height;

    /// <inheritdoc/>
    public AffineMap Apply(PixelBlock image, RandomStream random, Span<float> destination)
    {
        if (Channels == 3)
        {
            _preprocessor.Process(image.Pixels.Span, image.Width, image.Height, image.Layout, 0, destination);
            return _preprocessor.MapOf(image.Width, image.Height);
        }
        int pixels = checked(image.Width * image.Height);
        byte[] gray = ArrayPool<byte>.Shared.Rent(pixels);
        float[] planes = ArrayPool<float>.Shared.Rent(_preprocessor.InputLength);
        try
        {
            for (int y = 0; y < image.Height; y++)
                image.CopyRow(y, 0, gray.AsSpan(y * image.Width, image.Width), 1);
            _preprocessor.Process(
                gray.AsSpan(0, pixels),
                image.Width,
                image.Height,
                PixelLayout.Gray,
                0,
                planes.AsSpan(0, _preprocessor.InputLength)
            );
            planes.AsSpan(0, _preprocessor.InputLength / 3).CopyTo(destination);
            return _preprocessor.MapOf(image.Width, image.Height);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(gray);
            ArrayPool<float>.Shared.Return(planes);
        }
    }
}
