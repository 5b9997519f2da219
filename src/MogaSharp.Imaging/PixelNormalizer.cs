namespace MogaSharp.Imaging;

/// <summary>Turns pixels of images of any size into network inputs: divide by 255, subtract the mean, divide by the standard deviation.
/// Immutable, safe to use from many threads at once.</summary>
public sealed class PixelNormalizer
{
    private readonly float[] _values;
    private readonly bool _isBgr;

    /// <summary>Makes a normalizer.</summary>
    /// <param name="options">Mean, standard deviation and the order of the planes; nothing else counts.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public PixelNormalizer(PreprocessOptions options)
    {
        options.Check();
        _values = Normalization.Table(options.Mean, options.StandardDeviation, channels: 3);
        _isBgr = options.IsBgr;
    }

    /// <summary>Writes the planes of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="planes">3 x height x width values, written.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    public void Write(RgbImage image, Span<float> planes)
    {
        if (planes.Length != image.Pixels.Length)
            throw new ArgumentException($"The image has {image.Pixels.Length} values, the destination {planes.Length}.", nameof(planes));
        Normalization.Apply(image.Pixels, 3, _values, planes, _isBgr);
    }
}
