using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MogaSharp.Cpu.Kernels;

/// <summary>
/// Lays the input patches of output pixels side by side, one row of kernel x kernel x channels floats per pixel, so that a
/// convolution becomes a matrix product. From channels last, columns are in the order (ky, kx, channel) and a patch row is one
/// run of floats; straight from the caller's planes (N, C, H, W), the order is (ky, channel, kx). Runs are copied in whole vectors: what is
/// too much is overwritten by the next run, or lies in the slack behind the rows. Padding is zeros. Cost: one copy of the patch, 1 / output
/// channels of the product's work.
/// </summary>
internal sealed unsafe class PatchGather<S, V>(
    int height, int width, int channels, int pixelStride, bool planar, int outputWidth, int kernel, int stride, int padding, int dilation)
    where S : struct, ISimd<V>
    where V : struct
{
    private readonly int _run = planar ? kernel : kernel * channels;
    private readonly int _copied = planar && kernel <= 4 ? 4 : ((planar ? kernel : kernel * channels) + S.Lanes - 1) / S.Lanes * S.Lanes;
    private readonly bool _contiguous = dilation == 1 && (planar || pixelStride == channels);

    /// <summary>Fills <paramref name="count"/> rows for output pixels from <paramref name="first"/> on.</summary>
    /// <param name="source">The image.</param>
    /// <param name="first">The first output pixel.</param>
    /// <param name="count">How many.</param>
    /// <param name="target">Rows of kernel x kernel x channels floats, with slack behind.</param>
    public void Fill(float* source, int first, int count, float* target)
    {
        (int y, int x) = Math.DivRem(first, outputWidth);
        for (int done = 0; done < count; y++, x = 0)
        {
            int here = Math.Min(count - done, outputWidth - x);
            FillRow(source, y, x, here, target + ((nint)done * PatchFloats));
            done += here;
        }
    }

    private int PatchFloats => kernel * kernel * channels;

    private int Pieces => planar ? channels : 1;

    private int Step => planar ? 1 : pixelStride;

    // Pixels whose patch lies inside the image are copied run by run; the others tap by tap.
    private void FillRow(float* source, int y, int x, int count, float* target)
    {
        int top = (y * stride) - padding, last = x + count;
        bool inside = _contiguous && top >= 0 && top + ((kernel - 1) * dilation) < height;
        // Whole vectors must not run past the row in the caller's memory; the arena has slack.
        int insideFirst = (padding + stride - 1) / stride, reach = width - (planar ? _copied : kernel) + padding;
        int insideLast = inside && reach >= 0 ? (reach / stride) + 1 : 0;
        for (; x < last; target += (nint)count * PatchFloats)
        {
            bool fast = x >= insideFirst && x < insideLast;
            count = fast ? Math.Min(last, insideLast) - x : 1;
            if (fast) CopyPatches(source, top, (x * stride) - padding, count, target);
            else PickPatch(source, top, (x * stride) - padding, target);
            x += count;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CopyPatches(float* source, int top, int left, int count, float* target)
    {
        // Locals, since the compiler has to assume that the stores below change fields.
        int runs = kernel * Pieces, run = _run, pixelStep = stride * Step;
        nint* starts = stackalloc nint[runs];
        for (int ky = 0, i = 0; ky < kernel; ky++)
            for (int piece = 0; piece < Pieces; piece++, i++)
                starts[i] = (nint)(source + ((nint)piece * height * width) + (((nint)(top + ky) * width) + left) * Step);
        for (int pixel = 0, offset = 0; pixel < count; pixel++, offset += pixelStep)
            for (int i = 0; i < runs; i++, target += run) Copy((float*)starts[i] + offset, target, run);
    }

    private void PickPatch(float* source, int top, int left, float* target)
    {
        for (int ky = 0; ky < kernel; ky++)
        {
            int iy = top + (ky * dilation);
            for (int piece = 0; piece < Pieces; piece++, target += _run)
                Pick(source + ((nint)piece * height * width) + ((nint)iy * width * Step), (uint)iy < (uint)height, left, target);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(float* from, float* to, int run)
    {
        if (run <= 4)
        {
            Vector128.Load(from).Store(to);
            return;
        }

        for (int i = 0; i < run; i += S.Lanes) S.Store(to + i, S.Load(from + i));
    }

    private void Pick(float* row, bool present, int left, float* target)
    {
        int floats = planar ? 1 : channels;
        for (int kx = 0; kx < kernel; kx++, target += floats)
        {
            int ix = left + (kx * dilation);
            var tap = new Span<float>(target, floats);
            if (!present || (uint)ix >= (uint)width) tap.Clear();
            else new ReadOnlySpan<float>(row + ((nint)ix * Step), floats).CopyTo(tap);
        }
    }
}
