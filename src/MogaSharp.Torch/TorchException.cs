namespace MogaSharp.Torch;

/// <summary>libtorch refused a call; the message is its own.</summary>
public sealed class TorchException : MogaException
{
    /// <inheritdoc cref="Exception(string)"/>
    /// <param name="message">What libtorch said.</param>
    public TorchException(string message)
        : base(message) { }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.Failed;
}

/// <summary>libtorch, or the shim over it, could not be loaded. The message says what was tried and how to install it.</summary>
public sealed class TorchUnavailableException : MogaException
{
    /// <inheritdoc cref="Exception(string)"/>
    /// <param name="message">What was tried and how to install the library.</param>
    public TorchUnavailableException(string message)
        : base(message) { }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.Unavailable;
}
