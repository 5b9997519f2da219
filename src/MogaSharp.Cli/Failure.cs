using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Onnx;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Success = 0;

    /// <summary>Something that was asked for could not be done: an unreadable picture, foreign weights, a failed download, a full disk.</summary>
    public const int Failure = 1;

    /// <summary>The command line asks for something that does not exist: an unknown option or model, a missing path, an impossible size.</summary>
    public const int Usage = 2;

    /// <summary>Ended by Ctrl+C.</summary>
    public const int Cancelled = 130;
}

/// <summary>A mistake in what was asked for.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>A task that could not be done, where no other exception says why.</summary>
internal sealed class FailureException(string message) : Exception(message);

/// <summary>Turns exceptions into one line on stderr and an exit code.</summary>
internal static class Failure
{
    /// <summary>Prints a message and returns the code.</summary>
    public static int Report(string message, int exitCode)
    {
        Console.Error.WriteLine($"moga: {message}");
        return exitCode;
    }

    /// <summary>Prints what an exception means to the user and returns its code.</summary>
    public static int Report(Exception exception)
    {
        if (exception is OperationCanceledException) return Report("cancelled", ExitCode.Cancelled);
        bool known = Describe(exception) is not null;
        if (!known && Environment.GetEnvironmentVariable("MOGA_TRACE") == "1") Console.Error.WriteLine(exception);
        return Report(
            Describe(exception) ?? $"unexpected error: {exception.GetType().Name}: {exception.Message} (set MOGA_TRACE=1 for details)",
            exception is UsageException or UnknownModelException or GraphException or FileNotFoundException or DirectoryNotFoundException ? ExitCode.Usage : ExitCode.Failure);
    }

    /// <summary>The message for a failure that users can bring about; null for others.</summary>
    public static string? Describe(Exception exception) => exception switch
    {
        UsageException or FailureException or UnknownModelException or ModelCardException or GraphException => exception.Message,
        CheckpointFormatException or WeightMismatchException or DownloadException => exception.Message,
        OnnxExportException or OnnxRuntimeException or OnnxRuntimeUnavailableException => exception.Message,
        ImageFormatException or ImagingUnavailableException or DatasetException => exception.Message,
        FileNotFoundException { FileName: { } name } => $"there is no file '{name}'",
        UnauthorizedAccessException => exception.Message,
        IOException => exception.Message,
        _ => null,
    };
}
