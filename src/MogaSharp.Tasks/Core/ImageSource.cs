using MogaSharp.Imaging;

namespace MogaSharp.Tasks;

/// <summary>An image to predict for. It is opened and decoded when its turn comes.</summary>
public sealed class ImageSource
{
    private readonly Func<CancellationToken, Task<RgbImage>> _load;

    private ImageSource(string name, Func<CancellationToken, Task<RgbImage>> load) => (Name, _load) = (name, load);

    /// <summary>What names the image in results and messages: for a file its path.</summary>
    public string Name { get; }

    /// <summary>An image file.</summary>
    /// <param name="path">The file; whether it exists shows when its turn comes.</param>
    /// <param name="limits">What the image may cost; <see cref="ImageLimits.Default"/> when null.</param>
    public static ImageSource FromFile(string path, ImageLimits? limits = null) =>
        new(path, cancellationToken => ImageDecoder.LoadAsync(path, limits, cancellationToken));

    /// <summary>An encoded image in memory.</summary>
    /// <param name="encoded">The bytes of a JPEG, PNG and so on; not to be changed before the result is there.</param>
    /// <param name="name">What names it.</param>
    /// <param name="limits">What the image may cost; <see cref="ImageLimits.Default"/> when null.</param>
    public static ImageSource FromBytes(ReadOnlyMemory<byte> encoded, string name = "image", ImageLimits? limits = null) =>
        new(name, cancellationToken => ImageDecoder.DecodeAsync(encoded, name, limits, cancellationToken));

    /// <summary>An encoded image in a stream.</summary>
    /// <param name="open">Opens the stream when the image's turn comes, on another thread; it is read to its end and disposed.</param>
    /// <param name="name">What names it.</param>
    /// <param name="limits">What the image may cost; <see cref="ImageLimits.Default"/> when null.</param>
    public static ImageSource FromStream(Func<Stream> open, string name = "stream", ImageLimits? limits = null) =>
        new(
            name,
            async cancellationToken =>
            {
                Stream stream = open();
                await using (stream.ConfigureAwait(false))
                    return await ImageDecoder.LoadAsync(stream, name, limits, cancellationToken).ConfigureAwait(false);
            }
        );

    /// <summary>An image that is decoded already.</summary>
    /// <param name="image">The image.</param>
    /// <param name="name">What names it.</param>
    public static ImageSource FromImage(RgbImage image, string name = "image") => new(name, _ => Task.FromResult(image));

    /// <summary>A file, for collections of paths: <c>predictor.PredictManyAsync([.. paths])</c>.</summary>
    /// <param name="path">The file.</param>
    public static implicit operator ImageSource(string path) => FromFile(path);

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    internal Task<RgbImage> LoadAsync(CancellationToken cancellationToken) => _load(cancellationToken);
}
