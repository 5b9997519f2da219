using MogaSharp.Graph;
using MogaSharp.Testing;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch.Tests;

/// <summary>The shim's own depthwise kernels against libtorch's in double precision: values and gradients.</summary>
public sealed class DepthwiseTests
{
    /// <summary>Channels before and after a slice, map, kernel, dilation, padding; and the instruction set.</summary>
    public static TheoryData<int, int, int, int, int, int, int, int> Cases => new(
        from shape in new (int Channels, int Start, int Height, int Width, int Kernel, int Dilation, int Padding)[]
        {
            (8, 0, 6, 5, 3, 1, 1), (131, 0, 7, 9, 3, 1, 1), (48, 12, 4, 4, 7, 3, 9), (77, 5, 5, 8, 5, 2, 4), (64, 0, 1, 1, 7, 3, 9),
            (16, 0, 9, 2, 5, 1, 0), (20, 3, 12, 3, 3, 2, 1), (36, 0, 3, 17, 11, 1, 5), (96, 0, 2, 2, 5, 2, 6),
        }
        from set in new[] { 1, 2, 3 }
        where shape.Height + (2 * shape.Padding) > shape.Dilation * (shape.Kernel - 1) && shape.Width + (2 * shape.Padding) > shape.Dilation * (shape.Kernel - 1)
        select (shape.Channels, shape.Start, shape.Height, shape.Width, shape.Kernel, shape.Dilation, shape.Padding, set));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_and_gradients_are_libtorchs(int channels, int start, int height, int width, int kernel, int dilation, int padding, int set) => Libtorch.WithoutLeaks(() =>
    {
        ComputationGraph graph = Graph(new Shape(5, channels, height, width), start, kernel, dilation, padding, hasBias: channels != 48);
        IReadOnlyDictionary<string, float[]> expected = Differentiate(graph, new() { Type = DType.Float64 }), actual = Limited(set, () => Differentiate(graph, new() { ChannelsLast = true }));
        foreach ((string name, float[] values) in expected)
            Assert.InRange(Libtorch.Difference(values, actual[name]), 0, 3e-6 * values.Max(Math.Abs));
    });

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits() => Libtorch.WithoutLeaks(() =>
    {
        ComputationGraph graph = Graph(new Shape(19, 37, 6, 7), 2, 5, 2, 4);
        int threads = TorchRuntime.Threads;
        try
        {
            TorchRuntime.Threads = 1;
            IReadOnlyDictionary<string, float[]> alone = Differentiate(graph, new() { ChannelsLast = true });
            foreach (int more in new[] { 2, 3, 7 })
            {
                TorchRuntime.Threads = more;
                IReadOnlyDictionary<string, float[]> shared = Differentiate(graph, new() { ChannelsLast = true });
                foreach (string name in new[] { "output", "input", "conv.weight" }) Assert.Equal(alone[name], shared[name]);
            }
        }
        finally
        {
            TorchRuntime.Threads = threads;
        }
    });

    private static ComputationGraph Graph(Shape map, int start, int kernel, int dilation, int padding, bool hasBias = true)
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("input", map);
        if (start > 0) x = builder.Root.Slice(x, start, x.Channels - start);
        return builder.Build(KeyValuePair.Create("output", builder.Root.Conv("conv", x, x.Channels, kernel, padding: padding, dilation: dilation, groups: x.Channels, hasBias: hasBias)));
    }

    private static IReadOnlyDictionary<string, float[]> Differentiate(ComputationGraph graph, TorchNetworkOptions options)
    {
        using TorchNetwork network = Libtorch.Network(graph, options);
        TorchTensor input = TorchTensor.From(FormulaWeights.Input(graph.Inputs[0].Shape));
        if (options.Type == DType.Float64) input = input.To(type: DType.Float64);
        input.RequiresGradient = true;
        TorchForward forward = network.Forward([input], TorchForwardOptions.Train);
        TorchTensor output = forward["output"];
        forward.Backward((output * TorchTensor.From(FormulaWeights.Input(output.Shape, "seed")).To(type: output.DType)).Sum());
        Dictionary<string, float[]> results = network.ParameterNames.ToDictionary(name => name, name => Floats(network.Gradient(name)!));
        results.Add("output", Floats(output));
        results.Add("input", Floats(input.Gradient()!));
        return results;
    }

    private static T Limited<T>(int set, Func<T> body)
    {
        try
        {
            Shim.Check(Shim.DepthwiseLimit(set));
            return body();
        }
        finally
        {
            Shim.Check(Shim.DepthwiseLimit(3));
        }
    }

    private static float[] Floats(TorchTensor tensor) => tensor.To(type: DType.Float32).ToArray<float>();
}
