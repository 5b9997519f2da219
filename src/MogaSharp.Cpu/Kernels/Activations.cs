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
        where V : struct => S.Divide(x, S.Add(S.Broadcast(1), Activations.Exp<S, V>(S.Subtract(S.Broadcast(0), x))));
}

/// <summary>x Phi(x), the exact (erf) form; at most 6e-7 off for |x| up to 8, and within 2e-7 |x| beyond.</summary>
internal readonly struct Gelu : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct => Activations.Gelu<S, V>(x);
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
/// polynomial of degree 5 (relative error 8e-8) gives 2^(y - n). GELU: Phi(x) = 1/2 + x R(x^2) for |x| to 5.2, R a polynomial
/// of degree 14 in s = 2 x^2 / 5.2^2 - 1 (in s, not x^2, since monomials of x^2 cancel badly), even and odd powers apart
/// for two shorter chains. Polynomials are our own weighted minimax fits. No compare, no table, no division in GELU.
/// Cost per vector: exp 12 instructions, SiLU 15 with one division, GELU 21.
/// </summary>
internal static class Activations
{
    private const float GeluBound = 5.2f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<S, V>(V x)
        where S : struct, ISimd<V>
        where V : struct
    {
        const float Log2E = 1.44269504f, Shifter = 12582912f;
        x = S.Min(S.Broadcast(87.3f), S.Max(S.Broadcast(-87.3f), x));
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
        V s = S.MultiplyAdd(S.Multiply(bounded, bounded), S.Broadcast(2 / (GeluBound * GeluBound)), S.Broadcast(-1));
        V s2 = S.Multiply(s, s);
        V even = S.MultiplyAdd(S.Broadcast(1.65219753e-4f), s2, S.Broadcast(7.08516163e-4f));
        V odd = S.MultiplyAdd(S.Broadcast(-5.3010165e-4f), s2, S.Broadcast(-1.06911536e-3f));
        even = S.MultiplyAdd(even, s2, S.Broadcast(2.54228478e-3f));
        odd = S.MultiplyAdd(odd, s2, S.Broadcast(-4.9704155e-3f));
        even = S.MultiplyAdd(even, s2, S.Broadcast(8.07477534e-3f));
        odd = S.MultiplyAdd(odd, s2, S.Broadcast(-1.24024889e-2f));
        even = S.MultiplyAdd(even, s2, S.Broadcast(1.81166641e-2f));
        odd = S.MultiplyAdd(odd, s2, S.Broadcast(-2.47515421e-2f));
        even = S.MultiplyAdd(even, s2, S.Broadcast(3.19644138e-2f));
        odd = S.MultiplyAdd(odd, s2, S.Broadcast(-3.99266109e-2f));
        even = S.MultiplyAdd(even, s2, S.Broadcast(5.00260219e-2f));
        odd = S.MultiplyAdd(odd, s2, S.Broadcast(-6.77437708e-2f));
        even = S.MultiplyAdd(even, s2, S.Broadcast(0.135949984f));
        V phi = S.MultiplyAdd(bounded, S.MultiplyAdd(odd, s, even), S.Broadcast(0.5f));
        return S.Multiply(factor, phi);
    }
}
