using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using MogaSharp.Imaging;

namespace MogaSharp.Data;

/// <summary>
/// An array in NumPy's npy format, versions 1.0 to 3.0: elements row by row (C order), little endian, uint8, float32 or float64.
/// Opening reads the header only; elements are read from the file when they are asked for, from many threads at once if need be.
/// </summary>
public sealed class NpyFile : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly NpyHeader _header;
    private readonly long _dataStart;

    private NpyFile(string path, SafeFileHandle handle, NpyHeader header, long dataStart)
    {
        FilePath = path;
        _handle = handle;
        _header = header;
        _dataStart = dataStart;
    }

    /// <summary>The path of the file.</summary>
    public string FilePath { get; }

    /// <summary>The type of the elements.</summary>
    public NpyType Type => _header.Type;

    /// <summary>The extents, outermost first; none for a single number. An extent may be 0.</summary>
    public IReadOnlyList<int> Shape => _header.Shape;

    /// <summary>The number of elements.</summary>
    public long Count => _header.ElementCount;

    /// <summary>Opens a file and checks its header and its length.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DatasetException">It is no npy file, of a kind that is not read, or shorter or longer than its header says.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static NpyFile Open(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        NpyHeader header = NpyHeader.Read(stream, path);
        long start = stream.Position, expected = header.ElementCount * header.ElementSize, actual = stream.Length - start;
        if (actual != expected)
            throw new DatasetException(path, $"{string.Join(" x ", header.Shape)} elements of {header.ElementSize} bytes are {expected} bytes, the file has {actual}");
        return new NpyFile(path, File.OpenHandle(path), header, start);
    }

    /// <summary>Reads bytes.</summary>
    /// <param name="first">The first element.</param>
    /// <param name="destination">The elements, written.</param>
    /// <exception cref="InvalidOperationException">The file has other elements than bytes.</exception>
    /// <exception cref="EndOfStreamException">The file was cut off since it was opened.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void Read(long first, Span<byte> destination)
    {
        if (Type != NpyType.UInt8) throw new InvalidOperationException($"the elements are {Type}, not bytes");
        ReadBytes(first, destination, destination.Length);
    }

    /// <summary>Reads numbers: floats as they are, doubles rounded, bytes as whole numbers 0..255.</summary>
    /// <param name="first">The first element.</param>
    /// <param name="destination">The elements, written.</param>
    /// <exception cref="EndOfStreamException">The file was cut off since it was opened.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void Read(long first, Span<float> destination)
    {
        if (Type == NpyType.Float32)
        {
            ReadBytes(first, MemoryMarshal.AsBytes(destination), destination.Length);
            return;
        }
        const int Piece = 8192;
        byte[] bytes = new byte[Math.Min(destination.Length, Piece) * _header.ElementSize];
        for (int at = 0; at < destination.Length; at += Piece)
        {
            Span<float> piece = destination[at..Math.Min(at + Piece, destination.Length)];
            ReadBytes(first + at, bytes.AsSpan(0, piece.Length * _header.ElementSize), piece.Length);
            if (Type == NpyType.UInt8)
            {
                for (int i = 0; i < piece.Length; i++) piece[i] = bytes[i];
            }
            else
            {
                ReadOnlySpan<double> doubles = MemoryMarshal.Cast<byte, double>(bytes);
                for (int i = 0; i < piece.Length; i++) piece[i] = (float)doubles[i];
            }
        }
    }

    /// <summary>Writes bytes as a file, which appears under its name only when it is complete.</summary>
    /// <param name="path">The file; an older one is replaced.</param>
    /// <param name="shape">The extents, outermost first.</param>
    /// <param name="elements">The elements, row by row.</param>
    /// <exception cref="ArgumentException">The number of elements does not fit the extents.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(string path, ReadOnlySpan<int> shape, ReadOnlySpan<byte> elements) => Save(path, NpyType.UInt8, shape, elements, elements.Length);

    /// <inheritdoc cref="Save(string, ReadOnlySpan{int}, ReadOnlySpan{byte})"/>
    public static void Save(string path, ReadOnlySpan<int> shape, ReadOnlySpan<float> elements) =>
        Save(path, NpyType.Float32, shape, MemoryMarshal.AsBytes(elements), elements.Length);

    /// <inheritdoc cref="Save(string, ReadOnlySpan{int}, ReadOnlySpan{byte})"/>
    public static void Save(string path, ReadOnlySpan<int> shape, ReadOnlySpan<double> elements) =>
        Save(path, NpyType.Float64, shape, MemoryMarshal.AsBytes(elements), elements.Length);

    /// <summary>Closes the file.</summary>
    public void Dispose() => _handle.Dispose();

    private static void Save(string path, NpyType type, ReadOnlySpan<int> shape, ReadOnlySpan<byte> data, long count)
    {
        foreach (int extent in shape) ArgumentOutOfRangeException.ThrowIfNegative(extent, nameof(shape));
        var header = new NpyHeader(type, [.. shape]);
        if (header.ElementCount != count) throw new ArgumentException($"{string.Join(" x ", header.Shape)} elements are not {count}", nameof(shape));
        AtomicFile.Write(path, [.. header.ToBytes(), .. data]);
    }

    private void ReadBytes(long first, Span<byte> destination, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, Count - count);
        long offset = _dataStart + (first * _header.ElementSize);
        while (destination.Length > 0)
        {
            int read = RandomAccess.Read(_handle, destination, offset);
            if (read == 0) throw new EndOfStreamException($"{FilePath} is cut off: it has become shorter since it was opened");
            offset += read;
            destination = destination[read..];
        }
    }
}
