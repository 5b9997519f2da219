using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;
using MogaSharp.Cpu.Tests.Support;

namespace MogaSharp.Cpu.Tests.Kernels;

[Trait("Isa", "Kernel")]
public sealed unsafe class PatchGatherTests
{
    [Fact]
    public void Rows_are_the_patches_of_the_pixels_with_zeros_outside()
    {
        var random = new Random(1);
        for (int round = 0; round < 300; round++)
        {
            int kernel = random.Next(1, 6), stride = random.Next(1, 4), padding = random.Next(0, 5), dilation = random.Next(1, 4);
            int channels = random.Next(1, 20), images = random.Next(1, 3), span = (dilation * (kernel - 1)) + 1;
            int height = Math.Max(1, span - (2 * padding)) + random.Next(9), width = Math.Max(1, span - (2 * padding)) + random.Next(9);
            int outHeight = ((height + (2 * padding) - span) / stride) + 1, outWidth = ((width + (2 * padding) - span) / stride) + 1;
            // Channels lie with or without rounding.
            var layout = new MapLayout(images, height, width, channels, random.Next(2) == 0 ? channels : MapLayout.RoundUp(channels));
            using var source = new GuardedMemory(layout.Floats);
            for (int i = 0; i < layout.Floats; i++)
                if (i % layout.Stride < channels) source.Data[i] = i + 1;
            int image = random.Next(images), first = random.Next(outHeight * outWidth), count = random.Next(1, (outHeight * outWidth) - first + 1);
            int depth = kernel * kernel * channels;
            using var target = new GuardedMemory(count * depth);
            new PatchGather(layout, outWidth, kernel, stride, padding, dilation).Fill(source.Data, image, first, count, target.Data);
            for (int p = 0; p < count; p++)
                for (int k = 0; k < depth; k++)
                {
                    (int y, int x) = Math.DivRem(first + p, outWidth);
                    (int tap, int channel) = Math.DivRem(k, channels);
                    int iy = (y * stride) - padding + (tap / kernel * dilation), ix = (x * stride) - padding + (tap % kernel * dilation);
                    bool isInside = iy >= 0 && iy < height && ix >= 0 && ix < width;
                    float expected = isInside ? ((((image * height) + iy) * width) + ix) * layout.Stride + channel + 1 : 0;
                    Assert.Equal(expected, target.Data[(p * depth) + k]);
                }
        }
    }
}
