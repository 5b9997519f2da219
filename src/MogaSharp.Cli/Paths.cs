using MogaSharp.Onnx;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>Checks the paths of a command line before work begins, and writes files whose failures name them as the user did.</summary>
internal static class Paths
{
    private static readonly DateTime Started = DateTime.UtcNow;

    /// <summary>A file that is there, named as the user named it.</summary>
    /// <exception cref="UsageException">It is missing or a folder.</exception>
    public static string Existing(string path)
    {
        if (Directory.Exists(path))
            throw new UsageException($"'{path}' is a folder, not a file.");
        return File.Exists(path) ? path : throw new UsageException($"There is no file '{path}'.");
    }

    /// <summary>A weight file that is there, or a folder that holds one under its usual name.</summary>
    /// <exception cref="UsageException">It is missing.</exception>
    public static string ExistingWeights(string path) =>
        Directory.Exists(path) && Checkpoint.FindIn(path) is { } inside ? inside : Existing(path);

    /// <summary>A place that a file can be written to, which is none of the files that are read.</summary>
    /// <exception cref="UsageException">Its folder is missing, it is a folder itself, or one of the inputs.</exception>
    public static string Writable(string path, params ReadOnlySpan<string?> inputs)
    {
        if (path.Length == 0 || Directory.Exists(path))
            throw new UsageException($"'{path}' is a folder, not a file to write.");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
            throw new UsageException($"'{path}' cannot be written: there is no folder '{Path.GetDirectoryName(path)}'.");
        foreach (string? input in inputs)
            if (input is not null)
                RequireOther(path, input, "name");
        return path;
    }

    /// <summary>Refuses to write over a file that is read.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="input">The file that is read.</param>
    /// <param name="what">What to change.</param>
    /// <exception cref="UsageException">They are the same file.</exception>
    public static void RequireOther(string path, string input, string what)
    {
        if (AreSame(path, input))
            throw new UsageException($"'{path}' is read and written; give another {what} to write to.");
    }

    /// <summary>Whether writing a file would write over one that is read, by whatever name.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="input">The file that is read.</param>
    public static bool AreSame(string path, string input) => File.Exists(path) && Target(path) == Target(input);

    /// <summary>Makes a folder, and those above it, where it is missing.</summary>
    /// <exception cref="FailureException">It cannot be made.</exception>
    public static void MakeFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException($"The folder '{folder}' cannot be made: {SystemMessage.Reason(e)}.");
        }
    }

    /// <summary>Runs the writing of a file.</summary>
    /// <exception cref="FailureException">It failed; the message names the file, not a temporary one, and says why.</exception>
    public static void Write(string path, Action<string> write)
    {
        using IDisposable leaving = Stopping.WhenLeaving(() => RemoveUnfinished(path));
        try
        {
            write(path);
        }
        catch (UnauthorizedAccessException)
        {
            throw new FailureException($"'{path}' cannot be written: permission is denied.");
        }
        catch (Exception e) when (e is IOException or OnnxExportException { InnerException: IOException })
        {
            // "No space left on device : '/folder/.name.tmp'": the reason without the temporary name.
            string reason = SystemMessage.Reason(e.InnerException as IOException ?? e);
            throw new FailureException($"'{path}' cannot be written: {reason}.");
        }
        catch (ArgumentException e)
        {
            throw new FailureException($"'{path}' cannot be written: {e.Message.Split(" (Parameter")[0].TrimEnd('.')}.");
        }
    }

    /// <summary>Until the result is disposed, what is unfinished of a file is removed when the process ends early.</summary>
    public static IDisposable RemovedWhenLeaving(string path) => Stopping.WhenLeaving(() => RemoveUnfinished(path));

    // What writes a file puts it under a name of its own first, with 32 digits and .tmp at the end, beside the file or beside what a link
    // leads to.
    private static void RemoveUnfinished(string path)
    {
        try
        {
            string target = Target(path);
            foreach (
                string leftover in Directory
                    .EnumerateFiles(Path.GetDirectoryName(target)!, $"*{Path.GetFileName(target)}.*.tmp")
                    .Where(IsOwn)
            )
                File.Delete(leftover);

            bool IsOwn(string file)
            {
                string name = Path.GetFileName(file)[..^4];
                int dot = name.LastIndexOf('.');
                return name[..dot].TrimStart('.') == Path.GetFileName(target).TrimStart('.')
                    && Guid.TryParseExact(name[(dot + 1)..], "N", out _)
                    && File.GetLastWriteTimeUtc(file) >= Started;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process ends anyway.
        }
    }

    private static string Target(string path) =>
        (File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path)).TrimEnd('/');
}
