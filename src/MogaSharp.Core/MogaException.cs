namespace MogaSharp;

/// <summary>Who can mend an error.</summary>
public enum ErrorKind
{
    /// <summary>Something was asked for that does not exist or cannot be: an unknown model, an impossible size, a bad recipe.</summary>
    InvalidRequest,

    /// <summary>A file, a data set or a download is damaged, or is not what it was taken for.</summary>
    InvalidData,

    /// <summary>A native library, a device or an execution provider is missing. The message says how to get it.</summary>
    Unavailable,

    /// <summary>The work itself failed: a disk, a network connection, another process, a library underneath.</summary>
    Failed,
}

/// <summary>
/// The base of all exceptions of MogaSharp. Messages are written for whoever runs the program. Misuse of the API is an
/// <see cref="ArgumentException"/>, <see cref="InvalidOperationException"/> or <see cref="ObjectDisposedException"/> instead.
/// </summary>
public abstract class MogaException : Exception
{
    /// <summary>Keeps the message and the cause.</summary>
    /// <param name="message">What went wrong, and what to do about it where that is known.</param>
    /// <param name="inner">The cause; null if there is none.</param>
    protected MogaException(string message, Exception? inner = null)
        : base(message, inner) { }

    /// <summary>Who can mend it.</summary>
    public abstract ErrorKind Kind { get; }
}
