using System.IO.Compression;
using System.IO.Hashing;

namespace MogaSharp.Weights;

/// <summary>
/// A compressed record of a zip file, as one gets by unpacking a PyTorch file and zipping it again. It is unpacked when it is read:
/// straight to where the whole of it goes, or into memory that goes again when it is needed for other things.
/// </summary>
internal sealed class DeflatedRange(FileBytes file, long start, long packed, long length, string name, uint crc)
    : ByteRange(file, start, length, name, crc)
{
    private readonly WeakReference<byte[]> _content = new([]);
    private bool _isUnpacked;

    public override void Read(long position, Span<byte> destination)
    {
        if (position == 0 && destination.Length == Length)
            Unpack(destination);
        else
            Content().AsSpan((int)position, destination.Length).CopyTo(destination);
    }

    public override void Verify()
    {
        if (!_isUnpacked)
            Content();
    }

    public override PickleInput Open() => new(new FileBytes(File.Name, Content()), 0, Length);

    private byte[] Content()
    {
        if (_isUnpacked && _content.TryGetTarget(out byte[]? kept))
            return kept;
        byte[] content = new byte[Length];
        Unpack(content);
        _content.SetTarget(content);
        return content;
    }

    private void Unpack(Span<byte> destination)
    {
        try
        {
            using var inflated = new DeflateStream(new RangeStream(File, Start, packed), CompressionMode.Decompress);
            int read = inflated.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);
            if (read < destination.Length)
                throw File.Reject($"The compressed zip record '{Name}' ends after {read} of the {Length} bytes it claims.");
            if (inflated.ReadByte() >= 0)
                throw File.Reject($"The compressed zip record '{Name}' holds more than the {Length} bytes it claims.");
        }
        catch (InvalidDataException problem)
        {
            throw File.Reject($"The compressed zip record '{Name}' is damaged.", problem);
        }

        if (Crc32.HashToUInt32(destination) != Crc)
            throw File.Reject($"The CRC-32 checksum of record '{Name}' does not match: its data is damaged.");
        _isUnpacked = true;
    }

    /// <summary>The packed bytes, read forwards.</summary>
    private sealed class RangeStream(FileBytes file, long start, long length) : Stream
    {
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            Span<byte> part = buffer[..(int)Math.Min(buffer.Length, length - _position)];
            file.Read(start + _position, part);
            _position += part.Length;
            return part.Length;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
