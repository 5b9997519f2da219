using System.Globalization;
using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Torch.Tests;

/// <summary>The loss and the gradients of SimVP in train mode, with every translator, against those of the official code in
/// float64.</summary>
public sealed class SimVpTrainingTests
{
    public static TheoryData<string, DType, bool, bool> Cases =>
        new(
            from name in SimVpFixture.SmallNames
            from variant in new (DType Type, bool ChannelsLast, bool Checkpointing)[]
            {
                (DType.Float64, false, false),
                (DType.Float64, true, true),
                (DType.Float32, false, true),
                (DType.Float32, true, false),
            }
            select (name, variant.Type, variant.ChannelsLast, variant.Checkpointing)
        );

    [Theory]
    [MemberData(nameof(Cases))]
    public void Training_gives_the_official_gradients(string name, DType type, bool channelsLast, bool checkpointing) =>
        Libtorch.WithoutLeaks(() =>
        {
            SimVpFixture official = SimVpFixture.Load(name);
            FixtureFile expected = official.Expected;
            using var network = new TorchNetwork(
                official.BuildWithoutDropPath(),
                official.Weights(),
                new() { Type = type, ChannelsLast = channelsLast }
            );
            TorchForward forward = network.Forward(
                TorchTensor.From(official.Input),
                TorchForwardOptions.Train with
                {
                    Checkpointing = checkpointing,
                }
            );
            TorchTensor loss = TorchLoss.MeanSquaredError(forward["output"], TorchTensor.From(official.Target));
            forward.Backward(loss);

            // The file's own figure for float32 is relative to a gradient's norm, of those that are not 0 but for rounding.
            double relative =
                type == DType.Float64
                    ? 1e-9
                    : 20 * double.Parse(expected.Metadata["train.max_rel_f32_noise"], CultureInfo.InvariantCulture);
            Assert.InRange(loss.Item() / expected.Doubles("train/loss")[0], 1 - relative, 1 + relative);
            double[] norms = expected.Doubles("train/grad_l2"),
                sums = expected.Doubles("train/grad_sum");
            HashSet<string> zero = [.. JsonSerializer.Deserialize<string[]>(expected.Metadata["zero_gradient_params"])!];
            Assert.Equal(
                network.ParameterNames.Order(StringComparer.Ordinal),
                official.GradientNames.Concat(WithoutGradient(expected)).Order(StringComparer.Ordinal)
            );
            Assert.All(WithoutGradient(expected), parameter => Assert.Null(network.Gradient(parameter)));
            foreach ((string parameter, double norm, double sum) in official.GradientNames.Zip(norms, sums))
            {
                double[] gradient = network.Gradient(parameter)!.To(type: DType.Float64).ToArray<double>();
                double allowed = relative * (zero.Contains(parameter) ? norms.Max() : norm);
                Assert.InRange(Math.Sqrt(gradient.Sum(x => x * x)) - norm, -allowed, allowed);
                // A sum of n elements that are off by a norm of d altogether is off by at most d sqrt(n).
                Assert.InRange(gradient.Sum() - sum, -allowed * Math.Sqrt(gradient.Length), allowed * Math.Sqrt(gradient.Length));
            }
        });

    private static string[] WithoutGradient(FixtureFile expected) =>
        JsonSerializer.Deserialize<string[]>(expected.Metadata["parameters_without_gradient"])!;
}
