using MogaSharp.Graph;

namespace MogaSharp.Torch.Tests;

/// <summary>The shim's own depthwise kernels against libtorch's in double precision: values and gradients.</summary>
public sealed class DepthwiseTests
{
    /// <summary>Channels before and after a slice, map, kernel, dilation, padding; the instruction set; and whether in bfloat16.</summary>
    public static TheoryData<int, int, int, int, int, int, int, int, bool> Cases =>
        new(
            from shape in new (int Channels, int Start, int Height, int Width, int Kernel, int Dilation, int Padding)[]
            {
                (8, 0, 6, 5, 3, 1, 1),
                (131, 0, 7, 9, 3, 1, 1),
                (48, 12, 4, 4, 7, 3, 9),
                (77, 5, 5, 8, 5, 2, 4),
                (64, 0, 1, 1, 7, 3, 9),
                (16, 0, 9, 2, 5, 1, 0),
                (20, 3, 12, 3, 3, 2, 1),
                (36, 0, 3, 17, 11, 1, 5),
                (96, 0, 2, 2, 5, 2, 6),
                (64, 0, 9, 11, 7, 1, 3),
                (100, 0, 8, 21, 7, 3, 9),
                (70, 0, 6, 13, 5, 2, 4),
            }
            from set in new[] { 1, 2, 3 }
            from brain in new[] { false, true }
            where !brain || shape.Height * shape.Width > 1 // one pixel has no channels-last order: libtorch takes it
            where
                shape.Height + (2 * shape.Padding) > shape.Dilation * (shape.Kernel - 1)
                && shape.Width + (2 * shape.Padding) > shape.Dilation * (shape.Kernel - 1)
            select (shape.Channels, shape.Start, shape.Height, shape.Width, shape.Kernel, shape.Dilation, shape.Padding, set, brain)
        );

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_and_gradients_are_libtorchs(
        int channels,
        int start,
        int height,
        int width,
        int kernel,
        int dilation,
        int padding,
        int set,
        bool brain
    ) =>
        KernelCheck.AgreesWithDouble(
            Graph(new Shape(5, channels, height, width), start, kernel, dilation, padding, hasBias: channels != 48),
            set,
            brain ? DType.BFloat16 : null
        );

    [Theory]
    [InlineData(null)]
    [InlineData(DType.BFloat16)]
    public void Any_number_of_threads_gives_the_same_bits(DType? autocast) =>
        KernelCheck.HasTheSameBitsOnAnyThreads(Graph(new Shape(19, 37, 6, 7), 2, 5, 2, 4), autocast);

    private static ComputationGraph Graph(Shape map, int start, int kernel, int dilation, int padding, bool hasBias = true)
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("input", map);
        if (start > 0)
            x = builder.Root.Slice(x, start, x.Channels - start);
        return builder.Build(
            new GraphOutput(
                "output",
                builder.Root.Conv("conv", x, x.Channels, kernel, padding: padding, dilation: dilation, groups: x.Channels, hasBias: hasBias)
            )
        );
    }
}
