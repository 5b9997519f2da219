using MogaSharp.Graph;

namespace MogaSharp.Torch.Tests;

/// <summary>GELU and SiLU and their gradients on the shim's own kernels against libtorch's in double precision.</summary>
public sealed class ActivationTests
{
    public static TheoryData<ActivationKind, int, bool> Cases =>
        new(
            from function in new[] { ActivationKind.Gelu, ActivationKind.Silu }
            from set in new[] { 1, 2, 3 }
            from brain in new[] { false, true }
            select (function, set, brain)
        );

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_and_gradients_are_libtorchs(ActivationKind function, int set, bool brain) =>
        KernelCheck.AgreesWithDouble(Graph(function, new Shape(3, 7, 5, 9)), set, brain ? DType.BFloat16 : null);

    [Theory]
    [InlineData(null)]
    [InlineData(DType.BFloat16)]
    public void Any_number_of_threads_gives_the_same_bits(DType? autocast) =>
        KernelCheck.HasTheSameBitsOnAnyThreads(Graph(ActivationKind.Gelu, new Shape(5, 37, 33, 31)), autocast);

    // Every float has a value that is a number, and what is none stays none.
    [Theory]
    [InlineData(ActivationKind.Gelu)]
    [InlineData(ActivationKind.Silu)]
    public void The_ends_of_the_range_are_those_of_the_function(ActivationKind function) =>
        Libtorch.WithoutLeaks(() =>
        {
            float[] ends =
            [
                0,
                -0f,
                1e-30f,
                -1e-30f,
                5.3f,
                -5.3f,
                20,
                -20,
                88,
                -88,
                1e4f,
                -1e4f,
                float.MaxValue,
                float.MinValue,
                float.PositiveInfinity,
                float.NaN,
            ];
            var builder = new GraphBuilder();
            Value x = builder.Input("input", new Shape(1, 1, 1, ends.Length));
            ComputationGraph graph = builder.Build(new GraphOutput("output", builder.Root.Activate(function, x)));
            using TorchNetwork network = Libtorch.Network(graph);
            TorchTensor input = TorchTensor.From(new Tensor(new Shape(1, 1, 1, ends.Length), ends));
            input.RequiresGradient = true;
            TorchForward forward = network.Forward([input], TorchForwardOptions.Train);
            float[] values = forward["output"].ToArray<float>();
            forward.Backward(forward["output"].Sum());
            float[] slopes = input.Gradient()!.ToArray<float>();
            for (int i = 0; i < ends.Length; i++)
            {
                double end = ends[i],
                    share = end switch
                    {
                        > 5.2 => 1,
                        < -5.2 => 0,
                        _ => 0.5,
                    };
                if (function == ActivationKind.Silu)
                    share = 1 / (1 + Math.Exp(-end));
                if (double.IsNaN(end))
                {
                    Assert.True(float.IsNaN(values[i]) && float.IsNaN(slopes[i]));
                    continue;
                }

                Assert.Equal(share == 0 ? 0 : end * share, values[i], 1e-6 + (2e-7 * Math.Min(Math.Abs(end), float.MaxValue)));
                if (Math.Abs(end) is < 1e-6 or > 15)
                    Assert.Equal(share, slopes[i], 2e-6);
            }
        });

    private static ComputationGraph Graph(ActivationKind function, Shape map)
    {
        var builder = new GraphBuilder();
        return builder.Build(new GraphOutput("output", builder.Root.Activate(function, KernelCheck.Typed(builder, map))));
    }
}
