using System.Buffers.Binary;

namespace MogaSharp.Weights;

/// <summary>Sizes and offset of a zip record: 32 bits each, or all ones and then 64 bits in the zip64 extra field.</summary>
internal struct ZipSizes(uint size, uint packed, uint offset)
{
    private const int Zip64Field = 1;

    public long Size { get; private set; } = size;

    public long Packed { get; private set; } = packed;

    public long Offset { get; private set; } = offset;

    /// <summary>Takes the large values from the extra fields; false when they are damaged, missing or negative.</summary>
    public bool Extend(ReadOnlySpan<byte> extra)
    {
        bool found = false;
        while (extra.Length >= 4)
        {
            int id = BinaryPrimitives.ReadUInt16LittleEndian(extra);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (length > extra.Length - 4)
                return false;
            if (id == Zip64Field)
            {
                if (found)
                    return false;
                found = true;
                ReadOnlySpan<byte> values = extra.Slice(4, length);
                Size = Take(Size, ref values);
                Packed = Take(Packed, ref values);
                Offset = Take(Offset, ref values);
            }

            extra = extra[(4 + length)..];
        }

        return extra.Length == 0
            && Size is >= 0 and not uint.MaxValue
            && Packed is >= 0 and not uint.MaxValue
            && Offset is >= 0 and not uint.MaxValue;
    }

    private static long Take(long value, ref ReadOnlySpan<byte> values)
    {
        if (value != uint.MaxValue)
            return value;
        if (values.Length < 8)
            return -1;
        long large = BinaryPrimitives.ReadInt64LittleEndian(values);
        values = values[8..];
        return large;
    }
}
