using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MogaSharp.Data;

/// <summary>
/// An array in NumPy's npy format, versions 1.0 to 3.0: booleans, whole numbers or floats of 2, 4 or 8 bytes, in either order of bytes.
/// Opening reads the header only; elements are read from the file when they are asked for, from many threads at once if need be.
/// Elements are counted row by row (C order) always; an array that is stored column by column (Fortran order) is turned in memory
/// when its first element is read.
/// </summary>
public sealed class NpyFile : IDisposable
{
    // What is turned in memory is held as a whole.
    private const long MaxFortranBytes = 1L << 30;

    private readonly SafeFileHandle _handle;
    private readonly NpyHeader _header;
    private readonly long _dataStart;
    private readonly Lazy<byte[]>? _rows;

    private NpyFile(string path, SafeFileHandle handle, NpyHeader header, long dataStart)
    {
        FilePath = path;
        _handle = handle;
        _header = header;
        _dataStart = dataStart;
        if (header.IsFortran)
            _rows = new Lazy<byte[]>(ReadColumns);
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
    /// <exception cref="DatasetException">It is not an npy file, of a kind that is not read, or shorter or longer than its header
    /// says.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static NpyFile Open(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        NpyHeader header = NpyHeader.Read(stream, path);
        long start = stream.Position,
            expected = header.ElementCount * header.ElementSize,
            actual = stream.Length - start;
        if (actual != expected)
            throw new DatasetException(
                path,
                $"The header promises {string.Join(" x ", header.Shape)} elements of {header.ElementSize} bytes, {expected} bytes in "
                    + $"all; there are {actual}."
            );
        if (header.IsFortran && expected > MaxFortranBytes)
            throw new DatasetException(
                path,
                $"It has {expected >> 20} MiB stored column by column (fortran_order), more than the {MaxFortranBytes >> 20} that are "
                    + "turned; save it with numpy.ascontiguousarray."
            );
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
        if (Type != NpyType.UInt8)
            throw new InvalidOperationException($"the elements are {Type}, not bytes");
        ReadBytes(first, destination, destination.Length);
    }

    /// <summary>Reads numbers: whole numbers and floats rounded to single precision, booleans as 0 and 1.</summary>
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
        int size = _header.ElementSize;
        byte[] rented = ArrayPool<byte>.Shared.Rent(Math.Min(destination.Length, Piece) * size);
        for (int at = 0; at < destination.Length; at += Piece)
        {
            Span<float> piece = destination[at..Math.Min(at + Piece, destination.Length)];
            Span<byte> bytes = rented.AsSpan(0, piece.Length * size);
            ReadBytes(first + at, bytes, piece.Length);
            NpyElements.Convert(bytes, Type, piece);
        }

        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>Writes bytes as a file, which appears under its name only when it is complete.</summary>
    /// <param name="path">The file; an older one is replaced.</param>
    /// <param name="shape">The extents, outermost first.</param>
    /// <param name="elements">The elements, row by row.</param>
    /// <exception cref="ArgumentException">The number of elements does not fit the extents.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(string path, ReadOnlySpan<int> shape, ReadOnlySpan<byte> elements) =>
        Save(path, NpyType.UInt8, shape, elements, elements.Length);

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
        foreach (int extent in shape)
            ArgumentOutOfRangeException.ThrowIfNegative(extent, nameof(shape));
        var header = new NpyHeader(type, [.. shape]);
        if (header.ElementCount != count)
            throw new ArgumentException($"{string.Join(" x ", header.Shape)} elements are not {count}", nameof(shape));
        AtomicFile.Write(path, [.. header.ToBytes(), .. data]);
    }

    private void ReadBytes(long first, Span<byte> destination, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, Count - count);
        if (_rows is not null)
            _rows.Value.AsSpan((int)(first * _header.ElementSize), destination.Length).CopyTo(destination);
        else
            ReadStored(first * _header.ElementSize, destination);
        if (_header.IsSwapped)
            NpyElements.Swap(destination, _header.ElementSize);
    }

    private void ReadStored(long at, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            int read = RandomAccess.Read(_handle, destination, _dataStart + at);
            if (read == 0)
                throw new EndOfStreamException($"{FilePath} is cut off: it has become shorter since it was opened");
            at += read;
            destination = destination[read..];
        }
    }

    // The whole array, row by row.
    private byte[] ReadColumns()
    {
        const int Piece = 1 << 16;
        int size = _header.ElementSize;
        int[] shape = _header.Shape,
            index = new int[shape.Length];
        int[] strides = new int[shape.Length];
        for (int axis = shape.Length - 1, stride = 1; axis >= 0; stride *= shape[axis--])
            strides[axis] = stride;
        byte[] rows = new byte[Count * size],
            piece = new byte[Piece * size];
        for (long at = 0, to = 0; at < Count; at += Piece)
        {
            int elements = (int)Math.Min(Piece, Count - at);
            ReadStored(at * size, piece.AsSpan(0, elements * size));
            for (int i = 0; i < elements; i++)
            {
                piece.AsSpan(i * size, size).CopyTo(rows.AsSpan((int)to * size));
                for (int axis = 0; axis < shape.Length; axis++)
                {
                    to += strides[axis];
                    if (++index[axis] < shape[axis])
                        break;
                    to -= (long)strides[axis] * shape[axis];
                    index[axis] = 0;
                }
            }
        }

        return rows;
    }
}
