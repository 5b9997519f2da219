using System.Buffers;
using System.IO.Hashing;
using System.Text;

namespace MogaSharp.Weights;

/// <summary>
/// Writes a zip file as PyTorch does: stored records whose data begins at multiples of 64 bytes, by padding in an extra
/// field. Without zip64, so up to 4 GiB. Nothing depends on the time of day.
/// </summary>
internal sealed class ZipWriter(Stream stream)
{
    private const int Alignment = 64;
    private const int LocalSize = 30;
    private const int ExtraHeaderSize = 4;
    private const int PaddingField = 0x4246;
    private const int NameIsUtf8 = 1 << 11;

    // 1980-01-01, the first date that zip knows.
    private const int FirstDate = (1 << 5) | 1;

    private readonly ArrayBufferWriter<byte> _directory = new();
    private long _position;
    private int _count;

    public void Add(string name, ReadOnlySpan<byte> data)
    {
        byte[] nameBytes = Encoding.UTF8.GetBytes(name);
        uint crc = Crc32.HashToUInt32(data);
        long unpadded = _position + LocalSize + nameBytes.Length + ExtraHeaderSize;
        int padding = (int)((Alignment - (unpadded % Alignment)) % Alignment);
        if (unpadded + padding + data.Length > uint.MaxValue)
            throw new ArgumentException("The tensors together need more than 4 GiB; save as safetensors.");
        long start = _position;

        _directory.WriteUInt32(0x02014B50);
        _directory.WriteUInt16(20);
        WriteCommon(_directory, nameBytes, crc, data.Length, extraLength: 0);
        _directory.Write(stackalloc byte[10]);
        _directory.WriteUInt32(start);
        _directory.Write(nameBytes);

        var local = new ArrayBufferWriter<byte>();
        local.WriteUInt32(0x04034B50);
        WriteCommon(local, nameBytes, crc, data.Length, ExtraHeaderSize + padding);
        local.Write(nameBytes);
        local.WriteUInt16(PaddingField);
        local.WriteUInt16(padding);
        local.Write(new byte[padding]);
        stream.Write(local.WrittenSpan);
        stream.Write(data);
        _position += local.WrittenCount + data.Length;
        _count++;
    }

    /// <summary>Writes the directory and the end record.</summary>
    public void Finish()
    {
        var end = new ArrayBufferWriter<byte>();
        end.WriteUInt32(0x06054B50);
        end.WriteUInt32(0);
        end.WriteUInt16(_count);
        end.WriteUInt16(_count);
        end.WriteUInt32(_directory.WrittenCount);
        end.WriteUInt32(_position);
        end.WriteUInt16(0);
        stream.Write(_directory.WrittenSpan);
        stream.Write(end.WrittenSpan);
    }

    /// <summary>The fields that stand in this order in both kinds of header.</summary>
    private static void WriteCommon(ArrayBufferWriter<byte> header, byte[] name, uint crc, int size, int extraLength)
    {
        header.WriteUInt16(20);
        header.WriteUInt16(NameIsUtf8);
        header.WriteUInt16(0);
        header.WriteUInt16(0);
        header.WriteUInt16(FirstDate);
        header.WriteUInt32(crc);
        header.WriteUInt32(size);
        header.WriteUInt32(size);
        header.WriteUInt16(name.Length);
        header.WriteUInt16(extraLength);
    }
}
