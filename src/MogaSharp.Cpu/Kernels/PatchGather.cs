using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Kernels;

/// <summary>
/// Lays the input patches of output pixels side by side, one row of kernel x kernel x channels floats per pixel, so that a
/// convolution becomes a matrix product. Columns in the order (ky, kx, channel); padding is zeros. Cost: one copy of the patch,
/// 1 / output channels of the product's work.
/// </summary>
internal sealed unsafe class PatchGather(MapLayout input, int outputWidth, int kernel, int stride, int padding, int dilation)
{
    /// <summary>Fills <paramref name="count"/> rows for output pixels from <paramref name="first"/> on.</summary>
    public void Fill(float* source, int image, int first, int count, float* target)
    {
        int channels = input.Channels;
        source += (nint)image * input.Plane * input.Stride;
        bool contiguous = dilation == 1 && input.Stride == channels;
        for (int pixel = first; pixel < first + count; pixel++)
        {
            (int y, int x) = Math.DivRem(pixel, outputWidth);
            int left = (x * stride) - padding;
            for (int ky = 0; ky < kernel; ky++)
            {
                int iy = (y * stride) - padding + (ky * dilation);
                float* row = source + ((nint)iy * input.Width * input.Stride);
                if ((uint)iy >= (uint)input.Height)
                {
                    new Span<float>(target, kernel * channels).Clear();
                    target += kernel * channels;
                }
                else if (contiguous && left >= 0 && left + kernel <= input.Width)
                {
                    new ReadOnlySpan<float>(row + ((nint)left * channels), kernel * channels).CopyTo(new Span<float>(target, kernel * channels));
                    target += kernel * channels;
                }
                else
                {
                    for (int kx = 0; kx < kernel; kx++, target += channels)
                    {
                        int ix = left + (kx * dilation);
                        var tap = new Span<float>(target, channels);
                        if ((uint)ix >= (uint)input.Width) tap.Clear();
                        else new ReadOnlySpan<float>(row + ((nint)ix * input.Stride), channels).CopyTo(tap);
                    }
                }
            }
        }
    }
}
