using System.Runtime.InteropServices;
using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>Conversions between element types. Rounding is to nearest, ties to even; a NaN stays a NaN.</summary>
internal static class Conversion
{
    public static void ToFloat32(DType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (type)
        {
            case DType.Float32:
                source.CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            case DType.Float64:
                Map(source, destination, static (double x) => (float)x);
                break;
            case DType.Float16:
                Map(source, destination, static (Half x) => (float)x);
                break;
            case DType.BFloat16:
                Map(source, destination, static (ushort x) => BitConverter.UInt32BitsToSingle((uint)x << 16));
                break;
            default:
                Integers(type, source, destination, static x => (float)x);
                break;
        }
    }

    public static void ToInt64(DType type, ReadOnlySpan<byte> source, Span<long> destination) =>
        Integers(type, source, destination, static x => x);

    public static void FromFloat32(ReadOnlySpan<float> source, DType type, Span<byte> destination)
    {
        switch (type)
        {
            case DType.Float32:
                MemoryMarshal.AsBytes(source).CopyTo(destination);
                break;
            case DType.Float64:
                Map(source, destination, static (float x) => (double)x);
                break;
            case DType.Float16:
                Map(source, destination, static (float x) => (Half)x);
                break;
            case DType.BFloat16:
                Map(source, destination, ToBFloat16);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type));
        }
    }

    /// <summary>The nearest bfloat16's bits. A NaN keeps its sign and upper payload and becomes quiet.</summary>
    public static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | 0x40);
        // Half a unit, less one when the kept part is even: a tie then goes to the even neighbor.
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static void Integers<T>(DType type, ReadOnlySpan<byte> source, Span<T> destination, Func<long, T> convert)
        where T : unmanaged
    {
        switch (type)
        {
            case DType.UInt8:
                Map(source, destination, (byte x) => convert(x));
                break;
            case DType.Int8:
                Map(source, destination, (sbyte x) => convert(x));
                break;
            case DType.Int16:
                Map(source, destination, (short x) => convert(x));
                break;
            case DType.Int32:
                Map(source, destination, (int x) => convert(x));
                break;
            case DType.Int64:
                Map(source, destination, convert);
                break;
            case DType.Bool:
                Map(source, destination, (byte x) => convert(x != 0 ? 1 : 0));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type));
        }
    }

    private static void Map<TFrom, TTo>(ReadOnlySpan<byte> source, Span<TTo> destination, Func<TFrom, TTo> convert)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        ReadOnlySpan<TFrom> elements = MemoryMarshal.Cast<byte, TFrom>(source);
        for (int i = 0; i < elements.Length; i++)
            destination[i] = convert(elements[i]);
    }

    private static void Map<TFrom, TTo>(ReadOnlySpan<TFrom> source, Span<byte> destination, Func<TFrom, TTo> convert)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        Span<TTo> elements = MemoryMarshal.Cast<byte, TTo>(destination);
        for (int i = 0; i < source.Length; i++)
            elements[i] = convert(source[i]);
    }
}
