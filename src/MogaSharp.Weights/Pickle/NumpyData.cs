using System.Buffers.Binary;
using System.Numerics;

namespace MogaSharp.Weights;

/// <summary>Numbers that a training script left in a checkpoint as numpy scalars and arrays.</summary>
internal static class NumpyData
{
    public static object Scalar(FileBytes file, PickleArrayType type, byte[] bytes) =>
        bytes.Length == Size(file, type) ? Element(file, type, bytes) : throw file.Refuse("A numpy scalar has the wrong number of bytes.");

    public static void Fill(FileBytes file, PickleArray array, PickleTuple extents, PickleArrayType type, bool isColumnMajor, byte[] bytes)
    {
        int size = Size(file, type);
        long[] shape = Array.ConvertAll(extents.Items, item => item is long and >= 0 and <= int.MaxValue ? (long)item : throw file.Refuse("A numpy array has a bad shape."));
        var count = BigInteger.One;
        foreach (long extent in shape) count *= extent;
        if (shape.Length > 32 || count * size != bytes.Length) throw file.Refuse("A numpy array's shape does not fit its bytes.");
        if (isColumnMajor && shape.Length > 1) throw file.Refuse("A numpy array is stored column by column, which is not supported.");
        array.Extents = shape;
        array.Elements = new object?[bytes.Length / size];
        for (int i = 0; i < array.Elements.Length; i++) array.Elements[i] = Element(file, type, bytes.AsSpan(i * size, size));
    }

    private static int Size(FileBytes file, PickleArrayType type) => type.Code switch
    {
        "b1" or "i1" or "u1" => 1,
        "i2" or "u2" or "f2" => 2,
        "i4" or "u4" or "f4" => 4,
        "i8" or "u8" or "f8" => 8,
        _ => throw file.Refuse($"The numpy type '{type.Code}' is not supported."),
    };

    private static object Element(FileBytes file, PickleArrayType type, ReadOnlySpan<byte> bytes)
    {
        if (type.IsBigEndian && bytes.Length > 1) throw file.Refuse("A numpy value is big-endian, which is not supported.");
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
