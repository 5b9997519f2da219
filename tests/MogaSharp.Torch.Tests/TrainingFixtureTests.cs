using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Torch.Tests;

/// <summary>
/// Five AdamW steps of the official code: loss, every gradient, running statistics and weights. The fixtures were made in
/// float64, so a float64 network agrees to the rounding of the file, and a float32 one as closely as the README says.
/// </summary>
public sealed class TrainingFixtureTests
{
    // Half a unit in the last place of the file's float32 values, which stay below 4.
    private const double FileRounding = 2.5e-7;

    public static TheoryData<string, DType, bool, bool> Cases =>
        new(
            from name in MogaNetFixture.TrainingNames
            from variant in new (DType Type, bool ChannelsLast, bool Checkpointing)[]
            {
                (DType.Float64, false, false),
                (DType.Float64, true, true),
                (DType.Float32, false, false),
                (DType.Float32, true, false),
                (DType.Float32, false, true),
            }
            select (name, variant.Type, variant.ChannelsLast, variant.Checkpointing)
        );

    [Theory]
    [MemberData(nameof(Cases))]
    public void Training_gives_the_official_values(string name, DType type, bool channelsLast, bool checkpointing) =>
        Libtorch.WithoutLeaks(() =>
        {
            MogaNetFixture official = MogaNetFixture.Load(name);
            FixtureFile expected = official.Expected;
            bool exact = type == DType.Float64;
            HashSet<string> noisy = exact ? [] : Noisy(expected);
            using var network = new TorchNetwork(official.Build(), official.Weights(), new() { Type = type, ChannelsLast = channelsLast });
            using var optimizer = new AdamW(network, Groups(network, expected));
            var options = TorchForwardOptions.Train with { Checkpointing = checkpointing };
            TorchTensor input = TorchTensor.From(official.Input),
                labels = TorchTensor.From<long>([0, 1, 2, 3], new Shape(4));
            double[] losses = expected.Doubles("losses");
            for (int step = 0; step <= 5; step++)
            {
                using var scope = new TorchScope();
                TorchForward forward = network.Forward(input, options);
                TorchTensor loss = TorchLoss.CrossEntropy(forward["logits"], labels, 0.1);
                Assert.InRange(Math.Abs(loss.Item() - losses[step]), 0, exact ? 1e-12 : 2e-6);
                if (step == 5)
                    break;
                network.ZeroGradients();
                forward.Backward(loss);
                if (step == 0)
                {
                    Compare(
                        "logits",
                        expected.Floats("logits"),
                        forward["logits"].ToTensor().Data,
                        exact ? FileRounding : 20 * expected.Noise("logits")
                    );
                    IReadOnlyDictionary<string, Tensor> gradients = network.ReadGradients();
                    Assert.Equal(network.ParameterNames.Count, gradients.Count);
                    double most = double.Parse(expected.Metadata["grad.max_f32_noise"]);
                    foreach ((string parameter, Tensor gradient) in gradients)
                        Compare("grad/" + parameter, expected.Floats("grad/" + parameter), gradient.Data, exact ? FileRounding : 20 * most);
                    CompareAll(network, expected, "buffers_after_1/", exact ? FileRounding : 2e-5, []);
                }

                optimizer.Step();
                if (step == 0)
                    CompareAll(network, expected, "params_after_1/", exact ? FileRounding : 2e-5, noisy);
            }

            CompareAll(network, expected, "final/", exact ? FileRounding : 2e-5, noisy);
            TorchTensor evaluated = network.Forward(input)["logits"];
            Compare("eval_logits_final", expected.Floats("eval_logits_final"), evaluated.ToTensor().Data, exact ? 5 * FileRounding : 2e-2);
        });

    // The README: these biases follow rounding noise in float32, and running means follow them.
    private static HashSet<string> Noisy(FixtureFile expected) =>
        [
            .. JsonSerializer.Deserialize<string[]>(expected.Metadata["zero_gradient_params"])!,
            .. expected
                .Names.Where(name => name.EndsWith(".running_mean", StringComparison.Ordinal))
                .Select(name => name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..]),
        ];

    private static ParameterGroup[] Groups(TorchNetwork network, FixtureFile expected)
    {
        string[] decayed = JsonSerializer.Deserialize<string[]>(expected.Metadata["decayed_params"])!;
        return [new(decayed, 1e-3, 0.05), new(network.ParameterNames.Except(decayed), 1e-3)];
    }

    private static void CompareAll(TorchNetwork network, FixtureFile expected, string prefix, double tolerance, HashSet<string> noisy)
    {
        string[] names = [.. expected.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))];
        Assert.NotEmpty(names);
        foreach (string entry in names)
        {
            string name = entry[prefix.Length..];
            if (name.EndsWith("num_batches_tracked", StringComparison.Ordinal))
                Assert.Equal(BitConverter.ToInt64(expected.Bytes(entry)), network[name].Item());
            else
                Compare(
                    entry,
                    expected.Floats(entry),
                    network[name].ToTensor().Data,
                    noisy.Contains(name) ? 5e-3 : tolerance,
                    noisy.Count > 0 ? Steady(expected, name) : null
                );
        }
    }

    // Adam's first steps are lr g / (|g| + 1e-8): an element whose gradient is no larger than its float32 noise follows that
    // noise, as the biases above do.
    private static bool[]? Steady(FixtureFile expected, string name)
    {
        if (!expected.Has("grad/" + name))
            return null;
        double noise = double.Parse(expected.Metadata["grad.max_f32_noise"]);
        return Array.ConvertAll(expected.Floats("grad/" + name), g => Math.Abs(g) > 2 * noise);
    }

    private static void Compare(string name, float[] expected, float[] actual, double tolerance, bool[]? steady = null)
    {
        Assert.Equal(expected.Length, actual.Length);
        if (steady is not null)
        {
            Assert.InRange(Libtorch.Difference(expected, actual), 0, 5e-3);
            (expected, actual) = ([.. expected.Where((_, i) => steady[i])], [.. actual.Where((_, i) => steady[i])]);
        }

        double difference = Libtorch.Difference(expected, actual);
        Assert.True(difference <= tolerance, $"{name}: difference {difference:E2}, allowed {tolerance:E2}");
    }
}
