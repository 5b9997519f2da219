namespace MogaSharp;

/// <summary>
/// A file that is written under another name in the same folder and gets its own when it is complete, so that its name only ever shows
/// the old content or all of the new. Disposing of one that was not committed leaves nothing behind.
/// </summary>
public sealed class AtomicFile : IDisposable
{
    private readonly string _target;
    private readonly string _temporary;
    private bool _committed;

    /// <summary>Creates the temporary file.</summary>
    /// <param name="path">The file to write; it may exist.</param>
    /// <param name="create">Creates the temporary file of the name that it is given; null for a new file of its own.</param>
    /// <exception cref="IOException">The folder is missing, or the path is a folder or a device.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public AtomicFile(string path, Func<string, FileStream>? create = null)
    {
        _target = Path.GetFullPath(path);
        // A rename would replace the device node itself, for the whole system.
        if (_target.StartsWith("/dev/", StringComparison.Ordinal))
            throw new IOException($"'{path}' is a device, not a regular file.");
        // A rename onto a folder fails too, but only after all the bytes are written.
        if (Directory.Exists(_target))
            throw new IOException($"'{path}' is a folder.");
        _temporary = Path.Combine(Path.GetDirectoryName(_target)!, $".{Path.GetFileName(_target)}.{Guid.NewGuid():N}.tmp");
        Stream = (create ?? Create)(_temporary);
    }

    /// <summary>The temporary file, open for writing; closed by <see cref="Commit"/>.</summary>
    public FileStream Stream { get; }

    /// <summary>Writes a file by a function, or leaves it as it was when anything fails.</summary>
    /// <param name="path">The file to write; it may exist.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="create">As for the constructor.</param>
    /// <inheritdoc cref="AtomicFile(string, Func{string, FileStream}?)" path="/exception"/>
    public static void Write(string path, Action<Stream> write, Func<string, FileStream>? create = null)
    {
        using var file = new AtomicFile(path, create);
        write(file.Stream);
        file.Commit();
    }

    /// <summary>Writes a file of these bytes, or leaves it as it was when anything fails.</summary>
    /// <param name="path">The file to write; it may exist.</param>
    /// <param name="content">The whole content.</param>
    /// <inheritdoc cref="AtomicFile(string, Func{string, FileStream}?)" path="/exception"/>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        using var file = new AtomicFile(path);
        file.Stream.Write(content);
        file.Commit();
    }

    /// <summary>Flushes the content to the disk and gives the file its name.</summary>
    /// <exception cref="IOException">The disk is full, or the rename failed.</exception>
    public void Commit()
    {
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        File.Move(_temporary, _target, overwrite: true);
        _committed = true;
    }

    /// <summary>Removes the temporary file unless it was committed.</summary>
    public void Dispose()
    {
        try
        {
            // What is still in the buffer cannot be written to a full disk, and need not be.
            Stream.Dispose();
        }
        catch (IOException) when (!_committed) { }
        finally
        {
            if (!_committed)
                File.Delete(_temporary);
        }
    }

    private static FileStream Create(string path) => new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
}
