using System.Buffers.Binary;
using System.Text;

namespace MogaSharp.Weights;

/// <summary>
/// Reads the list of records of a zip file that PyTorch wrote, or that someone packed again: records, stored or deflated, that follow one
/// another without gap or overlap from the first byte to the directory, described equally in both places. Anything else could mean one
/// thing to one reader and another to the next.
/// </summary>
internal sealed class ZipDirectory
{
    private const uint LocalSignature = 0x04034B50;
    private const uint CentralSignature = 0x02014B50;
    private const uint DescriptorSignature = 0x08074B50;
    private const int LocalSize = 30;
    private const int CentralSize = 46;
    private const int HowHard = 3 << 1;
    private const int HasDescriptor = 1 << 3;
    private const int NameIsUtf8 = 1 << 11;
    private const int Deflated = 8;

    // Weights hardly become smaller; what is as small as this packed is a bomb, or so little that it does not matter.
    private const long MaxRatio = 100;
    private const long SmallSize = 1 << 20;
    private const long MaxOverhead = 1 << 10;

    private readonly FileBytes _file;
    private readonly ZipEnd _end;
    private readonly long _mostBytes;

    private ZipDirectory(FileBytes file, CheckpointLimits limits)
    {
        _file = file;
        _end = ZipEnd.Read(file);
        _mostBytes = (4 * file.Length) + limits.MaxExpandedBytes;
        if (_end.DirectorySize > limits.MaxHeaderBytes)
            throw Reject($"The zip directory has {_end.DirectorySize} bytes, at most {limits.MaxHeaderBytes} are read.");
        if (_end.Count > _end.DirectorySize / CentralSize)
            throw Reject($"The zip end record claims {_end.Count} records, more than its directory can hold.");
    }

    /// <summary>All records by full name.</summary>
    public static Dictionary<string, ByteRange> Read(FileBytes file, CheckpointLimits limits) =>
        new ZipDirectory(file, limits).ReadRecords();

    private Dictionary<string, ByteRange> ReadRecords()
    {
        byte[] directory = new byte[_end.DirectorySize];
        _file.Read(_end.DirectoryStart, directory);
        var records = new Dictionary<string, ByteRange>(StringComparer.Ordinal);
        var headers = new List<Header>((int)_end.Count);
        ReadOnlySpan<byte> rest = directory;
        for (long i = 0; i < _end.Count; i++)
            headers.Add(ReadCentral(ref rest));
        if (rest.Length > 0)
            throw Reject($"The zip directory holds more than the {_end.Count} records it should.");

        CheckSizes(headers);
        headers.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        long position = 0;
        foreach (Header header in headers)
        {
            ByteRange record = ReadLocal(header, ref position);
            if (!records.TryAdd(header.Name, record))
                throw Reject($"The zip record '{header.Name}' is there twice.");
        }

        if (position != _end.DirectoryStart)
            throw Reject("The zip file has bytes between its last record and its directory.");
        return records;
    }

    /// <summary>Refuses bombs by what they claim; what a record holds more than it claims is never unpacked.</summary>
    private void CheckSizes(List<Header> headers)
    {
        long bytes = 0;
        foreach (Header header in headers.Where(header => header.Method == Deflated))
        {
            if (header.Size > SmallSize && header.Size / MaxRatio > header.Packed)
                throw Reject(
                    $"The zip record '{header.Name}' is compressed from {header.Size} to {header.Packed} bytes, more than {MaxRatio}-fold."
                );
            // Deflate never makes anything noticeably larger.
            if (header.Packed > header.Size + (header.Size / 100) + MaxOverhead)
                throw Reject(
                    $"The zip record '{header.Name}' is compressed to {header.Packed} bytes, more than the {header.Size} that it "
                        + "claims to hold."
                );
            bytes += Math.Min(header.Size, _mostBytes);
            if (header.Size > Array.MaxLength || bytes > _mostBytes)
                throw Reject($"The compressed zip records hold more than {_mostBytes} bytes, too much for a file of {_file.Length}.");
        }
    }

    private Header ReadCentral(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < CentralSize || BinaryPrimitives.ReadUInt32LittleEndian(rest) != CentralSignature)
            throw Reject("The zip directory is damaged or cut off.");
        int nameLength = UInt16(rest, 28);
        int extraLength = UInt16(rest, 30);
        int total = CentralSize + nameLength + extraLength + UInt16(rest, 32);
        if (rest.Length < total)
            throw Reject("The zip directory is damaged or cut off.");

        string name = ReadName(rest.Slice(CentralSize, nameLength));
        var sizes = new ZipSizes(UInt32(rest, 24), UInt32(rest, 20), UInt32(rest, 42));
        if (!sizes.Extend(rest.Slice(CentralSize + nameLength, extraLength)))
            throw Reject($"The zip64 field of record '{name}' is damaged.");
        var header = new Header(name, sizes.Offset, sizes.Size, sizes.Packed, UInt32(rest, 16), UInt16(rest, 8), UInt16(rest, 10));
        CheckMethod(name, header.Method, header.Flags);
        if (header.Method == 0 && sizes.Packed != sizes.Size)
            throw Reject($"The zip record '{name}' claims two different sizes.");
        if (UInt16(rest, 34) != 0)
            throw Reject("The zip file is one part of several.");
        rest = rest[total..];
        return header;
    }

    private ByteRange ReadLocal(Header header, ref long position)
    {
        if (header.Offset != position)
            throw Reject(
                $"The zip record '{header.Name}' starts at byte {header.Offset}, the one before it ends at {position}: records "
                    + "overlap or leave gaps."
            );
        if (position > _end.DirectoryStart - LocalSize)
            throw Reject($"The zip record '{header.Name}' lies outside the file.");
        Span<byte> fixedPart = stackalloc byte[LocalSize];
        _file.Read(position, fixedPart);
        if (BinaryPrimitives.ReadUInt32LittleEndian(fixedPart) != LocalSignature)
            throw Reject($"The zip record '{header.Name}' has no header where the directory says.");
        byte[] variablePart = new byte[UInt16(fixedPart, 26) + UInt16(fixedPart, 28)];
        _file.Read(position + LocalSize, variablePart);
        string name = ReadName(variablePart.AsSpan(0, UInt16(fixedPart, 26)));
        var sizes = new ZipSizes(UInt32(fixedPart, 22), UInt32(fixedPart, 18), 0);
        bool extraIsSound = sizes.Extend(variablePart.AsSpan(UInt16(fixedPart, 26)));
        CheckMethod(name, UInt16(fixedPart, 8), UInt16(fixedPart, 6));

        bool described = (header.Flags & HasDescriptor) != 0;
        uint crc = UInt32(fixedPart, 14);
        bool agrees =
            (crc == header.Crc && sizes.Size == header.Size && sizes.Packed == header.Packed)
            || (described && crc == 0 && sizes.Size == 0 && sizes.Packed == 0);
        if (
            name != header.Name
            || UInt16(fixedPart, 6) != header.Flags
            || UInt16(fixedPart, 8) != header.Method
            || !extraIsSound
            || !agrees
        )
            throw Reject($"The zip record '{header.Name}' is described differently in its own header and in the directory.");

        long start = position + LocalSize + variablePart.Length;
        if (header.Packed > _end.DirectoryStart - start)
            throw Reject($"The zip record '{header.Name}' claims {header.Packed} bytes, more than the file has.");
        position = start + header.Packed;
        if (described)
            position += ReadDescriptor(header, position);
        return header.Method == Deflated
            ? new DeflatedRange(_file, start, header.Packed, header.Size, header.Name, header.Crc)
            : new ByteRange(_file, start, header.Size, header.Name, header.Crc);
    }

    /// <summary>Checks the descriptor behind a record's data and gives its length; beyond 4 GiB its sizes have 8 bytes each.</summary>
    private int ReadDescriptor(Header header, long position)
    {
        // Whether the sizes have 8 bytes is for the writer to say in a field that few write: both forms are tried.
        foreach (bool isLarge in (ReadOnlySpan<bool>)[header.Size >= uint.MaxValue || header.Offset >= uint.MaxValue, true])
        {
            byte[] descriptor = new byte[isLarge ? 24 : 16];
            if (descriptor.Length > _end.DirectoryStart - position)
                continue;
            _file.Read(position, descriptor);
            bool agrees =
                UInt32(descriptor, 0) == DescriptorSignature
                && UInt32(descriptor, 4) == header.Crc
                && (
                    isLarge
                        ? UInt64(descriptor, 8) == header.Packed && UInt64(descriptor, 16) == header.Size
                        : UInt32(descriptor, 8) == header.Packed && UInt32(descriptor, 12) == header.Size
                );
            if (agrees)
                return descriptor.Length;
        }

        throw Reject($"The zip record '{header.Name}' and the descriptor behind it disagree.");
    }

    private void CheckMethod(string name, int method, int flags)
    {
        if (method is not (0 or Deflated))
            throw Reject(
                $"The zip record '{name}' is compressed by method {method}; pack the file again with deflate, or without compression."
            );
        if ((flags & ~(HasDescriptor | NameIsUtf8 | (method == Deflated ? HowHard : 0))) != 0)
            throw Reject($"The zip record '{name}' has flags 0x{flags:x} that PyTorch never sets (such as encryption).");
    }

    private string ReadName(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException problem)
        {
            throw Reject("A zip record's name is not UTF-8.", problem);
        }
    }

    private CheckpointFormatException Reject(string problem, Exception? inner = null) => _file.Reject(problem, inner);

    private static int UInt16(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);

    private static uint UInt32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    private static long UInt64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadInt64LittleEndian(bytes[offset..]);

    private readonly record struct Header(string Name, long Offset, long Size, long Packed, uint Crc, int Flags, int Method);
}
