using System.Runtime.CompilerServices;

namespace MogaSharp.Cpu.Kernels;

/// <summary>How many neighboring outputs a tile has; a constant to the compiler.</summary>
internal interface ITileWidth
{
    static abstract int Count { get; }
}

internal readonly struct Tile8 : ITileWidth
{
    public static int Count => 8;
}

internal readonly struct Tile7 : ITileWidth
{
    public static int Count => 7;
}

/// <summary>A panel's padded rows: each of one vector per pixel, with <paramref name="Padding"/> zero pixels on both sides.</summary>
/// <param name="Data">The first row, its left padding included.</param>
/// <param name="RowStride">Floats from row to row.</param>
/// <param name="FirstRow">The first row in image coordinates.</param>
/// <param name="Rows">Rows that are there; those wanted beyond are outside the image.</param>
/// <param name="Padding">Zero pixels on each side of a row.</param>
/// <param name="Width">Pixels of a row without padding.</param>
internal readonly unsafe record struct PanelRows(nint Data, int RowStride, int FirstRow, int Rows, int Padding, int Width);

/// <summary>
/// Depthwise convolution of one panel (one vector of channels), stride 1, same size. Layout: <see cref="PanelRows"/>, so that taps are
/// constant offsets from one pointer. Rows outside the image are left out, not multiplied. Tile: 8 (or 7) neighboring outputs of two rows
/// that lie one dilation apart and so read the same rows but one: 16 accumulators, two taps and the pixel = 19 of 32 registers; one load of
/// a pixel serves two multiply-adds. With 16 registers, and for a row without a partner, one row: 8 accumulators and multiply-adds
/// straight from memory. A tap column that falls into the padding for the whole tile is left out. Tail: the last tile of a row moves left
/// to end at the row's end (the same values are stored twice); a row narrower than a tile reads into the slack behind the
/// buffer and stores only what exists. Cost: 16 multiply-adds for 10 loads, or 8 for 9.
/// </summary>
internal static unsafe class PanelConvolution<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    /// <summary>Pixels behind a buffer that a tile may read, and a matrix tile may write.</summary>
    public const int SlackPixels = 16;

    /// <summary>The outputs of some rows.</summary>
    /// <param name="source">The panel.</param>
    /// <param name="kernel">Kernel side.</param>
    /// <param name="dilation">Distance between taps.</param>
    /// <param name="weight">One vector per tap, row by row.</param>
    /// <param name="bias">One vector.</param>
    /// <param name="first">The first output row in image coordinates.</param>
    /// <param name="last">The row after the last.</param>
    /// <param name="target">The first output pixel of the first row.</param>
    /// <param name="targetRow">Floats from one output row to the next.</param>
    /// <param name="targetStride">Floats from one output pixel to the next.</param>
    /// <param name="mask">Lanes to write, or null for all.</param>
    public static void Rows(
        PanelRows source, int kernel, int dilation, float* weight, V bias, int first, int last, float* target,
        nint targetRow, nint targetStride, float* mask)
    {
        if (source.Width % 7 == 0 && source.Width % 8 != 0)
            Rows<Tile7>(source, kernel, dilation, weight, bias, first, last, target, targetRow, targetStride, mask);
        else Rows<Tile8>(source, kernel, dilation, weight, bias, first, last, target, targetRow, targetStride, mask);
    }

    private static void Rows<TTile>(
        PanelRows source, int kernel, int dilation, float* weight, V bias, int first, int last, float* target,
        nint targetRow, nint targetStride, float* mask)
        where TTile : struct, ITileWidth
    {
        for (int block = first; block < last; block += 2 * dilation)
            for (int y = block; y < Math.Min(block + dilation, last); y++)
            {
                float* to = target + ((y - first) * targetRow);
                if (S.HasManyRegisters && y + dilation < last)
                {
                    Pair<TTile>(source, kernel, dilation, weight, bias, y, to, to + (dilation * targetRow), targetStride, mask);
                    continue;
                }

                Row<TTile>(source, kernel, dilation, weight, bias, y, to, targetStride, mask);
                if (y + dilation < last)
                    Row<TTile>(source, kernel, dilation, weight, bias, y + dilation, to + (dilation * targetRow), targetStride, mask);
            }
    }

    // Output rows y and y + dilation: input row j serves tap row j of the first and j - 1 of the second.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pair<TTile>(
        PanelRows source, int kernel, int dilation, float* weight, V bias, int y, float* upperTarget,
        float* lowerTarget, nint targetStride, float* mask)
        where TTile : struct, ITileWidth
    {
        int reach = dilation * (kernel / 2), width = source.Width, step = dilation * S.Lanes, tapRow = kernel * S.Lanes;
        nint inputStep = (nint)dilation * source.RowStride;
        float* top = (float*)source.Data + ((nint)(y - reach - source.FirstRow) * source.RowStride);
        for (int x = 0; x < width; x += TTile.Count)
        {
            (int start, int count, int kx0, int kx1) = Columns<TTile>(x, width, kernel, dilation, reach);
            int from = (source.Padding + start - reach + (kx0 * dilation)) * S.Lanes;
            V a0 = bias, a1 = bias, a2 = bias, a3 = bias, a4 = bias, a5 = bias, a6 = bias, a7 = bias;
            V b0 = bias, b1 = bias, b2 = bias, b3 = bias, b4 = bias, b5 = bias, b6 = bias, b7 = bias;
            float* row = top + from, taps = weight + (kx0 * S.Lanes);
            for (int j = 0, r = y - reach - source.FirstRow; j <= kernel; j++, r += dilation, row += inputStep, taps += tapRow)
            {
                if ((uint)r >= (uint)source.Rows) continue;
                float* p = row, w = taps;
                if (j == 0)
                {
                    for (int kx = kx0; kx < kx1; kx++, p += step, w += S.Lanes)
                    {
                        V tap = S.Load(w);
                        a0 = S.MultiplyAdd(S.Load(p), tap, a0);
                        a1 = S.MultiplyAdd(S.Load(p + S.Lanes), tap, a1);
                        a2 = S.MultiplyAdd(S.Load(p + (2 * S.Lanes)), tap, a2);
                        a3 = S.MultiplyAdd(S.Load(p + (3 * S.Lanes)), tap, a3);
                        a4 = S.MultiplyAdd(S.Load(p + (4 * S.Lanes)), tap, a4);
                        a5 = S.MultiplyAdd(S.Load(p + (5 * S.Lanes)), tap, a5);
                        a6 = S.MultiplyAdd(S.Load(p + (6 * S.Lanes)), tap, a6);
                        if (TTile.Count == 8) a7 = S.MultiplyAdd(S.Load(p + (7 * S.Lanes)), tap, a7);
                    }
                }
                else if (j == kernel)
                {
                    w -= tapRow;
                    for (int kx = kx0; kx < kx1; kx++, p += step, w += S.Lanes)
                    {
                        V tap = S.Load(w);
                        b0 = S.MultiplyAdd(S.Load(p), tap, b0);
                        b1 = S.MultiplyAdd(S.Load(p + S.Lanes), tap, b1);
                        b2 = S.MultiplyAdd(S.Load(p + (2 * S.Lanes)), tap, b2);
                        b3 = S.MultiplyAdd(S.Load(p + (3 * S.Lanes)), tap, b3);
                        b4 = S.MultiplyAdd(S.Load(p + (4 * S.Lanes)), tap, b4);
                        b5 = S.MultiplyAdd(S.Load(p + (5 * S.Lanes)), tap, b5);
                        b6 = S.MultiplyAdd(S.Load(p + (6 * S.Lanes)), tap, b6);
                        if (TTile.Count == 8) b7 = S.MultiplyAdd(S.Load(p + (7 * S.Lanes)), tap, b7);
                    }
                }
                else
                {
                    for (int kx = kx0; kx < kx1; kx++, p += step, w += S.Lanes)
                    {
                        V upper = S.Load(w), lower = S.Load(w - tapRow);
                        V v = S.Load(p);
                        a0 = S.MultiplyAdd(v, upper, a0);
                        b0 = S.MultiplyAdd(v, lower, b0);
                        v = S.Load(p + S.Lanes);
                        a1 = S.MultiplyAdd(v, upper, a1);
                        b1 = S.MultiplyAdd(v, lower, b1);
                        v = S.Load(p + (2 * S.Lanes));
                        a2 = S.MultiplyAdd(v, upper, a2);
                        b2 = S.MultiplyAdd(v, lower, b2);
                        v = S.Load(p + (3 * S.Lanes));
                        a3 = S.MultiplyAdd(v, upper, a3);
                        b3 = S.MultiplyAdd(v, lower, b3);
                        v = S.Load(p + (4 * S.Lanes));
                        a4 = S.MultiplyAdd(v, upper, a4);
                        b4 = S.MultiplyAdd(v, lower, b4);
                        v = S.Load(p + (5 * S.Lanes));
                        a5 = S.MultiplyAdd(v, upper, a5);
                        b5 = S.MultiplyAdd(v, lower, b5);
                        v = S.Load(p + (6 * S.Lanes));
                        a6 = S.MultiplyAdd(v, upper, a6);
                        b6 = S.MultiplyAdd(v, lower, b6);
                        if (TTile.Count == 8)
                        {
                            v = S.Load(p + (7 * S.Lanes));
                            a7 = S.MultiplyAdd(v, upper, a7);
                            b7 = S.MultiplyAdd(v, lower, b7);
                        }
                    }
                }
            }

            float* to = upperTarget + (start * targetStride);
            Put(to, a0, mask);
            if (count > 1) Put(to + targetStride, a1, mask);
            if (count > 2) Put(to + (2 * targetStride), a2, mask);
            if (count > 3) Put(to + (3 * targetStride), a3, mask);
            if (count > 4) Put(to + (4 * targetStride), a4, mask);
            if (count > 5) Put(to + (5 * targetStride), a5, mask);
            if (count > 6) Put(to + (6 * targetStride), a6, mask);
            if (count > 7) Put(to + (7 * targetStride), a7, mask);
            to = lowerTarget + (start * targetStride);
            Put(to, b0, mask);
            if (count > 1) Put(to + targetStride, b1, mask);
            if (count > 2) Put(to + (2 * targetStride), b2, mask);
            if (count > 3) Put(to + (3 * targetStride), b3, mask);
            if (count > 4) Put(to + (4 * targetStride), b4, mask);
            if (count > 5) Put(to + (5 * targetStride), b5, mask);
            if (count > 6) Put(to + (6 * targetStride), b6, mask);
            if (count > 7) Put(to + (7 * targetStride), b7, mask);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<TTile>(
        PanelRows source, int kernel, int dilation, float* weight, V bias, int y, float* target, nint targetStride, float* mask)
        where TTile : struct, ITileWidth
    {
        int reach = dilation * (kernel / 2), width = source.Width, step = dilation * S.Lanes, tapRow = kernel * S.Lanes;
        nint inputStep = (nint)dilation * source.RowStride;
        float* top = (float*)source.Data + ((nint)(y - reach - source.FirstRow) * source.RowStride);
        for (int x = 0; x < width; x += TTile.Count)
        {
            (int start, int count, int kx0, int kx1) = Columns<TTile>(x, width, kernel, dilation, reach);
            V a0 = bias, a1 = bias, a2 = bias, a3 = bias, a4 = bias, a5 = bias, a6 = bias, a7 = bias;
            float* row = top + ((source.Padding + start - reach + (kx0 * dilation)) * S.Lanes), taps = weight + (kx0 * S.Lanes);
            for (int j = 0, r = y - reach - source.FirstRow; j < kernel; j++, r += dilation, row += inputStep, taps += tapRow)
            {
                if ((uint)r >= (uint)source.Rows) continue;
                float* p = row, w = taps;
                for (int kx = kx0; kx < kx1; kx++, p += step, w += S.Lanes)
                {
                    V tap = S.Load(w);
                    a0 = S.MultiplyAdd(S.Load(p), tap, a0);
                    a1 = S.MultiplyAdd(S.Load(p + S.Lanes), tap, a1);
                    a2 = S.MultiplyAdd(S.Load(p + (2 * S.Lanes)), tap, a2);
                    a3 = S.MultiplyAdd(S.Load(p + (3 * S.Lanes)), tap, a3);
                    a4 = S.MultiplyAdd(S.Load(p + (4 * S.Lanes)), tap, a4);
                    a5 = S.MultiplyAdd(S.Load(p + (5 * S.Lanes)), tap, a5);
                    a6 = S.MultiplyAdd(S.Load(p + (6 * S.Lanes)), tap, a6);
                    if (TTile.Count == 8) a7 = S.MultiplyAdd(S.Load(p + (7 * S.Lanes)), tap, a7);
                }
            }

            float* to = target + (start * targetStride);
            Put(to, a0, mask);
            if (count > 1) Put(to + targetStride, a1, mask);
            if (count > 2) Put(to + (2 * targetStride), a2, mask);
            if (count > 3) Put(to + (3 * targetStride), a3, mask);
            if (count > 4) Put(to + (4 * targetStride), a4, mask);
            if (count > 5) Put(to + (5 * targetStride), a5, mask);
            if (count > 6) Put(to + (6 * targetStride), a6, mask);
            if (count > 7) Put(to + (7 * targetStride), a7, mask);
        }
    }

    // A tile's first output and count, and the tap columns for which some output of it reads a pixel of the image.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (int Start, int Count, int First, int Last) Columns<TTile>(int x, int width, int kernel, int dilation, int reach)
        where TTile : struct, ITileWidth
    {
        int start = Math.Max(0, Math.Min(x, width - TTile.Count)), count = Math.Min(TTile.Count, width - start), left = start - reach;
        int first = left + count > 0 ? 0 : (dilation - left - count) / dilation;
        return (start, count, first, Math.Min(kernel, ((width - 1 - left) / dilation) + 1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* target, V value, float* mask) =>
        S.Store(target, mask is null ? value : S.Select(S.Load(mask), value, S.Load(target)));
}
