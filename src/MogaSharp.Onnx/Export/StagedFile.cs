namespace MogaSharp.Onnx.Export;

/// <summary>A file that is written under another name and gets its own when it is complete; otherwise nothing is left of it.</summary>
internal sealed class StagedFile : IDisposable
{
    private readonly string _path;
    private readonly string _temporary;

    public StagedFile(string path)
    {
        // A rename onto a folder fails too, but only after all the bytes are written.
        if (Directory.Exists(path))
            throw new IOException("It is a folder.");
        _path = path;
        _temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        Stream = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write);
    }

    public FileStream Stream { get; }

    public void Commit()
    {
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        File.Move(_temporary, _path, overwrite: true);
    }

    /// <summary>Takes a committed file back.</summary>
    public void Remove() => File.Delete(_path);

    public void Dispose()
    {
        Stream.Dispose();
        File.Delete(_temporary);
    }
}
