using System.Text;

namespace MogaSharp.Onnx.Tests;

/// <summary>One protobuf message, read by the wire format's rules alone, without the schema or the library under test.</summary>
internal sealed class WireReader
{
    private readonly List<(int Field, ulong Number, ReadOnlyMemory<byte> Bytes)> _fields = [];

    public WireReader(ReadOnlyMemory<byte> bytes)
    {
        int at = 0;
        while (at < bytes.Length)
        {
            ulong tag = Varint(bytes.Span, ref at);
            int field = (int)(tag >> 3),
                length;
            switch (tag & 7)
            {
                case 0:
                    _fields.Add((field, Varint(bytes.Span, ref at), default));
                    break;
                case 2:
                    length = (int)Varint(bytes.Span, ref at);
                    _fields.Add((field, 0, bytes.Slice(at, length)));
                    at += length;
                    break;
                case 5:
                    _fields.Add((field, BitConverter.ToUInt32(bytes.Span[at..]), default));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"Wire type {tag & 7} is not expected in a model.");
            }
        }
    }

    public long Number(int field) => (long)_fields.SingleOrDefault(f => f.Field == field).Number;

    public string Text(int field) => Texts(field).SingleOrDefault("");

    public IEnumerable<string> Texts(int field) => All(field).Select(bytes => Encoding.UTF8.GetString(bytes.Span));

    public ReadOnlyMemory<byte> Bytes(int field) => All(field).SingleOrDefault();

    public WireReader Message(int field) => new(Bytes(field));

    public IEnumerable<WireReader> Messages(int field) => All(field).Select(bytes => new WireReader(bytes));

    public bool Has(int field) => _fields.Exists(f => f.Field == field);

    public long[] PackedNumbers(int field)
    {
        var numbers = new List<long>();
        ReadOnlySpan<byte> bytes = Bytes(field).Span;
        for (int at = 0; at < bytes.Length; )
            numbers.Add((long)Varint(bytes, ref at));
        return [.. numbers];
    }

    private IEnumerable<ReadOnlyMemory<byte>> All(int field) => _fields.Where(f => f.Field == field).Select(f => f.Bytes);

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = bytes[at++];
            value |= (ulong)(part & 127) << shift;
            if (part < 128)
                return value;
        }
    }
}
