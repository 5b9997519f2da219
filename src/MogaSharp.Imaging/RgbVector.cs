using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MogaSharp.Imaging;

/// <summary>The samples of an 8-bit RGB pixel in a vector.</summary>
internal static class RgbVector
{
    /// <summary>Red, green, blue, and the byte behind them, which must be readable.</summary>
    /// <param name="first">The first sample of the image or row.</param>
    /// <param name="offset">The pixel's first sample, counted from there.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Load(ref byte first, int offset)
    {
        uint four = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, offset));
        return Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(four).AsByte())).AsInt32();
    }
}
