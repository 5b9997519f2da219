using System.Runtime.CompilerServices;

namespace MogaSharp.Cpu.Kernels;

/// <summary>
/// The matrix product's inner loops. Layout: A row-major with a byte stride between rows; B packed in panels of two
/// vectors (<see cref="PackedMatrix"/>), so that one step of the depth reads consecutive floats; C and what it starts from are
/// given by the distances from row to row and from the panel's first vector to its second. Tile: rows by
/// two vectors with accumulators in registers: 14 x 2 (28 + 2 for B + 1 for the broadcast of A = 31 of 32 registers) on
/// machines with 32, 6 x 2 (15 of 16) otherwise, 7 x 1 for a last panel of one vector. Fourteen rows because MogaNet's maps
/// are 56, 28, 14 and 7 wide. Row addresses are a + s * {1, 2, 4, 8} and the same with 3 s, 5 s ...: eight integer registers.
/// Tail: the kernels always do all their rows; rows past the last are read from what follows in memory (callers keep
/// <see cref="MaxRows"/> rows of slack) and written where nobody looks. Cost: rows * panel multiply-adds for rows + 2 loads,
/// so the multipliers, not the loads, set the pace.
/// </summary>
internal static unsafe class MatrixKernel<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    private const int CacheLine = 64;

    /// <summary>Vectors in a full panel.</summary>
    public const int PanelVectors = 2;

    /// <summary>The rows that any kernel may read and write: callers keep this much room in A and C.</summary>
    public const int MaxRows = 14;

    /// <summary>Rows of the main tile.</summary>
    public static int TileRows => S.HasManyRegisters ? 14 : 6;

    /// <summary>Rows that the tiles for some wanted rows compute and write.</summary>
    /// <param name="rows">Rows that are wanted.</param>
    /// <param name="vectors">The panel's width in vectors.</param>
    public static int RowsDone(int rows, int vectors)
    {
        int done = 0;
        for (int row = 0; row < rows; row += TileRows)
        {
            int wanted = Math.Min(TileRows, rows - row), step = vectors == 1 || S.HasManyRegisters ? 7 : TileRows;
            done = row + ((wanted + step - 1) / step * step);
        }

        return done;
    }

    /// <summary>C = start + A B for one panel and at most <see cref="TileRows"/> rows.</summary>
    /// <param name="rows">Rows that mean something, at least 1.</param>
    /// <param name="depth">Columns of A.</param>
    /// <param name="a">The first row of A.</param>
    /// <param name="lda">Floats between rows of A.</param>
    /// <param name="b">The panel.</param>
    /// <param name="vectors">The panel's width in vectors, 1 or 2.</param>
    /// <param name="c">The tile.</param>
    /// <param name="ldc">Floats between rows of C.</param>
    /// <param name="cv">Floats between the two vectors of a row of C.</param>
    /// <param name="start">What the sums start from: C itself to accumulate, or a bias.</param>
    /// <param name="lds">Floats between rows of the start; 0 for the same in every row.</param>
    /// <param name="sv">Floats between the two vectors of a row of the start.</param>
    /// <param name="ahead">What to bring to L2 meanwhile, one cache line per step of the depth; any address will do.</param>
    public static void Tile(
        int rows, int depth, float* a, nint lda, float* b, int vectors, float* c, nint ldc, nint cv, float* start,
        nint lds, nint sv, float* ahead)
    {
        nint stride = lda * sizeof(float);
        byte* next = (byte*)ahead;
        if (vectors == 1)
        {
            Rows7Narrow(depth, (byte*)a, stride, b, c, ldc, start, lds, next);
            if (rows > 7) Rows7Narrow(depth, (byte*)(a + (7 * lda)), stride, b, c + (7 * ldc), ldc, start + (7 * lds), lds, next);
        }
        else if (!S.HasManyRegisters) Rows6(depth, (byte*)a, stride, b, c, ldc, cv, start, lds, sv, next);
        else if (rows > 7) Rows14(depth, (byte*)a, stride, b, c, ldc, cv, start, lds, sv, next);
        else Rows7(depth, (byte*)a, stride, b, c, ldc, cv, start, lds, sv, next);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows14(
        int depth, byte* a, nint s, float* b, float* c, nint ldc, nint cv, float* start, nint lds, nint sv, byte* ahead)
    {
        nint s3 = s * 3, s5 = s * 5, s7 = s * 7, s9 = s * 9, s11 = s * 11, s13 = s * 13;
        V c0a = S.Load(start), c0b = S.Load(start + sv);
        V c1a = S.Load(start + lds), c1b = S.Load(start + lds + sv);
        V c2a = S.Load(start + (2 * lds)), c2b = S.Load(start + (2 * lds) + sv);
        V c3a = S.Load(start + (3 * lds)), c3b = S.Load(start + (3 * lds) + sv);
        V c4a = S.Load(start + (4 * lds)), c4b = S.Load(start + (4 * lds) + sv);
        V c5a = S.Load(start + (5 * lds)), c5b = S.Load(start + (5 * lds) + sv);
        V c6a = S.Load(start + (6 * lds)), c6b = S.Load(start + (6 * lds) + sv);
        V c7a = S.Load(start + (7 * lds)), c7b = S.Load(start + (7 * lds) + sv);
        V c8a = S.Load(start + (8 * lds)), c8b = S.Load(start + (8 * lds) + sv);
        V c9a = S.Load(start + (9 * lds)), c9b = S.Load(start + (9 * lds) + sv);
        V c10a = S.Load(start + (10 * lds)), c10b = S.Load(start + (10 * lds) + sv);
        V c11a = S.Load(start + (11 * lds)), c11b = S.Load(start + (11 * lds) + sv);
        V c12a = S.Load(start + (12 * lds)), c12b = S.Load(start + (12 * lds) + sv);
        V c13a = S.Load(start + (13 * lds)), c13b = S.Load(start + (13 * lds) + sv);
        for (float* end = b + ((nint)depth * 2 * S.Lanes); b < end; b += 2 * S.Lanes, a += sizeof(float), ahead += CacheLine)
        {
            S.Prefetch(ahead);
            V ba = S.Load(b), bb = S.Load(b + S.Lanes);
            V x = S.Broadcast(*(float*)a);
            c0a = S.MultiplyAdd(x, ba, c0a); c0b = S.MultiplyAdd(x, bb, c0b);
            x = S.Broadcast(*(float*)(a + s));
            c1a = S.MultiplyAdd(x, ba, c1a); c1b = S.MultiplyAdd(x, bb, c1b);
            x = S.Broadcast(*(float*)(a + (s * 2)));
            c2a = S.MultiplyAdd(x, ba, c2a); c2b = S.MultiplyAdd(x, bb, c2b);
            x = S.Broadcast(*(float*)(a + s3));
            c3a = S.MultiplyAdd(x, ba, c3a); c3b = S.MultiplyAdd(x, bb, c3b);
            x = S.Broadcast(*(float*)(a + (s * 4)));
            c4a = S.MultiplyAdd(x, ba, c4a); c4b = S.MultiplyAdd(x, bb, c4b);
            x = S.Broadcast(*(float*)(a + s5));
            c5a = S.MultiplyAdd(x, ba, c5a); c5b = S.MultiplyAdd(x, bb, c5b);
            x = S.Broadcast(*(float*)(a + (s3 * 2)));
            c6a = S.MultiplyAdd(x, ba, c6a); c6b = S.MultiplyAdd(x, bb, c6b);
            x = S.Broadcast(*(float*)(a + s7));
            c7a = S.MultiplyAdd(x, ba, c7a); c7b = S.MultiplyAdd(x, bb, c7b);
            x = S.Broadcast(*(float*)(a + (s * 8)));
            c8a = S.MultiplyAdd(x, ba, c8a); c8b = S.MultiplyAdd(x, bb, c8b);
            x = S.Broadcast(*(float*)(a + s9));
            c9a = S.MultiplyAdd(x, ba, c9a); c9b = S.MultiplyAdd(x, bb, c9b);
            x = S.Broadcast(*(float*)(a + (s5 * 2)));
            c10a = S.MultiplyAdd(x, ba, c10a); c10b = S.MultiplyAdd(x, bb, c10b);
            x = S.Broadcast(*(float*)(a + s11));
            c11a = S.MultiplyAdd(x, ba, c11a); c11b = S.MultiplyAdd(x, bb, c11b);
            x = S.Broadcast(*(float*)(a + (s3 * 4)));
            c12a = S.MultiplyAdd(x, ba, c12a); c12b = S.MultiplyAdd(x, bb, c12b);
            x = S.Broadcast(*(float*)(a + s13));
            c13a = S.MultiplyAdd(x, ba, c13a); c13b = S.MultiplyAdd(x, bb, c13b);
        }

        S.Store(c, c0a); S.Store(c + cv, c0b);
        S.Store(c + ldc, c1a); S.Store(c + ldc + cv, c1b);
        S.Store(c + (2 * ldc), c2a); S.Store(c + (2 * ldc) + cv, c2b);
        S.Store(c + (3 * ldc), c3a); S.Store(c + (3 * ldc) + cv, c3b);
        S.Store(c + (4 * ldc), c4a); S.Store(c + (4 * ldc) + cv, c4b);
        S.Store(c + (5 * ldc), c5a); S.Store(c + (5 * ldc) + cv, c5b);
        S.Store(c + (6 * ldc), c6a); S.Store(c + (6 * ldc) + cv, c6b);
        S.Store(c + (7 * ldc), c7a); S.Store(c + (7 * ldc) + cv, c7b);
        S.Store(c + (8 * ldc), c8a); S.Store(c + (8 * ldc) + cv, c8b);
        S.Store(c + (9 * ldc), c9a); S.Store(c + (9 * ldc) + cv, c9b);
        S.Store(c + (10 * ldc), c10a); S.Store(c + (10 * ldc) + cv, c10b);
        S.Store(c + (11 * ldc), c11a); S.Store(c + (11 * ldc) + cv, c11b);
        S.Store(c + (12 * ldc), c12a); S.Store(c + (12 * ldc) + cv, c12b);
        S.Store(c + (13 * ldc), c13a); S.Store(c + (13 * ldc) + cv, c13b);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows7(
        int depth, byte* a, nint s, float* b, float* c, nint ldc, nint cv, float* start, nint lds, nint sv, byte* ahead)
    {
        nint s3 = s * 3, s5 = s * 5;
        V c0a = S.Load(start), c0b = S.Load(start + sv);
        V c1a = S.Load(start + lds), c1b = S.Load(start + lds + sv);
        V c2a = S.Load(start + (2 * lds)), c2b = S.Load(start + (2 * lds) + sv);
        V c3a = S.Load(start + (3 * lds)), c3b = S.Load(start + (3 * lds) + sv);
        V c4a = S.Load(start + (4 * lds)), c4b = S.Load(start + (4 * lds) + sv);
        V c5a = S.Load(start + (5 * lds)), c5b = S.Load(start + (5 * lds) + sv);
        V c6a = S.Load(start + (6 * lds)), c6b = S.Load(start + (6 * lds) + sv);
        for (float* end = b + ((nint)depth * 2 * S.Lanes); b < end; b += 2 * S.Lanes, a += sizeof(float), ahead += CacheLine)
        {
            S.Prefetch(ahead);
            V ba = S.Load(b), bb = S.Load(b + S.Lanes);
            V x = S.Broadcast(*(float*)a);
            c0a = S.MultiplyAdd(x, ba, c0a); c0b = S.MultiplyAdd(x, bb, c0b);
            x = S.Broadcast(*(float*)(a + s));
            c1a = S.MultiplyAdd(x, ba, c1a); c1b = S.MultiplyAdd(x, bb, c1b);
            x = S.Broadcast(*(float*)(a + (s * 2)));
            c2a = S.MultiplyAdd(x, ba, c2a); c2b = S.MultiplyAdd(x, bb, c2b);
            x = S.Broadcast(*(float*)(a + s3));
            c3a = S.MultiplyAdd(x, ba, c3a); c3b = S.MultiplyAdd(x, bb, c3b);
            x = S.Broadcast(*(float*)(a + (s * 4)));
            c4a = S.MultiplyAdd(x, ba, c4a); c4b = S.MultiplyAdd(x, bb, c4b);
            x = S.Broadcast(*(float*)(a + s5));
            c5a = S.MultiplyAdd(x, ba, c5a); c5b = S.MultiplyAdd(x, bb, c5b);
            x = S.Broadcast(*(float*)(a + (s3 * 2)));
            c6a = S.MultiplyAdd(x, ba, c6a); c6b = S.MultiplyAdd(x, bb, c6b);
        }

        S.Store(c, c0a); S.Store(c + cv, c0b);
        S.Store(c + ldc, c1a); S.Store(c + ldc + cv, c1b);
        S.Store(c + (2 * ldc), c2a); S.Store(c + (2 * ldc) + cv, c2b);
        S.Store(c + (3 * ldc), c3a); S.Store(c + (3 * ldc) + cv, c3b);
        S.Store(c + (4 * ldc), c4a); S.Store(c + (4 * ldc) + cv, c4b);
        S.Store(c + (5 * ldc), c5a); S.Store(c + (5 * ldc) + cv, c5b);
        S.Store(c + (6 * ldc), c6a); S.Store(c + (6 * ldc) + cv, c6b);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows6(
        int depth, byte* a, nint s, float* b, float* c, nint ldc, nint cv, float* start, nint lds, nint sv, byte* ahead)
    {
        nint s3 = s * 3, s5 = s * 5;
        V c0a = S.Load(start), c0b = S.Load(start + sv);
        V c1a = S.Load(start + lds), c1b = S.Load(start + lds + sv);
        V c2a = S.Load(start + (2 * lds)), c2b = S.Load(start + (2 * lds) + sv);
        V c3a = S.Load(start + (3 * lds)), c3b = S.Load(start + (3 * lds) + sv);
        V c4a = S.Load(start + (4 * lds)), c4b = S.Load(start + (4 * lds) + sv);
        V c5a = S.Load(start + (5 * lds)), c5b = S.Load(start + (5 * lds) + sv);
        for (float* end = b + ((nint)depth * 2 * S.Lanes); b < end; b += 2 * S.Lanes, a += sizeof(float), ahead += CacheLine)
        {
            S.Prefetch(ahead);
            V ba = S.Load(b), bb = S.Load(b + S.Lanes);
            V x = S.Broadcast(*(float*)a);
            c0a = S.MultiplyAdd(x, ba, c0a); c0b = S.MultiplyAdd(x, bb, c0b);
            x = S.Broadcast(*(float*)(a + s));
            c1a = S.MultiplyAdd(x, ba, c1a); c1b = S.MultiplyAdd(x, bb, c1b);
            x = S.Broadcast(*(float*)(a + (s * 2)));
            c2a = S.MultiplyAdd(x, ba, c2a); c2b = S.MultiplyAdd(x, bb, c2b);
            x = S.Broadcast(*(float*)(a + s3));
            c3a = S.MultiplyAdd(x, ba, c3a); c3b = S.MultiplyAdd(x, bb, c3b);
            x = S.Broadcast(*(float*)(a + (s * 4)));
            c4a = S.MultiplyAdd(x, ba, c4a); c4b = S.MultiplyAdd(x, bb, c4b);
            x = S.Broadcast(*(float*)(a + s5));
            c5a = S.MultiplyAdd(x, ba, c5a); c5b = S.MultiplyAdd(x, bb, c5b);
        }

        S.Store(c, c0a); S.Store(c + cv, c0b);
        S.Store(c + ldc, c1a); S.Store(c + ldc + cv, c1b);
        S.Store(c + (2 * ldc), c2a); S.Store(c + (2 * ldc) + cv, c2b);
        S.Store(c + (3 * ldc), c3a); S.Store(c + (3 * ldc) + cv, c3b);
        S.Store(c + (4 * ldc), c4a); S.Store(c + (4 * ldc) + cv, c4b);
        S.Store(c + (5 * ldc), c5a); S.Store(c + (5 * ldc) + cv, c5b);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows7Narrow(int depth, byte* a, nint s, float* b, float* c, nint ldc, float* start, nint lds, byte* ahead)
    {
        nint s3 = s * 3, s5 = s * 5;
        V c0a = S.Load(start);
        V c1a = S.Load(start + lds);
        V c2a = S.Load(start + (2 * lds));
        V c3a = S.Load(start + (3 * lds));
        V c4a = S.Load(start + (4 * lds));
        V c5a = S.Load(start + (5 * lds));
        V c6a = S.Load(start + (6 * lds));
        for (float* end = b + ((nint)depth * S.Lanes); b < end; b += S.Lanes, a += sizeof(float), ahead += CacheLine)
        {
            S.Prefetch(ahead);
            V ba = S.Load(b);
            V x = S.Broadcast(*(float*)a);
            c0a = S.MultiplyAdd(x, ba, c0a);
            x = S.Broadcast(*(float*)(a + s));
            c1a = S.MultiplyAdd(x, ba, c1a);
            x = S.Broadcast(*(float*)(a + (s * 2)));
            c2a = S.MultiplyAdd(x, ba, c2a);
            x = S.Broadcast(*(float*)(a + s3));
            c3a = S.MultiplyAdd(x, ba, c3a);
            x = S.Broadcast(*(float*)(a + (s * 4)));
            c4a = S.MultiplyAdd(x, ba, c4a);
            x = S.Broadcast(*(float*)(a + s5));
            c5a = S.MultiplyAdd(x, ba, c5a);
            x = S.Broadcast(*(float*)(a + (s3 * 2)));
            c6a = S.MultiplyAdd(x, ba, c6a);
        }

        S.Store(c, c0a);
        S.Store(c + ldc, c1a);
        S.Store(c + (2 * ldc), c2a);
        S.Store(c + (3 * ldc), c3a);
        S.Store(c + (4 * ldc), c4a);
        S.Store(c + (5 * ldc), c5a);
        S.Store(c + (6 * ldc), c6a);
    }
}
