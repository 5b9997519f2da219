using MogaSharp.Cpu.Tests.Support;

namespace MogaSharp.Cpu.Tests.Kernels;

[Trait("Isa", "Kernel")]
public sealed unsafe class Depthwise3x3Tests
{
    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Two_rows_are_the_convolutions_of_their_neighbourhoods(int lanes)
    {
        IKernels kernels = Widths.Get(lanes);
        var random = new Random(3);
        for (int width = 1; width <= 60; width++)
        {
            int stride = lanes + random.Next(5),
                rowFloats = (width + 2) * lanes;
            GuardedMemory[] rows = [.. Enumerable.Range(0, 4).Select(_ => Filled(rowFloats))];
            using GuardedMemory weight = Filled(9 * lanes),
                bias = Filled(lanes);
            using GuardedMemory first = new(((width - 1) * stride) + lanes),
                second = new(((width - 1) * stride) + lanes);
            kernels.TwoRows(
                rows[0].Data,
                rows[1].Data,
                rows[2].Data,
                rows[3].Data,
                weight.Data,
                bias.Data,
                width,
                first.Data,
                second.Data,
                stride
            );
            for (int y = 0; y < 2; y++)
            for (int x = 0; x < width; x++)
            for (int lane = 0; lane < lanes; lane++)
            {
                double exact = bias.Data[lane],
                    magnitude = Math.Abs(exact);
                for (int tap = 0; tap < 9; tap++)
                {
                    double product = (double)rows[y + (tap / 3)].Data[((x + (tap % 3)) * lanes) + lane] * weight.Data[(tap * lanes) + lane];
                    exact += product;
                    magnitude += Math.Abs(product);
                }

                float got = (y == 0 ? first : second).Data[(x * stride) + lane];
                Assert.True(
                    Math.Abs(got - exact) <= 20 * magnitude / (1 << 24),
                    $"width {width}, row {y}, pixel {x}, lane {lane}: {got} is not {exact}"
                );
                // The gaps between pixels belong to others.
                for (int gap = lanes; gap < stride && x < width - 1; gap++)
                    Assert.True(float.IsNaN(first.Data[(x * stride) + gap]));
            }

            foreach (GuardedMemory row in rows)
                row.Dispose();
        }

        GuardedMemory Filled(int floats)
        {
            var memory = new GuardedMemory(floats);
            foreach (ref float x in memory.Span)
                x = (2 * random.NextSingle()) - 1;
            return memory;
        }
    }
}
