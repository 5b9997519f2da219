using MogaSharp.Cpu.Planning;
using MogaSharp.Cpu.Tests.Support;

namespace MogaSharp.Cpu.Tests.Kernels;

[Trait("Isa", "Kernel")]
public sealed unsafe class PatchGatherTests
{
    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Rows_are_the_patches_of_the_pixels_with_zeros_outside(int lanes)
    {
        IKernels kernels = Widths.Get(lanes);
        var random = new Random(1);
        for (int round = 0; round < 600; round++)
        {
            int kernel = random.Next(1, 8),
                stride = random.Next(1, 5),
                padding = random.Next(0, 5),
                dilation = random.Next(1, 4);
            int channels = random.Next(1, 20),
                span = (dilation * (kernel - 1)) + 1;
            int height = Math.Max(1, span - (2 * padding)) + random.Next(9),
                width = Math.Max(1, span - (2 * padding)) + random.Next(30);
            int outHeight = ((height + (2 * padding) - span) / stride) + 1,
                outWidth = ((width + (2 * padding) - span) / stride) + 1;
            int depth = kernel * kernel * channels;
            // From the caller's planes, or from the arena with or without rounded channels.
            bool planar = round % 3 == 0;
            var layout = new MapLayout(1, height, width, channels, planar || round % 3 == 1 ? channels : MapLayout.RoundUp(channels));
            // The arena has slack behind every value; the caller's tensor has none.
            using var source = new GuardedMemory(layout.Floats + (planar ? 0 : 16));
            for (int i = 0; i < layout.Floats; i++)
                if (i % layout.Stride < channels)
                    source.Data[i] = i + 1;
            int first = random.Next(outHeight * outWidth),
                count = random.Next(1, (outHeight * outWidth) - first + 1);
            using var target = new GuardedMemory((count + kernels.MaxRows) * depth + 16);
            kernels.Gather(layout, planar, outWidth, kernel, stride, padding, dilation, source.Data, first, count, target.Data);
            for (int p = 0; p < count; p++)
            for (int k = 0; k < depth; k++)
            {
                (int y, int x) = Math.DivRem(first + p, outWidth);
                (int ky, int rest) = Math.DivRem(k, kernel * channels);
                (int channel, int kx) = planar ? Math.DivRem(rest, kernel) : (rest % channels, rest / channels);
                int iy = (y * stride) - padding + (ky * dilation),
                    ix = (x * stride) - padding + (kx * dilation);
                int at = planar ? (((channel * height) + iy) * width) + ix : (((iy * width) + ix) * layout.Stride) + channel;
                float expected = iy >= 0 && iy < height && ix >= 0 && ix < width ? at + 1 : 0;
                Assert.Equal(expected, target.Data[(p * depth) + k]);
            }
        }
    }
}
