using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Tests.Support;

namespace MogaSharp.Cpu.Tests.Kernels;

[Trait("Isa", "Kernel")]
public sealed unsafe class PanelConvolutionTests
{
    public static TheoryData<int, int, int> Cases
    {
        get
        {
            var data = new TheoryData<int, int, int>();
            foreach (int lanes in new[] { 4, 8, 16 })
            foreach (int kernel in new[] { 1, 3, 5, 7 })
            foreach (int dilation in new[] { 1, 2, 3 })
                data.Add(lanes, kernel, dilation);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Rows_are_the_convolution_of_their_neighbourhood(int lanes, int kernel, int dilation)
    {
        IKernels kernels = Widths.Get(lanes);
        var random = new Random((100 * kernel) + dilation);
        int reach = dilation * (kernel / 2);
        for (int width = 1; width <= 60; width++)
        {
            // The buffer holds some rows of the picture; those above and below are outside the picture.
            int firstRow = random.Next(-2, 3),
                rows = random.Next(1, (2 * reach) + 7),
                padding = reach + random.Next(2);
            int stride = (width + (2 * padding)) * lanes,
                targetStride = lanes + random.Next(5);
            using var source = new GuardedMemory((rows * stride) + (kernels.SlackPixels * lanes));
            FillRows(source, rows, width, padding, lanes, random);
            using var weight = new GuardedMemory(kernel * kernel * lanes);
            foreach (ref float x in weight.Span)
                x = Signed(random);
            using var bias = new GuardedMemory(lanes);
            foreach (ref float x in bias.Span)
                x = Signed(random);
            using GuardedMemory? mask = random.Next(2) == 0 ? null : new GuardedMemory(lanes);
            foreach (ref float bits in mask is null ? [] : mask.Span)
                bits = random.Next(2) == 0 ? 0 : BitConverter.Int32BitsToSingle(-1);
            int first = firstRow + random.Next(rows),
                last = random.Next(first + 1, firstRow + rows + 1),
                targetRow = ((width - 1) * targetStride) + lanes + random.Next(3);
            using var target = new GuardedMemory(((last - first - 1) * targetRow) + ((width - 1) * targetStride) + lanes, fill: 77);
            kernels.Rows(
                new PanelRows((nint)source.Data, stride, firstRow, rows, padding, width),
                kernel,
                dilation,
                weight.Data,
                bias.Data,
                first,
                last,
                target.Data,
                targetRow,
                targetStride,
                mask is null ? null : mask.Data
            );
            for (int y = first; y < last; y++)
            for (int x = 0; x < width; x++)
            for (int lane = 0; lane < lanes; lane++)
            {
                bool isKept = mask is not null && mask.Data[lane] == 0;
                (double exact, double bound) = isKept ? (77, 0) : Exact(x, lane, y - firstRow);
                double got = target.Data[((y - first) * targetRow) + (x * targetStride) + lane];
                Assert.True(
                    Math.Abs(got - exact) <= bound,
                    $"width {width}, rows {rows}, pixel {y},{x}, lane {lane}: {got} is not {exact}"
                );
            }

            (double, double) Exact(int x, int lane, int row)
            {
                double sum = bias.Data[lane],
                    magnitude = Math.Abs(sum);
                for (int ky = 0; ky < kernel; ky++)
                for (int kx = 0; kx < kernel; kx++)
                {
                    int iy = row - reach + (ky * dilation),
                        ix = x - reach + (kx * dilation);
                    if ((uint)iy >= (uint)rows || (uint)ix >= (uint)width)
                        continue;
                    double product =
                        (double)source.Data[(iy * stride) + ((padding + ix) * lanes) + lane]
                        * weight.Data[(((ky * kernel) + kx) * lanes) + lane];
                    sum += product;
                    magnitude += Math.Abs(product);
                }

                return (sum, 2 * ((kernel * kernel) + 1) * magnitude / (1 << 24));
            }
        }
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(19, 8)]
    [InlineData(40, 16)]
    public void Weights_lie_by_panels_and_taps_and_are_filled_up_with_zeros(int channels, int lanes)
    {
        const int Taps = 9;
        using var weights = new PanelWeights(channels, Taps, lanes, (c, tap) => (100 * c) + tap + 1);
        // Whole cache lines of channels, in every width.
        for (int c = 0; c < (channels + 15) / 16 * 16; c++)
        for (int tap = 0; tap < Taps; tap++)
            Assert.Equal(c < channels ? (100 * c) + tap + 1 : 0, weights.Panel(c / lanes)[(tap * lanes) + (c % lanes)]);
    }

    // Rows in their zero padding; what stands behind the last is left as it is.
    private static void FillRows(GuardedMemory source, int rows, int width, int padding, int lanes, Random random)
    {
        int rowFloats = (width + (2 * padding)) * lanes;
        for (int i = 0; i < rows * rowFloats; i++)
        {
            int pixel = (i % rowFloats / lanes) - padding;
            source.Data[i] = pixel >= 0 && pixel < width ? Signed(random) : 0;
        }
    }

    private static float Signed(Random random) => (2 * random.NextSingle()) - 1;
}
