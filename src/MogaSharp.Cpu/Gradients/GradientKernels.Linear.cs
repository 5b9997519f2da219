using MogaSharp.Graph;

namespace MogaSharp.Cpu;

/// <content>Fourier transforms, circular and transposed convolutions: linear ops, whose rule is the transposed matrix.</content>
internal sealed partial class GradientKernels
{
    // y = F x, so x' = Re(F^H y'): an inverse transform in which no column counts twice.
    public bool Visit(RealFft2d op, GradientStep s)
    {
        double[] target = s.Into()!;
        (int channels, int height, int width) = (s.From()[1], s.From()[2], s.From()[3]);
        var transform = new PlaneTransform(height, width);
        int bins = height * transform.Columns;
        Parallel.For(
            0,
            s.From()[0] * channels,
            map =>
            {
                int at = ((map / channels * 2 * channels) + (map % channels)) * bins;
                transform.AddMap(
                    s.Gradient.AsSpan(at, bins),
                    s.Gradient.AsSpan(at + (channels * bins), bins),
                    target.AsSpan(map * height * width, height * width)
                );
            }
        );
        return true;
    }

    // The inverse counts most columns twice, so their gradient is twice that of the transform.
    public bool Visit(InverseRealFft2d op, GradientStep s)
    {
        // The second input gives nothing but its size.
        if (s.Into() is not { } target)
            return true;
        (int channels, int height, int width) = (s.To[1], s.To[2], s.To[3]);
        var transform = new PlaneTransform(height, width);
        int bins = height * transform.Columns;
        Parallel.For(
            0,
            s.To[0] * channels,
            map =>
            {
                int at = ((map / channels * 2 * channels) + (map % channels)) * bins;
                transform.AddSpectrum(
                    s.Gradient.AsSpan(map * height * width, height * width),
                    target.AsSpan(at, bins),
                    target.AsSpan(at + (channels * bins), bins)
                );
            }
        );
        return true;
    }

    // A product with complex numbers: the gradient is that with their conjugates.
    public bool Visit(SpectralFilter op, GradientStep s)
    {
        double[] target = s.Into()!;
        int half = op.Channels * Plane(s.To);
        // The filter in the map's size is what the op makes of 1 + 0i.
        var one = new ReferenceTensor(s.To.With(0, 1));
        one.Data.AsSpan(0, half).Fill(1);
        double[] filter = ReferenceInterpreter.Compute(op, [one], one.Shape, weights).Data;
        for (int image = 0; image < s.To[0]; image++)
        {
            int first = image * 2 * half;
            for (int i = 0; i < half; i++)
            {
                (double real, double imaginary) = (s.Gradient[first + i], s.Gradient[first + half + i]);
                target[first + i] += (real * filter[i]) + (imaginary * filter[half + i]);
                target[first + half + i] += (imaginary * filter[i]) - (real * filter[half + i]);
            }
        }

        return true;
    }

    // y[i] = sum of k[j] x[i + j], so x'[i] = sum of k[j] y'[i - j], around the same circle.
    public bool Visit(CircularConv op, GradientStep s)
    {
        double[] target = s.Into()!;
        (int height, int width) = (s.To[2], s.To[3]);
        bool down = op.Axis == MapAxis.Height;
        (int side, int stride, int others) = down ? (height, width, width) : (width, 1, height);
        double[] kernels = CircularKernels(op, s.To.With(0, 1), side, stride);
        Parallel.For(
            0,
            s.To[0] * op.Channels,
            map =>
            {
                ReadOnlySpan<double> kernel = kernels.AsSpan(map % op.Channels * side, side);
                ReadOnlySpan<double> from = s.Gradient.AsSpan(map * height * width, height * width);
                Span<double> into = target.AsSpan(map * height * width, height * width);
                for (int other = 0; other < others; other++)
                {
                    int first = down ? other : other * width;
                    for (int i = 0; i < side; i++)
                    for (int j = 0; j < side; j++)
                        into[first + (i * stride)] += kernel[j] * from[first + ((i - j + side) % side * stride)];
                }
            }
        );
        return true;
    }

    // Each input pixel is spread over a field of the result, so its gradient is gathered from there.
    public bool Visit(ConvTranspose2d op, GradientStep s)
    {
        double[] target = s.Into()!;
        (int height, int width, int outHeight, int outWidth) = (s.From()[2], s.From()[3], s.To[2], s.To[3]);
        float[] weight = weights[op.Weight].Data;
        int taps = op.Kernel * op.Kernel;
        Parallel.For(
            0,
            s.From()[0] * op.InChannels,
            map =>
            {
                (int image, int i) = Math.DivRem(map, op.InChannels);
                Span<double> into = target.AsSpan(map * height * width, height * width);
                for (int o = 0; o < op.OutChannels; o++)
                {
                    ReadOnlySpan<double> from = s.Gradient.AsSpan(
                        ((image * op.OutChannels) + o) * outHeight * outWidth,
                        outHeight * outWidth
                    );
                    ReadOnlySpan<float> kernel = weight.AsSpan(((i * op.OutChannels) + o) * taps, taps);
                    for (int at = 0; at < into.Length; at++)
                        into[at] += Gathered(op, from, outWidth, kernel, at / width, at % width);
                }
            }
        );
        return true;
    }

    private static double Gathered(
        ConvTranspose2d op,
        ReadOnlySpan<double> from,
        int outWidth,
        ReadOnlySpan<float> kernel,
        int row,
        int column
    )
    {
        (int top, int left, int outHeight) = ((row * op.Stride) - op.Padding, (column * op.Stride) - op.Padding, from.Length / outWidth);
        double sum = 0;
        for (int y = Math.Max(0, -top); y < Math.Min(op.Kernel, outHeight - top); y++)
        for (int x = Math.Max(0, -left); x < Math.Min(op.Kernel, outWidth - left); x++)
            sum += kernel[(y * op.Kernel) + x] * from[((top + y) * outWidth) + left + x];
        return sum;
    }

    // The kernel in the map's size is what the op makes of a single 1: y[-j] = k[j], and the bias.
    private double[] CircularKernels(CircularConv op, Shape map, int side, int stride)
    {
        int plane = Plane(map);
        var impulse = new ReferenceTensor(map);
        for (int c = 0; c < op.Channels; c++)
            impulse.Data[c * plane] = 1;
        double[] answer = ReferenceInterpreter.Compute(op, [impulse], map, weights).Data;
        float[]? bias = op.Bias is null ? null : weights[op.Bias].Data;
        double[] kernels = new double[op.Channels * side];
        for (int i = 0; i < kernels.Length; i++)
        {
            (int c, int j) = Math.DivRem(i, side);
            kernels[i] = answer[(c * plane) + ((side - j) % side * stride)] - (bias?[c] ?? 0);
        }

        return kernels;
    }
}
