namespace MogaSharp.Training;

/// <summary>Keeps a second process out of a run's folder. The operating system frees it however the process ends.</summary>
public sealed class RunLock : IDisposable
{
    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    /// <summary>Takes a folder.</summary>
    /// <param name="folder">The folder, which exists.</param>
    /// <exception cref="RunFolderException">Another process has it, or it cannot be written to.</exception>
    public static RunLock Take(string folder)
    {
        string path = Path.Combine(folder, ".lock");
        try
        {
            return new RunLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException)
        {
            throw new RunFolderException($"The folder '{folder}' cannot be written to: permission is denied.");
        }
        catch (IOException e)
        {
            throw new RunFolderException(
                File.Exists(path)
                    ? $"Another process is training in '{folder}'."
                    : $"The folder '{folder}' cannot be written to: {SystemMessage.Reason(e)}."
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}

/// <summary>A run's folder that cannot be used as asked.</summary>
/// <param name="message">Why.</param>
public sealed class RunFolderException(string message) : MogaException(message)
{
    /// <summary>The folder holds another run, which can be resumed.</summary>
    public bool HoldsRun { get; init; }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidRequest;
}
