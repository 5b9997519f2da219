namespace MogaSharp.Imaging;

/// <summary>
/// The libvips library, which decodes and encodes all formats but BMP, could not be loaded. The message says where it comes from.
/// </summary>
public sealed class ImagingUnavailableException : MogaException
{
    /// <summary>Says how to get the library.</summary>
    /// <param name="message">What is missing and where it comes from.</param>
    public ImagingUnavailableException(string message)
        : base(message) { }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.Unavailable;
}
