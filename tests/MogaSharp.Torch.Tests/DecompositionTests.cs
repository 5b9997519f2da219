using MogaSharp.Graph;

namespace MogaSharp.Torch.Tests;

/// <summary>The decomposition step of MogaNet's aggregation block against the same ops one by one in double precision.</summary>
public sealed class DecompositionTests
{
    public static TheoryData<int, int, int, int, bool> Cases => new(
        from shape in new (int Channels, int Height, int Width)[] { (16, 1, 1), (48, 3, 5), (256, 4, 4), (384, 7, 3), (24, 5, 5) }
        from set in new[] { 1, 2, 3 }
        from brain in new[] { false, true }
        where !brain || (shape.Channels % 16 == 0 && shape.Height * shape.Width > 1) // elsewhere libtorch rounds the result of each op
        select (shape.Channels, shape.Height, shape.Width, set, brain));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_and_gradients_are_those_of_the_ops(int channels, int height, int width, int set, bool brain) =>
        KernelCheck.AgreesWithDouble(Graph(new Shape(5, channels, height, width)), set, brain ? DType.BFloat16 : null, share: 5e-6);

    [Theory]
    [InlineData(null)]
    [InlineData(DType.BFloat16)]
    public void Any_number_of_threads_gives_the_same_bits(DType? autocast) => KernelCheck.HasTheSameBitsOnAnyThreads(Graph(new Shape(19, 32, 9, 7)), autocast);

    // Values that something else reads are computed each on its own, with the same result.
    [Fact]
    public void A_value_within_that_is_an_output_is_given() => Libtorch.WithoutLeaks(() =>
    {
        var builder = new GraphBuilder();
        Value h = KernelCheck.Typed(builder, new Shape(2, 32, 3, 3)), rest = Rest(builder, h), y = h + builder.Root.Scale("sigma", rest, 0.5f);
        ComputationGraph both = builder.Build(KeyValuePair.Create("output", y), KeyValuePair.Create("rest", rest));
        using TorchNetwork seen = Libtorch.Network(both, new() { ChannelsLast = true }), hidden = Libtorch.Network(Graph(new Shape(2, 32, 3, 3)), new() { ChannelsLast = true });
        TorchTensor input = TorchTensor.From(Testing.FormulaWeights.Input(new Shape(2, 32, 3, 3)));
        TorchForward a = seen.Forward([input]), b = hidden.Forward([input]);
        Assert.Equal(new Shape(2, 32, 3, 3), a["rest"].Shape);
        Assert.InRange(Libtorch.Difference(a["output"].ToArray<float>(), b["output"].ToArray<float>()), 0, 1e-6);
    });

    private static ComputationGraph Graph(Shape map)
    {
        var builder = new GraphBuilder();
        Value h = KernelCheck.Typed(builder, map);
        return builder.Build(KeyValuePair.Create("output", h + builder.Root.Scale("sigma", Rest(builder, h), 0.5f)));
    }

    private static Value Rest(GraphBuilder builder, Value h) => h - builder.Root.Activate(ActivationKind.Gelu, builder.Root.Conv("decompose", h, 1, kernel: 1));
}
