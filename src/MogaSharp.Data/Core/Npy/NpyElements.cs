using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace MogaSharp.Data;

/// <summary>The element types of npy files that are read; uint8, float32 and float64 are written too.</summary>
public enum NpyType
{
    /// <summary>Bytes: <c>|u1</c>.</summary>
    UInt8,

    /// <summary>Single precision: <c>&lt;f4</c>.</summary>
    Float32,

    /// <summary>Double precision: <c>&lt;f8</c>.</summary>
    Float64,

    /// <summary>Half precision: <c>&lt;f2</c>.</summary>
    Float16,

    /// <summary>True or false in a byte: <c>|b1</c>.</summary>
    Boolean,

    /// <summary>Bytes with a sign: <c>|i1</c>.</summary>
    Int8,

    /// <summary>Whole numbers of 2 bytes with a sign: <c>&lt;i2</c>.</summary>
    Int16,

    /// <summary>Whole numbers of 2 bytes: <c>&lt;u2</c>.</summary>
    UInt16,

    /// <summary>Whole numbers of 4 bytes with a sign: <c>&lt;i4</c>.</summary>
    Int32,

    /// <summary>Whole numbers of 4 bytes: <c>&lt;u4</c>.</summary>
    UInt32,

    /// <summary>Whole numbers of 8 bytes with a sign: <c>&lt;i8</c>.</summary>
    Int64,

    /// <summary>Whole numbers of 8 bytes: <c>&lt;u8</c>.</summary>
    UInt64,
}

/// <summary>What NumPy calls the types of elements, and how their bytes become numbers.</summary>
internal static class NpyElements
{
    // In the order of the types: kind and size in bytes.
    private static readonly string[] Codes = ["u1", "f4", "f8", "f2", "b1", "i1", "i2", "u2", "i4", "u4", "i8", "u8"];

    /// <summary>The bytes of an element.</summary>
    public static int SizeOf(NpyType type) => Codes[(int)type][1] - '0';

    /// <summary>Whether elements are whole numbers or booleans.</summary>
    public static bool IsWhole(NpyType type) => Codes[(int)type][0] != 'f';

    /// <summary>The type as NumPy writes it, such as <c>&lt;f4</c>.</summary>
    public static string NameOf(NpyType type) => (SizeOf(type) == 1 ? "|" : "<") + Codes[(int)type];

    /// <summary>The type as users of NumPy know it, such as <c>float32</c>.</summary>
    public static string WordOf(NpyType type) => type == NpyType.Boolean ? "bool" : type.ToString().ToLower(CultureInfo.InvariantCulture);

    /// <summary>Reads a name such as <c>&lt;f4</c>, <c>&gt;i8</c>, <c>=u2</c> or <c>u1</c>.</summary>
    public static bool TryParse(string name, out NpyType type, out bool isSwapped)
    {
        bool hasOrder = name.Length > 0 && name[0] is '<' or '>' or '=' or '|';
        int index = Array.IndexOf(Codes, hasOrder ? name[1..] : name);
        type = (NpyType)Math.Max(index, 0);
        isSwapped = index >= 0 && SizeOf(type) > 1 && hasOrder && name[0] == (BitConverter.IsLittleEndian ? '>' : '<');
        return index >= 0;
    }

    /// <summary>Turns the bytes of elements round.</summary>
    public static void Swap(Span<byte> bytes, int size)
    {
        switch (size)
        {
            case 2:
                Span<ushort> halves = MemoryMarshal.Cast<byte, ushort>(bytes);
                BinaryPrimitives.ReverseEndianness(halves, halves);
                break;
            case 4:
                Span<uint> words = MemoryMarshal.Cast<byte, uint>(bytes);
                BinaryPrimitives.ReverseEndianness(words, words);
                break;
            case 8:
                Span<ulong> longs = MemoryMarshal.Cast<byte, ulong>(bytes);
                BinaryPrimitives.ReverseEndianness(longs, longs);
                break;
        }
    }

    /// <summary>Turns bytes in this machine's order into numbers, rounded to single precision; booleans become 0 and 1.</summary>
    public static void Convert(ReadOnlySpan<byte> bytes, NpyType type, Span<float> numbers)
    {
        switch (type)
        {
            case NpyType.UInt8:
                for (int i = 0; i < numbers.Length; i++)
                    numbers[i] = bytes[i];
                break;
            case NpyType.Boolean:
                for (int i = 0; i < numbers.Length; i++)
                    numbers[i] = bytes[i] == 0 ? 0 : 1;
                break;
            case NpyType.Float32:
                MemoryMarshal.Cast<byte, float>(bytes)[..numbers.Length].CopyTo(numbers);
                break;
            case NpyType.Float64:
                Each<double>(bytes, numbers, value => (float)value);
                break;
            case NpyType.Float16:
                Each<Half>(bytes, numbers, value => (float)value);
                break;
            case NpyType.Int8:
                Each<sbyte>(bytes, numbers, value => value);
                break;
            case NpyType.Int16:
                Each<short>(bytes, numbers, value => value);
                break;
            case NpyType.UInt16:
                Each<ushort>(bytes, numbers, value => value);
                break;
            case NpyType.Int32:
                Each<int>(bytes, numbers, value => value);
                break;
            case NpyType.UInt32:
                Each<uint>(bytes, numbers, value => value);
                break;
            case NpyType.Int64:
                Each<long>(bytes, numbers, value => value);
                break;
            default:
                Each<ulong>(bytes, numbers, value => value);
                break;
        }
    }

    private static void Each<T>(ReadOnlySpan<byte> bytes, Span<float> numbers, Func<T, float> convert)
        where T : unmanaged
    {
        ReadOnlySpan<T> elements = MemoryMarshal.Cast<byte, T>(bytes);
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = convert(elements[i]);
    }
}
