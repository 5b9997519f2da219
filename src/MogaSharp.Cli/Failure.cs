using System.Runtime.ExceptionServices;
using MogaSharp.Imaging;

namespace MogaSharp.Cli;

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Success = 0;

    /// <summary>Something that was asked for could not be done: an unreadable image, foreign weights, a failed download, a full
    /// disk.</summary>
    public const int Failure = 1;

    /// <summary>The command line asks for something that does not exist: an unknown option or model, a missing path, an impossible
    /// size.</summary>
    public const int Usage = 2;

    /// <summary>Another process of a training in several failed first.</summary>
    public const int PeerLost = 3;

    /// <summary>Ended by Ctrl+C.</summary>
    public const int Cancelled = 130;
}

/// <summary>A mistake in what was asked for.</summary>
internal sealed class UsageException(string message) : MogaException(message)
{
    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidRequest;
}

/// <summary>A task that could not be done, where no other exception says why.</summary>
internal sealed class FailureException(string message) : MogaException(message)
{
    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.Failed;
}

/// <summary>Turns exceptions into one line on stderr and an exit code.</summary>
internal static class Failure
{
    /// <summary>Prints a message and returns the code.</summary>
    public static int Report(string message, int exitCode)
    {
        Console.Error.WriteLine($"moga: {Output.Printable(message)}");
        return exitCode;
    }

    /// <summary>Prints what an exception means to the user and returns its code.</summary>
    public static int Report(Exception exception)
    {
        // Parallel loops wrap what their bodies throw.
        if (exception is AggregateException { InnerException: { } inner })
            return Report(inner);
        if (exception is OperationCanceledException)
            return Report("Cancelled.", ExitCode.Cancelled);
        string? message = Describe(exception);
        if (message is null && Environment.GetEnvironmentVariable("MOGA_TRACE") == "1")
            Console.Error.WriteLine(exception);
        return Report(
            message ?? $"This should not happen: {exception.GetType().Name}: {exception.Message} MOGA_TRACE=1 shows where.",
            exception is MogaException { Kind: ErrorKind.InvalidRequest } or FileNotFoundException or DirectoryNotFoundException
                ? ExitCode.Usage
                : ExitCode.Failure
        );
    }

    /// <summary>Why an image could not be read, without its name.</summary>
    /// <param name="path">The image.</param>
    /// <param name="exception">What reading it threw; thrown again where users cannot bring it about.</param>
    public static string WhyUnreadable(string path, Exception exception)
    {
        if (exception is ImageFormatException { Problem: { } problem })
            return problem;
        if (exception is FileNotFoundException && ImagePaths.WhyMissing(path) is { } why)
            return why;
        string? message = Describe(exception);
        if (message is null)
            ExceptionDispatchInfo.Throw(exception);
        return message;
    }

    /// <summary>The message for a failure that users can bring about; null for others.</summary>
    public static string? Describe(Exception exception) =>
        exception switch
        {
            MogaException => exception.Message,
            InsufficientMemoryException => exception.Message,
            OutOfMemoryException or OverflowException => "This needs more memory than there is; take a smaller --batch or --size.",
            FileNotFoundException { FileName: { } name } => $"There is no file '{name}'.",
            UnauthorizedAccessException => exception.Message,
            IOException => exception.Message,
            _ => null,
        };
}
