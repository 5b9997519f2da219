using System.Runtime.CompilerServices;

namespace MogaSharp.Cpu.Kernels;

/// <summary>What the last part of a matrix step does with another map of the output's shape.</summary>
internal interface ICombine
{
    static abstract bool ReadsOther { get; }

    static abstract V Apply<S, V>(V x, V other, V scale)
        where S : struct, ISimd<V>
        where V : struct;
}

internal readonly struct KeepAlone : ICombine
{
    public static bool ReadsOther => false;

    public static V Apply<S, V>(V x, V other, V scale)
        where S : struct, ISimd<V>
        where V : struct => x;
}

/// <summary>x * other: the gate.</summary>
internal readonly struct MultiplyOther : ICombine
{
    public static bool ReadsOther => true;

    public static V Apply<S, V>(V x, V other, V scale)
        where S : struct, ISimd<V>
        where V : struct => S.Multiply(x, other);
}

/// <summary>x + scale * other: the shortcut.</summary>
internal readonly struct AddScaledOther : ICombine
{
    public static bool ReadsOther => true;

    public static V Apply<S, V>(V x, V other, V scale)
        where S : struct, ISimd<V>
        where V : struct => S.MultiplyAdd(other, scale, x);
}

/// <summary>
/// What happens to a tile of sums while it is in L1: bias, activation, one other map. One vector of channels at a time, down the rows.
/// </summary>
internal static unsafe class MatrixEpilogue<S, V, TActivation, TCombine>
    where S : struct, ISimd<V>
    where V : struct
    where TActivation : struct, IActivation
    where TCombine : struct, ICombine
{
    /// <summary>target = combine(activation(tile + bias), other, scale).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Column(
        float* tile, nint tileStride, int rows, V bias, float* target, nint targetStride, float* other, nint otherStride, V scale)
    {
        for (int r = 0; r < rows; r++, tile += tileStride, target += targetStride, other += otherStride)
        {
            V x = TActivation.Apply<S, V>(S.Add(S.Load(tile), bias));
            S.Store(target, TCombine.Apply<S, V>(x, TCombine.ReadsOther ? S.Load(other) : x, scale));
        }
    }
}
