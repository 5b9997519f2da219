using MogaSharp.Graph;
using MogaSharp.Testing;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch.Tests;

/// <summary>Runs graphs on the shim's own kernels and in double precision on libtorch's.</summary>
internal static class KernelCheck
{
    private static readonly TorchNetworkOptions Double = new() { Type = DType.Float64 };

    /// <summary>
    /// Output, gradient of the input and those of the parameters on one set of kernels (1 baseline, 2 AVX2, 3 AVX-512) against double
    /// precision. Input and seed have few enough bits for either type. Float32 results may be off by a share of the largest; what is
    /// bfloat16 also by its rounding.
    /// </summary>
    public static void AgreesWithDouble(ComputationGraph graph, int set, DType? autocast, double share = 3e-6) =>
        Libtorch.WithoutLeaks(() =>
        {
            Dictionary<string, float[]> expected = Differentiate(graph, Double),
                actual = Limited(set, () => Differentiate(graph, new() { ChannelsLast = true }, autocast));
            foreach ((string name, float[] values) in expected)
            {
                double rounding = autocast is not null && name is "output" or "input" ? 1 / 256.0 : 0,
                    slack = share * values.Max(Math.Abs);
                for (int i = 0; i < values.Length; i++)
                    Assert.True(
                        Math.Abs(values[i] - actual[name][i]) <= (rounding * Math.Abs(values[i])) + slack,
                        $"{name}[{i}]: {actual[name][i]}, not {values[i]}"
                    );
            }
        });

    /// <summary>Whatever the number of threads, the results have the same bits.</summary>
    public static void HasTheSameBitsOnAnyThreads(ComputationGraph graph, DType? autocast) =>
        Libtorch.WithoutLeaks(() =>
        {
            int threads = TorchRuntime.Threads;
            try
            {
                TorchRuntime.Threads = 1;
                Dictionary<string, float[]> alone = Differentiate(graph, new() { ChannelsLast = true }, autocast);
                foreach (int more in new[] { 2, 3, 7 })
                {
                    TorchRuntime.Threads = more;
                    Dictionary<string, float[]> shared = Differentiate(graph, new() { ChannelsLast = true }, autocast);
                    foreach ((string name, float[] values) in alone)
                        Assert.Equal(values, shared[name]);
                }
            }
            finally
            {
                TorchRuntime.Threads = threads;
            }
        });

    /// <summary>A depthwise 1x1 convolution with ones, which leaves its input as it is but in the type that autocast gives.</summary>
    public static Value Typed(GraphBuilder builder, Shape map)
    {
        Value x = builder.Input("input", map);
        return builder.Root.Conv("identity", x, x.Channels, kernel: 1, groups: x.Channels, hasBias: false);
    }

    private static Dictionary<string, float[]> Differentiate(ComputationGraph graph, TorchNetworkOptions options, DType? autocast = null)
    {
        WeightSet formula = FormulaWeights.Create(graph.Parameters);
        var weights = new WeightSet(
            graph.Parameters.Select(spec =>
                KeyValuePair.Create(
                    spec.Name,
                    spec.Name.StartsWith("identity", StringComparison.Ordinal) ? Ones(spec.Shape) : formula[spec.Name]
                )
            )
        );
        using var network = new TorchNetwork(graph, weights, options);
        TorchTensor input = Coarse(graph.Inputs[0].Shape, "x").To(type: options.Type);
        input.RequiresGradient = true;
        TorchForward forward = network.Forward([input], new TorchForwardOptions { Training = true, Autocast = autocast });
        TorchTensor output = forward["output"];
        forward.Backward((output.To(type: options.Type) * Coarse(output.Shape, "seed").To(type: options.Type)).Sum());
        Dictionary<string, float[]> results = network
            .ParameterNames.Where(name => !name.StartsWith("identity", StringComparison.Ordinal))
            .ToDictionary(name => name, name => Floats(network.Gradient(name)!));
        results.Add("output", Floats(output));
        results.Add("input", Floats(input.Gradient()!));
        return results;
    }

    private static Tensor Ones(Shape shape)
    {
        var ones = new Tensor(shape);
        ones.Span.Fill(1);
        return ones;
    }

    private static TorchTensor Coarse(Shape shape, string name) =>
        TorchTensor.From(FormulaWeights.Input(shape, name)).To(type: DType.BFloat16).To(type: DType.Float32);

    private static float[] Floats(TorchTensor tensor) => tensor.To(type: DType.Float32).ToArray<float>();

    private static T Limited<T>(int set, Func<T> body)
    {
        try
        {
            Shim.Check(Shim.KernelsLimit(set));
            return body();
        }
        finally
        {
            Shim.Check(Shim.KernelsLimit(3));
        }
    }
}
