namespace MogaSharp.Imaging;

/// <summary>
/// The libvips library, which decodes and encodes all formats but BMP, could not be loaded. The message says how to install it.
/// </summary>
public sealed class ImagingUnavailableException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What was tried and how to install the library.</param>
    public ImagingUnavailableException(string message)
        : base(message)
    {
    }
}
