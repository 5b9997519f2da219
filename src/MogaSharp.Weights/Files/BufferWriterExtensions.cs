using System.Buffers;
using System.Buffers.Binary;

namespace MogaSharp.Weights;

/// <summary>Little-endian numbers into a growing buffer.</summary>
internal static class BufferWriterExtensions
{
    public static void WriteByte(this ArrayBufferWriter<byte> buffer, byte value) => buffer.Write([value]);

    public static void WriteUInt16(this ArrayBufferWriter<byte> buffer, int value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(buffer.GetSpan(2), (ushort)value);
        buffer.Advance(2);
    }

    public static void WriteUInt32(this ArrayBufferWriter<byte> buffer, long value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.GetSpan(4), (uint)value);
        buffer.Advance(4);
    }

    public static void WriteInt64(this ArrayBufferWriter<byte> buffer, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(buffer.GetSpan(8), value);
        buffer.Advance(8);
    }
}
