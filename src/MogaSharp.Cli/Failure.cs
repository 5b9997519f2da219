using MogaSharp.Data;
using MogaSharp.Drawing;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Onnx;
using MogaSharp.OnnxRuntime;
using MogaSharp.Torch;
using MogaSharp.Training;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Success = 0;

    /// <summary>Something that was asked for could not be done: an unreadable picture, foreign weights, a failed download, a full
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
internal sealed class UsageException(string message) : Exception(message);

/// <summary>A task that could not be done, where no other exception says why.</summary>
internal sealed class FailureException(string message) : Exception(message);

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
            return Report("cancelled", ExitCode.Cancelled);
        string? message = Describe(exception);
        if (message is null && Environment.GetEnvironmentVariable("MOGA_TRACE") == "1")
            Console.Error.WriteLine(exception);
        return Report(
            message ?? $"unexpected error: {exception.GetType().Name}: {exception.Message} (set MOGA_TRACE=1 for details)",
            exception
                is UsageException
                    or DatasetSpecException
                    or RecipeException
                    or RunFolderException
                    or UnknownModelException
                    or GraphException
                    or FileNotFoundException
                    or DirectoryNotFoundException
                ? ExitCode.Usage
                : ExitCode.Failure
        );
    }

    /// <summary>The message for a failure that users can bring about; null for others.</summary>
    public static string? Describe(Exception exception) =>
        exception switch
        {
            UsageException or FailureException or DatasetSpecException or UnknownModelException or ModelCardException or GraphException =>
                exception.Message,
            CheckpointFormatException or WeightMismatchException or WeightRangeException or DownloadException => exception.Message,
            OnnxExportException or OnnxRuntimeException or OnnxRuntimeUnavailableException => exception.Message,
            TorchException or TorchUnavailableException => exception.Message,
            RecipeException or RunFolderException or TrainingException or CheckpointWriteException or ProcessGroupException =>
                exception.Message,
            ImageFormatException or ImagingUnavailableException or DrawingUnavailableException or DatasetException => exception.Message,
            InsufficientMemoryException => exception.Message,
            OutOfMemoryException or OverflowException => "this needs more memory than there is; take a smaller --batch or --size",
            FileNotFoundException { FileName: { } name } => $"there is no file '{name}'",
            UnauthorizedAccessException => exception.Message,
            IOException => exception.Message,
            _ => null,
        };
}
