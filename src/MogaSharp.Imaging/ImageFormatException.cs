namespace MogaSharp.Imaging;

/// <summary>
/// The one exception for a bad image: truncated, corrupt, of an unknown or refused format, or larger than the limits.
/// </summary>
public sealed class ImageFormatException : MogaException
{
    /// <summary>Names the image; the message is "name: Problem."</summary>
    /// <param name="imageName">The file name, or what else names the image.</param>
    /// <param name="problem">What is wrong with it, as whole sentences.</param>
    /// <param name="innerException">The cause, if another exception told of it.</param>
    public ImageFormatException(string imageName, string problem, Exception? innerException = null)
        : base($"{imageName}: {problem}", innerException)
    {
        ImageName = imageName;
        Problem = problem;
    }

    /// <summary>The file name, or what else names the image.</summary>
    public string ImageName { get; }

    /// <summary>What is wrong with the image, as whole sentences.</summary>
    public string Problem { get; }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidData;
}
