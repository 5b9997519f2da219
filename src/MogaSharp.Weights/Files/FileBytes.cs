using Microsoft.Win32.SafeHandles;

namespace MogaSharp.Weights;

/// <summary>
/// Read-only bytes of one file, read by position and only where asked. Positional reads rather than a memory map: when
/// another process cuts the file while it is open, a read comes back short, where a map would end the process.
/// </summary>
internal sealed class FileBytes : IDisposable
{
    private readonly SafeFileHandle? _handle;
    private readonly ReadOnlyMemory<byte> _content;

    public FileBytes(string name)
    {
        Name = name;
        _handle = File.OpenHandle(name, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        try
        {
            Length = RandomAccess.GetLength(_handle);
        }
        catch (NotSupportedException problem)
        {
            _handle.Dispose();
            throw Reject("The file is a pipe or device; weights are read from regular files only.", problem);
        }
    }

    /// <summary>Bytes in memory that came out of a file, under the name of the file.</summary>
    public FileBytes(string name, ReadOnlyMemory<byte> content)
    {
        Name = name;
        _content = content;
        Length = content.Length;
    }

    public string Name { get; }

    public long Length { get; }

    /// <summary>Fills the destination from a position; the whole range must lie in the file.</summary>
    public void Read(long position, Span<byte> destination)
    {
        if (position < 0 || position > Length - destination.Length)
            throw Reject("The file ends too early: it was cut off.");
        if (_handle is null)
        {
            _content.Span.Slice((int)position, destination.Length).CopyTo(destination);
            return;
        }

        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        while (destination.Length > 0)
        {
            int count = ReadSome(position, destination);
            if (count == 0)
                throw Reject("The file became shorter while it was read.");
            position += count;
            destination = destination[count..];
        }
    }

    public CheckpointFormatException Reject(string problem, Exception? inner = null) => new(Name, problem, inner);

    public void Dispose() => _handle?.Dispose();

    private int ReadSome(long position, Span<byte> destination)
    {
        try
        {
            return RandomAccess.Read(_handle!, destination, position);
        }
        catch (IOException problem)
        {
            throw Reject($"The file cannot be read: {problem.Message}", problem);
        }
    }
}
