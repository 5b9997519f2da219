using System.Buffers;
using System.IO.Hashing;

namespace MogaSharp.Weights;

/// <summary>A range of a file that holds one storage or record, with the checksum it must have, if the format keeps one.</summary>
internal class ByteRange(FileBytes file, long start, long length, string name, uint? crc = null)
{
    private const int ChunkSize = 1 << 20;

    private volatile bool _verified = crc is null;

    public FileBytes File { get; } = file;

    public long Start { get; } = start;

    protected uint? Crc { get; } = crc;

    /// <summary>Bytes, as they are read.</summary>
    public long Length { get; } = length;

    public string Name { get; } = name;

    /// <summary>Reads part of the range. The first read of any part checks the sum of the whole.</summary>
    public virtual void Read(long position, Span<byte> destination)
    {
        bool whole = position == 0 && destination.Length == Length;
        if (!_verified && !whole)
            Verify();
        File.Read(Start + position, destination);
        if (!_verified)
            Check(Crc32.HashToUInt32(destination));
    }

    /// <summary>The range as a source of its own.</summary>
    public virtual PickleInput Open()
    {
        Verify();
        return new PickleInput(File, Start, Start + Length);
    }

    /// <summary>Reads everything once, if that has not happened yet, and checks the sum.</summary>
    public virtual void Verify()
    {
        if (_verified)
            return;
        byte[] chunk = ArrayPool<byte>.Shared.Rent((int)Math.Min(ChunkSize, Length));
        try
        {
            var sum = new Crc32();
            for (long position = 0; position < Length; )
            {
                Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, Length - position));
                File.Read(Start + position, part);
                sum.Append(part);
                position += part.Length;
            }

            Check(sum.GetCurrentHashAsUInt32());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    private void Check(uint sum)
    {
        if (sum != Crc)
            throw File.Reject($"The CRC-32 checksum of record '{Name}' does not match: its data is damaged.");
        _verified = true;
    }
}
