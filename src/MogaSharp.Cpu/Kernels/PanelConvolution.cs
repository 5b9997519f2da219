using System.Runtime.CompilerServices;

namespace MogaSharp.Cpu.Kernels;

/// <summary>
/// Depthwise convolution of one panel (one vector of channels), stride 1, same size. Layout: a buffer of rows of pixels of one
/// vector each, with <c>padding</c> zero pixels on both sides of a row, so that taps are constant offsets from one pointer.
/// Rows outside the image are left out, not multiplied. Tile: 8 (or 7) neighbouring outputs of a row in as many accumulators; per tap one
/// load of the weight, then multiply-adds straight from memory: 9 loads for 8 multiply-adds. A tap column that falls into the
/// padding for the whole tile is left out. Tail: the last tile of a row moves left to end at the row's end (the same values
/// are stored twice); a row narrower than a tile reads into the slack behind the buffer and stores only what exists.
/// </summary>
internal static unsafe class PanelConvolution<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    /// <summary>Pixels behind a buffer that a tile may read, and a matrix tile may write.</summary>
    public const int SlackPixels = 16;

    /// <summary>One row of outputs.</summary>
    /// <param name="source">The first row of the buffer (its left padding included).</param>
    /// <param name="rowStride">Floats from row to row of the buffer.</param>
    /// <param name="firstRow">The buffer's first row in image coordinates.</param>
    /// <param name="rows">Rows in the buffer; those wanted beyond are outside the image.</param>
    /// <param name="sourcePadding">Zero pixels on each side of the buffer's rows.</param>
    /// <param name="kernel">Kernel side.</param>
    /// <param name="dilation">Distance between taps.</param>
    /// <param name="weight">One vector per tap, row by row.</param>
    /// <param name="bias">One vector.</param>
    /// <param name="y">The output row in image coordinates.</param>
    /// <param name="width">Outputs in the row.</param>
    /// <param name="target">The first output pixel.</param>
    /// <param name="targetStride">Floats from one output pixel to the next.</param>
    /// <param name="mask">Lanes to write, or null for all.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row<TActivation>(
        float* source, nint rowStride, int firstRow, int rows, int sourcePadding, int kernel, int dilation,
        float* weight, V bias, int y, int width, float* target, nint targetStride, float* mask)
        where TActivation : struct, IActivation
    {
        int reach = dilation * (kernel / 2);
        // Output rows y - reach + ky * dilation that lie in the buffer.
        int top = y - reach - firstRow;
        int ky0 = top >= 0 ? 0 : (-top + dilation - 1) / dilation;
        int ky1 = Math.Min(kernel, ((rows - 1 - top) / dilation) + 1);
        int tile = width % 7 == 0 && width % 8 != 0 ? 7 : 8;
        for (int x = 0; x < width; x += tile)
        {
            int start = Math.Max(0, Math.Min(x, width - tile)), count = Math.Min(tile, width - start);
            // Tap columns kx for which some output of the tile reads a pixel of the image.
            int left = start - reach;
            int kx0 = left + count - 1 >= 0 ? 0 : (-(left + count - 1) + dilation - 1) / dilation;
            int kx1 = Math.Min(kernel, ((width - 1 - left) / dilation) + 1);
            V a0 = bias, a1 = bias, a2 = bias, a3 = bias, a4 = bias, a5 = bias, a6 = bias, a7 = bias;
            for (int ky = ky0; ky < ky1; ky++)
            {
                float* p = source + ((top + (ky * dilation)) * rowStride) + ((sourcePadding + left + (kx0 * dilation)) * S.Lanes);
                float* w = weight + (((ky * kernel) + kx0) * S.Lanes);
                if (tile == 8)
                {
                    for (int kx = kx0; kx < kx1; kx++, p += dilation * S.Lanes, w += S.Lanes)
                    {
                        V tap = S.Load(w);
                        a0 = S.MultiplyAdd(S.Load(p), tap, a0);
                        a1 = S.MultiplyAdd(S.Load(p + S.Lanes), tap, a1);
                        a2 = S.MultiplyAdd(S.Load(p + (2 * S.Lanes)), tap, a2);
                        a3 = S.MultiplyAdd(S.Load(p + (3 * S.Lanes)), tap, a3);
                        a4 = S.MultiplyAdd(S.Load(p + (4 * S.Lanes)), tap, a4);
                        a5 = S.MultiplyAdd(S.Load(p + (5 * S.Lanes)), tap, a5);
                        a6 = S.MultiplyAdd(S.Load(p + (6 * S.Lanes)), tap, a6);
                        a7 = S.MultiplyAdd(S.Load(p + (7 * S.Lanes)), tap, a7);
                    }
                }
                else
                {
                    for (int kx = kx0; kx < kx1; kx++, p += dilation * S.Lanes, w += S.Lanes)
                    {
                        V tap = S.Load(w);
                        a0 = S.MultiplyAdd(S.Load(p), tap, a0);
                        a1 = S.MultiplyAdd(S.Load(p + S.Lanes), tap, a1);
                        a2 = S.MultiplyAdd(S.Load(p + (2 * S.Lanes)), tap, a2);
                        a3 = S.MultiplyAdd(S.Load(p + (3 * S.Lanes)), tap, a3);
                        a4 = S.MultiplyAdd(S.Load(p + (4 * S.Lanes)), tap, a4);
                        a5 = S.MultiplyAdd(S.Load(p + (5 * S.Lanes)), tap, a5);
                        a6 = S.MultiplyAdd(S.Load(p + (6 * S.Lanes)), tap, a6);
                    }
                }
            }

            float* to = target + (start * targetStride);
            Put<TActivation>(to, a0, mask);
            if (count > 1) Put<TActivation>(to + targetStride, a1, mask);
            if (count > 2) Put<TActivation>(to + (2 * targetStride), a2, mask);
            if (count > 3) Put<TActivation>(to + (3 * targetStride), a3, mask);
            if (count > 4) Put<TActivation>(to + (4 * targetStride), a4, mask);
            if (count > 5) Put<TActivation>(to + (5 * targetStride), a5, mask);
            if (count > 6) Put<TActivation>(to + (6 * targetStride), a6, mask);
            if (count > 7) Put<TActivation>(to + (7 * targetStride), a7, mask);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TActivation>(float* target, V value, float* mask)
        where TActivation : struct, IActivation
    {
        value = TActivation.Apply<S, V>(value);
        S.Store(target, mask is null ? value : S.Select(S.Load(mask), value, S.Load(target)));
    }
}
