using System.Buffers.Binary;
using System.Text;

namespace MogaSharp.Weights;

/// <summary>A forward reader of part of a file, through a small window. A claimed length is checked before memory is taken for
/// it.</summary>
internal sealed class PickleInput(FileBytes file, long start, long end)
{
    /// <summary>Longest name of a class or function, in bytes.</summary>
    public const int MaxLineLength = 1024;

    private const int WindowSize = 1 << 16;

    private readonly byte[] _window = new byte[(int)Math.Min(WindowSize, Math.Max(0, end - start))];
    private long _windowEnd = start;
    private int _used;
    private int _filled;

    /// <summary>Where the next byte lies in the file.</summary>
    public long Position => _windowEnd - (_filled - _used);

    public long Remaining => end - Position;

    public byte ReadByte()
    {
        if (_used == _filled)
            Fill();
        return _window[_used++];
    }

    public byte[] ReadBytes(long count)
    {
        if (count < 0 || count > Remaining || count > Array.MaxLength)
            throw file.Reject($"The pickle claims a value of {count} bytes where {Remaining} are left: it is damaged or cut off.");
        byte[] bytes = new byte[count];
        Read(bytes);
        return bytes;
    }

    public ushort ReadUInt16()
    {
        Span<byte> bytes = stackalloc byte[2];
        Read(bytes);
        return BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }

    public uint ReadUInt32()
    {
        Span<byte> bytes = stackalloc byte[4];
        Read(bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    public long ReadInt64()
    {
        Span<byte> bytes = stackalloc byte[8];
        Read(bytes);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }

    /// <summary>UTF-8 text. Invalid parts (Python also writes lone surrogates) become replacement characters.</summary>
    public string ReadText(long byteCount) => Encoding.UTF8.GetString(ReadBytes(byteCount));

    /// <summary>Text up to a line feed, which is consumed.</summary>
    public string ReadLine()
    {
        var line = new List<byte>();
        for (byte next = ReadByte(); next != '\n'; next = ReadByte())
        {
            if (line.Count == MaxLineLength)
                throw file.Reject($"The pickle holds a name of more than {MaxLineLength} bytes.");
            line.Add(next);
        }

        return Encoding.UTF8.GetString([.. line]);
    }

    private void Read(Span<byte> destination)
    {
        if (destination.Length > Remaining)
            throw EndsEarly();
        int buffered = Math.Min(destination.Length, _filled - _used);
        _window.AsSpan(_used, buffered).CopyTo(destination);
        _used += buffered;
        file.Read(_windowEnd, destination[buffered..]);
        _windowEnd += destination.Length - buffered;
    }

    private void Fill()
    {
        if (_windowEnd == end)
            throw EndsEarly();
        _filled = (int)Math.Min(_window.Length, end - _windowEnd);
        file.Read(_windowEnd, _window.AsSpan(0, _filled));
        _windowEnd += _filled;
        _used = 0;
    }

    private CheckpointFormatException EndsEarly() => file.Reject("The pickle ends before its STOP instruction: it was cut off.");
}
