namespace MogaSharp.Drawing;

/// <summary>Skia's native library, which draws everything, could not be loaded.</summary>
public sealed class DrawingUnavailableException : MogaException
{
    /// <summary>Says how to get the library.</summary>
    /// <param name="message">What was tried and why it failed.</param>
    public DrawingUnavailableException(string message)
        : base(message) { }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.Unavailable;
}
