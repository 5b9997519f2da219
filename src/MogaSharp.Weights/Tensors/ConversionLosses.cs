using System.Runtime.InteropServices;
using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>What the elements of a tensor lost when they were converted: finite ones that became infinite, and others that became
/// zero.</summary>
internal sealed class ConversionLosses
{
    /// <summary>Finite elements that the type cannot hold.</summary>
    public long Overflows { get; private set; }

    /// <summary>The largest magnitude of those.</summary>
    public double Largest { get; private set; }

    /// <summary>Elements that are not zero and became zero.</summary>
    public long Underflows { get; private set; }

    /// <summary>Compares elements with what became of them; counts anew.</summary>
    public void Compare(DType from, ReadOnlySpan<byte> before, DType to, ReadOnlySpan<byte> after)
    {
        (Overflows, Largest, Underflows) = (0, 0, 0);
        int before1 = from.Size(),
            after1 = to.Size();
        for (int i = 0; i * after1 < after.Length; i++)
        {
            double was = Element(from, before[(i * before1)..]),
                became = Element(to, after[(i * after1)..]);
            if (double.IsFinite(was) && double.IsInfinity(became))
            {
                Overflows++;
                Largest = Math.Max(Largest, Math.Abs(was));
            }
            else if (was != 0 && became == 0)
            {
                Underflows++;
            }
        }
    }

    private static double Element(DType type, ReadOnlySpan<byte> bytes) =>
        type switch
        {
            DType.Float64 => MemoryMarshal.Read<double>(bytes),
            DType.Float32 => MemoryMarshal.Read<float>(bytes),
            DType.Float16 => (double)MemoryMarshal.Read<Half>(bytes),
            DType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Read<ushort>(bytes) << 16),
            _ => throw new ArgumentOutOfRangeException(nameof(type)),
        };
}
