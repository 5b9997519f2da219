using System.Runtime.CompilerServices;

namespace MogaSharp.Cpu.Kernels;

/// <summary>A point-wise function inlined into the kernels that end with it.</summary>
internal interface IActivation
{
    static abstract V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct;
}

internal readonly struct Identity : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct => x;
}

internal readonly struct Relu : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct => S.Max(S.Broadcast(0), x);
}

/// <summary>x / (1 + exp(-x)).</summary>
internal readonly struct Silu : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        // The factor is bounded with the exponential: far out on the left x would amplify what is left of that.
        V factor = S.Max(S.Broadcast(-Activations.ExpBound), x);
        return S.Divide(factor, S.Add(S.Broadcast(1), Activations.Exp<S, V>(S.Subtract(S.Broadcast(0), factor))));
    }
}

/// <summary>
/// x Phi(x), the exact (erf) form; at most 1e-6 off for |x| up to 8 (1.5e-6 where the machine cannot fuse multiply-adds), and within
/// 2e-7 |x| beyond.
/// </summary>
internal readonly struct Gelu : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct => Activations.Gelu<S, V>(x);
}

/// <summary>1 / (1 + exp(-x)); at most 1e-6 off.</summary>
internal readonly struct Sigmoid : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        // The exponential has a bound for its argument: beyond it the result is 0 or 1. It may lose a NaN, which the numerator keeps.
        V bounded = S.Min(S.Broadcast(Activations.ExpBound), S.Max(S.Broadcast(-Activations.ExpBound), x));
        V minus = S.Subtract(S.Broadcast(0), bounded);
        return S.Divide(S.MultiplyAdd(S.Broadcast(0), bounded, S.Broadcast(1)), S.Add(S.Broadcast(1), Activations.Exp<S, V>(minus)));
    }
}

/// <summary>x above 0, else 0.2 x.</summary>
internal readonly struct LeakyRelu : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct => S.Max(S.Multiply(S.Broadcast(0.2f), x), x);
}

/// <summary>min(max(x + 3, 0), 6) / 6.</summary>
internal readonly struct HardSigmoid : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct =>
        S.Multiply(S.Broadcast(1f / 6), S.Min(S.Broadcast(6), S.Max(S.Broadcast(0), S.Add(x, S.Broadcast(3)))));
}

/// <summary>x min(max(x + 3, 0), 6) / 6; 0 for minus infinity, as in the limit.</summary>
internal readonly struct HardSwish : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        V factor = S.Max(S.Broadcast(-3), x);
        return S.Multiply(factor, HardSigmoid.Apply<S, V>(factor));
    }
}

/// <summary>One function after another.</summary>
internal readonly struct Twice<A> : IActivation
    where A : struct, IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct => A.Apply<S, V>(A.Apply<S, V>(x));
}

/// <summary>
/// exp: 2^y with y = x log2 e; adding 1.5 * 2^23 rounds y to an integer n that then stands in the low mantissa bits, and a
/// polynomial of degree 5 (relative error 8e-8) gives 2^(y - n). GELU: Phi(x) = 1/2 + x P(x^2) / Q(x^2) for |x| to 5.2, P and Q
/// of degree 5 (error of x Phi: 9e-9 before rounding). All fits are our own, weighted minimax. No compare, no table. A polynomial of
/// degree 14 instead of the quotient has no division but seven more multiply-adds and is slower. Cost per vector: exp 12 instructions, SiLU
/// 15 and GELU 18, with one division each.
/// </summary>
internal static class Activations
{
    /// <summary>The largest argument of <see cref="Exp{S, V}"/>.</summary>
    public const float ExpBound = 87.3f;

    private const float GeluBound = 5.2f;

    /// <summary>e^x for x up to <see cref="ExpBound"/>; far below zero it stays at e^-<see cref="ExpBound"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        const float Log2E = 1.44269504f, Shifter = 12582912f;
        x = S.Max(S.Broadcast(-ExpBound), x);
        V shifted = S.MultiplyAdd(x, S.Broadcast(Log2E), S.Broadcast(Shifter));
        V f = S.MultiplyAdd(x, S.Broadcast(Log2E), S.Subtract(S.Broadcast(Shifter), shifted));
        V p = S.MultiplyAdd(S.Broadcast(0.00132764713f), f, S.Broadcast(0.00967554096f));
        p = S.MultiplyAdd(p, f, S.Broadcast(0.0555071309f));
        p = S.MultiplyAdd(p, f, S.Broadcast(0.240221202f));
        p = S.MultiplyAdd(p, f, S.Broadcast(0.693146944f));
        p = S.MultiplyAdd(p, f, S.Broadcast(1.00000012f));
        return S.ScaleByPowerOfTwo(p, shifted);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Gelu<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        // The factor is bounded below too: far out on the left Phi is rounding noise, and x would amplify it.
        V factor = S.Max(S.Broadcast(-GeluBound), x);
        V bounded = S.Min(S.Broadcast(GeluBound), factor);
        V t = S.Multiply(bounded, bounded);
        V p = S.MultiplyAdd(S.Broadcast(2.40390747e-8f), t, S.Broadcast(6.46256103e-6f));
        V q = S.MultiplyAdd(S.Broadcast(1.24298492e-6f), t, S.Broadcast(7.31663022e-5f));
        p = S.MultiplyAdd(p, t, S.Broadcast(1.65151956e-4f));
        q = S.MultiplyAdd(q, t, S.Broadcast(1.86339836e-3f));
        p = S.MultiplyAdd(p, t, S.Broadcast(4.65755584e-3f));
        q = S.MultiplyAdd(q, t, S.Broadcast(2.83899922e-2f));
        p = S.MultiplyAdd(p, t, S.Broadcast(3.33572328e-2f));
        q = S.MultiplyAdd(q, t, S.Broadcast(0.250279486f));
        p = S.MultiplyAdd(p, t, S.Broadcast(0.398942143f));
        q = S.MultiplyAdd(q, t, S.Broadcast(1));
        V phi = S.Add(S.Divide(S.Multiply(bounded, p), q), S.Broadcast(0.5f));
        return S.Multiply(factor, phi);
    }
}
