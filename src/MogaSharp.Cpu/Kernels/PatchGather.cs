using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MogaSharp.Cpu.Kernels;

/// <summary>
/// Lays the input patches of output pixels side by side, one row of kernel x kernel x channels floats per pixel, so that a
/// convolution becomes a matrix product. From channels last, columns are in the order (ky, kx, channel) and a patch row is one
/// run of floats; straight from the caller's planes (N, C, H, W), the order is (ky, channel, kx). Runs are copied in whole vectors: what is too
/// much is overwritten by the next run, or lies in the slack behind the rows. Padding is zeros. Cost: one copy of the patch, 1 / output
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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Fill(float* source, int first, int count, float* target)
    {
        // Locals, since the compiler has to assume that the stores below change fields.
        int pieces = planar ? channels : 1, run = _run, copied = _copied, side = kernel, high = height, step = planar ? 1 : pixelStride;
        nint plane = planar ? (nint)height * width : 0, rowFloats = (nint)width * step;
        (int y, int x) = Math.DivRem(first, outputWidth);
        for (int pixel = 0; pixel < count; pixel++)
        {
            int left = (x * stride) - padding, top = (y * stride) - padding;
            // Whole vectors must not run past the row in the caller's memory; the arena has slack.
            bool inside = _contiguous && left >= 0 && left + side <= width && (!planar || left + copied <= width);
            for (int ky = 0; ky < side; ky++)
            {
                int iy = top + (ky * dilation);
                bool present = (uint)iy < (uint)high;
                float* row = source + (iy * rowFloats);
                if (present && inside)
                {
                    row += (nint)left * step;
                    for (int piece = 0; piece < pieces; piece++, row += plane, target += run) Copy(row, target, run);
                }
                else
                {
                    for (int piece = 0; piece < pieces; piece++, row += plane, target += run) Pick(row, present, left, target);
                }
            }

            if (++x < outputWidth) continue;
            x = 0;
            y++;
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
        int floats = planar ? 1 : channels, step = planar ? 1 : pixelStride;
        for (int kx = 0; kx < kernel; kx++, target += floats)
        {
            int ix = left + (kx * dilation);
            var tap = new Span<float>(target, floats);
            if (!present || (uint)ix >= (uint)width) tap.Clear();
            else new ReadOnlySpan<float>(row + ((nint)ix * step), floats).CopyTo(tap);
        }
    }
}
