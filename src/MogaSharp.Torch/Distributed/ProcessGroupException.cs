namespace MogaSharp.Torch;

/// <summary>
/// Processes that train together cannot begin or go on: wrong variables, a master that does not answer, a rank that is missing,
/// has failed or is gone. The message names the rank where one is to blame.
/// </summary>
public sealed class ProcessGroupException : MogaException
{
    /// <inheritdoc cref="Exception(string)"/>
    /// <param name="message">What is wrong.</param>
    /// <param name="inner">What libtorch said; null where it was not asked.</param>
    public ProcessGroupException(string message, Exception? inner = null)
        : base(message, inner) { }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.Failed;
}
