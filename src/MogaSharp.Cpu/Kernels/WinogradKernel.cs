using System.Runtime.CompilerServices;

namespace MogaSharp.Cpu.Kernels;

/// <summary>
/// The transforms of a 3x3 convolution with stride 1 that is computed two by two outputs at a time (Lavin and Gray, "Fast Algorithms for
/// Convolutional Neural Networks", 2016, F(2x2, 3x3)): 16 products of 4x4 transformed pixels and taps in place of 36. The points are 0, 1,
/// -1 and infinity, so that the transforms of maps add and subtract only, and errors stay within a few of the direct sum's.
/// Layout: a tile is 4x4 pixels with channels last; a transformed tile is one row of each of 16 matrices, which lie one after another.
/// Tile: one vector of channels; rows of pixels are combined first, four at a time, so that at most 10 registers are live.
/// Tail: whole vectors; what stands in the rounding of the channels is transformed too and not read. Cost: 32 loads, 32 additions and 16
/// stores per vector and tile on the way in, 24 loads, 24 additions and 4 stores on the way out, beside 16 multiply-adds for each output
/// channel, which is why few channels do not pay.
/// </summary>
internal static unsafe class WinogradKernel<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    /// <summary>Points, that is matrices: 4 x 4.</summary>
    public const int Points = 16;

    /// <summary>Transforms one tile.</summary>
    /// <param name="source">Its first pixel.</param>
    /// <param name="row">Floats from one row of pixels to the next.</param>
    /// <param name="pixel">Floats from one pixel to the next.</param>
    /// <param name="channels">Channels, of which whole vectors are read.</param>
    /// <param name="target">The tile's row of the first matrix.</param>
    /// <param name="point">Floats from one matrix to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Input(float* source, nint row, nint pixel, int channels, float* target, nint point)
    {
        for (int c = 0; c < channels; c += S.Lanes)
        {
            float* d = source + c, u = target + c;
            Subtract(d, d + (2 * row), pixel, u, point);
            Add(d + row, d + (2 * row), pixel, u + (4 * point), point);
            Subtract(d + (2 * row), d + row, pixel, u + (8 * point), point);
            Subtract(d + row, d + (3 * row), pixel, u + (12 * point), point);
        }
    }

    /// <summary>The outputs of some tiles side by side, for one vector of output channels: two rows of two pixels per tile.</summary>
    /// <param name="sums">The first tile's row of the first matrix.</param>
    /// <param name="tiles">How many tiles.</param>
    /// <param name="tile">Floats from one tile to the next.</param>
    /// <param name="point">Floats from one matrix to the next.</param>
    /// <param name="upper">The upper row of pixels.</param>
    /// <param name="lower">The lower row of pixels.</param>
    /// <param name="pixel">Floats from one pixel to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Output(float* sums, int tiles, nint tile, nint point, float* upper, float* lower, nint pixel)
    {
        nint row = 4 * point;
        for (int t = 0; t < tiles; t++, sums += tile, upper += 2 * pixel, lower += 2 * pixel)
        {
            Column(sums, row, out V a0, out V b0);
            Column(sums + point, row, out V a1, out V b1);
            Column(sums + (2 * point), row, out V a2, out V b2);
            Column(sums + (3 * point), row, out V a3, out V b3);
            S.Store(upper, S.Add(S.Add(a0, a1), a2));
            S.Store(upper + pixel, S.Subtract(S.Subtract(a1, a2), a3));
            S.Store(lower, S.Add(S.Add(b0, b1), b2));
            S.Store(lower + pixel, S.Subtract(S.Subtract(b1, b2), b3));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Column(float* m, nint row, out V upper, out V lower)
    {
        V above = S.Load(m + row), below = S.Load(m + (2 * row));
        upper = S.Add(S.Load(m), S.Add(above, below));
        lower = S.Subtract(S.Subtract(above, below), S.Load(m + (3 * row)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* a, float* b, nint pixel, float* target, nint point) =>
        Put(
            S.Add(S.Load(a), S.Load(b)),
            S.Add(S.Load(a + pixel), S.Load(b + pixel)),
            S.Add(S.Load(a + (2 * pixel)), S.Load(b + (2 * pixel))),
            S.Add(S.Load(a + (3 * pixel)), S.Load(b + (3 * pixel))),
            target,
            point);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Subtract(float* a, float* b, nint pixel, float* target, nint point) =>
        Put(
            S.Subtract(S.Load(a), S.Load(b)),
            S.Subtract(S.Load(a + pixel), S.Load(b + pixel)),
            S.Subtract(S.Load(a + (2 * pixel)), S.Load(b + (2 * pixel))),
            S.Subtract(S.Load(a + (3 * pixel)), S.Load(b + (3 * pixel))),
            target,
            point);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(V d0, V d1, V d2, V d3, float* target, nint point)
    {
        S.Store(target, S.Subtract(d0, d2));
        S.Store(target + point, S.Add(d1, d2));
        S.Store(target + (2 * point), S.Subtract(d2, d1));
        S.Store(target + (3 * point), S.Subtract(d1, d3));
    }
}
