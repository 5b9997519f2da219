using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Torch.Tests;

/// <summary>Losses and their gradients, against PyTorch in double precision (timm's formulas where PyTorch has none).</summary>
public sealed class LossTests
{
    private static readonly FixtureFile Expected = new(Repository.Fixture("torch", "losses.safetensors"));

    [Theory]
    [InlineData("cross_entropy")]
    [InlineData("cross_entropy_smooth")]
    [InlineData("soft_cross_entropy")]
    [InlineData("bce")]
    [InlineData("bce_threshold")]
    [InlineData("bce_soft")]
    [InlineData("bce_soft_threshold")]
    [InlineData("mse")]
    public void A_loss_gives_what_PyTorch_gives(string name) =>
        Libtorch.WithoutLeaks(() =>
        {
            foreach (DType type in new[] { DType.Float64, DType.Float32 })
            {
                double tolerance = type == DType.Float64 ? 1e-14 : 2e-6;
                TorchTensor logits = Logits().To(type: type);
                logits.RequiresGradient = true;
                TorchTensor loss = Loss(name, logits);
                Assert.Equal(type, loss.DType);
                Assert.InRange(Math.Abs(loss.Item() - Expected.Doubles(name + "/loss")[0]), 0, tolerance);
                loss.Backward();
                double[] gradient = logits.Gradient()!.To(type: DType.Float64).ToArray<double>();
                Assert.All(
                    gradient.Zip(Expected.Doubles(name + "/gradient")),
                    pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, tolerance)
                );
            }
        });

    [Theory]
    [InlineData("cross_entropy_smooth")]
    [InlineData("soft_cross_entropy")]
    [InlineData("bce")]
    [InlineData("mse")]
    public void Low_precision_logits_are_taken_in_float32(string name) =>
        Libtorch.WithoutLeaks(() =>
        {
            TorchTensor low = Logits().To(type: DType.BFloat16);
            Assert.Equal(DType.Float32, Loss(name, low).DType);
            Assert.Equal(Loss(name, low.To(type: DType.Float32)).Item(), Loss(name, low).Item());
        });

    [Fact]
    public void What_does_not_fit_is_refused() =>
        Libtorch.WithoutLeaks(() =>
        {
            TorchTensor logits = Logits();
            Assert.Throws<TorchException>(() => TorchLoss.CrossEntropy(logits, TorchTensor.From<long>([0, 1], new Shape(2))));
            Assert.Throws<TorchException>(() => TorchLoss.CrossEntropy(logits, TorchTensor.From<long>([0, 1, 2, 3, 7], new Shape(5))));
            Assert.Contains(
                "different shapes",
                Assert.Throws<TorchException>(() => TorchLoss.SoftCrossEntropy(logits, logits.Narrow(0, 0, 1))).Message,
                StringComparison.Ordinal
            );
            Assert.Contains(
                "different shapes",
                Assert.Throws<TorchException>(() => TorchLoss.BinaryCrossEntropy(logits, logits.Narrow(1, 0, 2))).Message,
                StringComparison.Ordinal
            );
            Assert.Contains(
                "different shapes",
                Assert.Throws<TorchException>(() => TorchLoss.MeanSquaredError(logits, logits.Narrow(0, 0, 1))).Message,
                StringComparison.Ordinal
            );
            Assert.Throws<TorchException>(() =>
                TorchLoss.BinaryCrossEntropy(logits, TorchTensor.From<long>([0, 1, 2, 3, 7], new Shape(5)))
            );
            Assert.Throws<ArgumentOutOfRangeException>(() => TorchLoss.CrossEntropy(logits, Hard(), 1.5));
            Assert.Throws<ArgumentOutOfRangeException>(() => TorchLoss.BinaryCrossEntropy(logits, Hard(), 0.1, -0.5));
        });

    private static TorchTensor Logits() => TorchTensor.From<float>(Expected.Floats("logits"), new Shape(5, 7));

    private static TorchTensor Hard() => TorchTensor.From<long>([0, 6, 3, 3, 1], new Shape(5));

    private static TorchTensor Soft() => TorchTensor.From<float>(Expected.Floats("soft"), new Shape(5, 7));

    private static TorchTensor Loss(string name, TorchTensor logits) =>
        name switch
        {
            "cross_entropy" => TorchLoss.CrossEntropy(logits, Hard()),
            "cross_entropy_smooth" => TorchLoss.CrossEntropy(logits, Hard(), 0.1),
            "soft_cross_entropy" => TorchLoss.SoftCrossEntropy(logits, Soft()),
            "bce" => TorchLoss.BinaryCrossEntropy(logits, Hard(), 0.1),
            "bce_threshold" => TorchLoss.BinaryCrossEntropy(logits, Hard(), 0.1, 0.2),
            "bce_soft" => TorchLoss.BinaryCrossEntropy(logits, Soft()),
            "bce_soft_threshold" => TorchLoss.BinaryCrossEntropy(logits, Soft(), 0, 0.2),
            _ => TorchLoss.MeanSquaredError(logits, Soft()),
        };
}
