using System.Runtime.CompilerServices;

namespace MogaSharp.Cpu.Kernels;

/// <summary>
/// 3x3 depthwise convolution of one panel (one vector of channels), stride 1, same size, two rows of outputs at once. Layout: rows
/// of pixels of one vector each with one zero pixel on both sides; a row outside the image is given as a row of zeros. The nine
/// taps stay in registers; a sweep over the columns loads four pixels per column and keeps three unfinished outputs per row:
/// 9 + 6 + 4 + a sum = 20 of 32 registers. Each column's contribution is summed in two short chains, since one chain of three would
/// wait for its own latency. Tail: none, any width. Cost: 18 multiply-adds and 4 loads per column of two outputs.
/// </summary>
internal static unsafe class Depthwise3x3<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    /// <summary>Two rows of outputs from four rows of inputs.</summary>
    /// <param name="r0">The input row above the first output row, left padding included.</param>
    /// <param name="r1">The first output row's own input row.</param>
    /// <param name="r2">The next.</param>
    /// <param name="r3">The row below the second output row.</param>
    /// <param name="weight">Nine vectors, row by row.</param>
    /// <param name="bias">One vector.</param>
    /// <param name="width">Outputs in a row.</param>
    /// <param name="first">The first output row.</param>
    /// <param name="second">The second output row.</param>
    /// <param name="stride">Floats from one output pixel to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TwoRows(
        float* r0, float* r1, float* r2, float* r3, float* weight, V bias, int width, float* first, float* second, nint stride)
    {
        V w00 = S.Load(weight), w01 = S.Load(weight + S.Lanes), w02 = S.Load(weight + (2 * S.Lanes));
        V w10 = S.Load(weight + (3 * S.Lanes)), w11 = S.Load(weight + (4 * S.Lanes)), w12 = S.Load(weight + (5 * S.Lanes));
        V w20 = S.Load(weight + (6 * S.Lanes)), w21 = S.Load(weight + (7 * S.Lanes)), w22 = S.Load(weight + (8 * S.Lanes));

        // Columns -1 and 0 begin the first outputs; a column c then ends output c - 1, continues c and begins c + 1.
        (V a, V b, V c, V d) = (S.Load(r0), S.Load(r1), S.Load(r2), S.Load(r3));
        V p = Column(bias, a, w00, b, w10, c, w20), q = Column(bias, b, w00, c, w10, d, w20);
        (a, b, c, d) = (S.Load(r0 + S.Lanes), S.Load(r1 + S.Lanes), S.Load(r2 + S.Lanes), S.Load(r3 + S.Lanes));
        p = Column(p, a, w01, b, w11, c, w21);
        q = Column(q, b, w01, c, w11, d, w21);
        V next = Column(bias, a, w00, b, w10, c, w20), nextBelow = Column(bias, b, w00, c, w10, d, w20);
        for (int x = 0; x < width; x++, first += stride, second += stride)
        {
            int at = (x + 2) * S.Lanes;
            (a, b, c, d) = (S.Load(r0 + at), S.Load(r1 + at), S.Load(r2 + at), S.Load(r3 + at));
            S.Store(first, Column(p, a, w02, b, w12, c, w22));
            S.Store(second, Column(q, b, w02, c, w12, d, w22));
            p = Column(next, a, w01, b, w11, c, w21);
            q = Column(nextBelow, b, w01, c, w11, d, w21);
            next = Column(bias, a, w00, b, w10, c, w20);
            nextBelow = Column(bias, b, w00, c, w10, d, w20);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Column(V sum, V a, V wa, V b, V wb, V c, V wc) =>
        S.Add(S.MultiplyAdd(a, wa, sum), S.MultiplyAdd(c, wc, S.Multiply(b, wb)));
}
