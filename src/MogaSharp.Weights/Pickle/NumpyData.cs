using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace MogaSharp.Weights;

/// <summary>Numbers and names that a training script left in a checkpoint as numpy scalars and arrays. What is neither stays
/// unread.</summary>
internal static class NumpyData
{
    // NumPy 2 has as many; before, it had 32.
    private const int MaxRank = 64;
    private const int MaxText = 1 << 16;

    public static object? Scalar(FileBytes file, PickleArrayType type, object? value)
    {
        if (Size(type) is not { } size)
            return $"numpy {type.Code}";
        if (value is not byte[] bytes || bytes.Length != size)
            throw file.Reject("A numpy scalar has the wrong number of bytes.");
        return Element(type, bytes);
    }

    /// <summary>Takes the elements of an array, in row-major order: from their bytes, or from a list of objects.</summary>
    public static void Fill(FileBytes file, PickleArray array, PickleTuple extents, PickleArrayType type, bool isColumnMajor, object? data)
    {
        // A long shape that is in the file once could else be multiplied and printed again and again.
        if (extents.Items.Length > MaxRank)
            throw file.Reject($"A numpy array has {extents.Items.Length} dimensions.");
        long[] shape = Array.ConvertAll(
            extents.Items,
            item => item is long and >= 0 and <= int.MaxValue ? (long)item : throw file.Reject("A numpy array has a bad shape.")
        );
        var count = BigInteger.One;
        foreach (long extent in shape)
            count *= extent;
        object?[]? elements = data switch
        {
            PickleList { Items: { } items } => [.. items],
            byte[] bytes when Size(type) is { } size => count * size == bytes.Length ? Elements(type, size, bytes) : throw Misfit(file),
            byte[] when type.Code.StartsWith('O') => throw file.Reject($"The numpy type '{type.Code}' is not supported as bytes."),
            _ => null,
        };
        if (elements is null)
        {
            array.Unread = $"{type.Code} {string.Join('x', shape)}";
            return;
        }

        if (count != elements.Length)
            throw Misfit(file);
        array.Extents = shape;
        array.Elements = isColumnMajor && shape.Length > 1 ? ByRows(elements, shape) : elements;
    }

    private static CheckpointFormatException Misfit(FileBytes file) => file.Reject("A numpy array's shape does not fit its bytes.");

    private static object?[] Elements(PickleArrayType type, int size, byte[] bytes)
    {
        object?[] elements = new object?[bytes.Length / size];
        for (int i = 0; i < elements.Length; i++)
            elements[i] = Element(type, bytes.AsSpan(i * size, size));
        return elements;
    }

    private static object?[] ByRows(object?[] columns, long[] shape)
    {
        object?[] rows = new object?[columns.Length];
        long[] index = new long[shape.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            long place = 0;
            for (int d = shape.Length - 1; d >= 0; d--)
                place = (place * shape[d]) + index[d];
            rows[i] = columns[place];
            for (int d = shape.Length - 1; d >= 0 && ++index[d] == shape[d]; d--)
                index[d] = 0;
        }

        return rows;
    }

    /// <summary>Bytes of an element; null for types that stay unread.</summary>
    private static int? Size(PickleArrayType type) =>
        type.IsStructured
            ? null
            : type.Code switch
            {
                "b1" or "i1" or "u1" => 1,
                "i2" or "u2" or "f2" => 2,
                "i4" or "u4" or "f4" => 4,
                "i8" or "u8" or "f8" => 8,
                ['U', .. var digits] when int.TryParse(digits, out int characters) && characters is > 0 and <= MaxText => 4 * characters,
                ['S', .. var digits] when int.TryParse(digits, out int characters) && characters is > 0 and <= MaxText => characters,
                _ => null,
            };

    private static object Element(PickleArrayType type, ReadOnlySpan<byte> source)
    {
        if (type.Code[0] == 'U')
            return (type.IsBigEndian ? new UTF32Encoding(true, false) : Encoding.UTF32).GetString(source).TrimEnd('\0');
        if (type.Code[0] == 'S')
            return Encoding.UTF8.GetString(source).TrimEnd('\0');
        Span<byte> bytes = stackalloc byte[source.Length];
        source.CopyTo(bytes);
        if (type.IsBigEndian)
            bytes.Reverse();
        return type.Code switch
        {
            "b1" => bytes[0] != 0,
            "i1" => (long)(sbyte)bytes[0],
            "u1" => (long)bytes[0],
            "i2" => (long)BinaryPrimitives.ReadInt16LittleEndian(bytes),
            "u2" => (long)BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            "i4" => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
            "u4" => (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            "i8" => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            "u8" => new BigInteger(BinaryPrimitives.ReadUInt64LittleEndian(bytes)),
            "f2" => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
            "f4" => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
            _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        };
    }
}
