using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Torch.Tests;

/// <summary>Optimisers, clipping, averaging and loss scaling, against PyTorch in double precision.</summary>
public sealed class OptimizerTests
{
    private static readonly FixtureFile Expected = new(Repository.Fixture("torch", "optimisers.safetensors"));
    private static readonly string[] Names = ["a", "b", "c"];

    [Theory]
    [InlineData("adamw")]
    [InlineData("adamw_betas")]
    [InlineData("adam")]
    [InlineData("sgd")]
    [InlineData("sgd_momentum")]
    [InlineData("sgd_dampening")]
    [InlineData("sgd_nesterov")]
    public void Six_steps_are_those_of_PyTorch(string name) =>
        Libtorch.WithoutLeaks(() =>
        {
            using TorchNetwork network = Parameters();
            using TorchOptimizer optimizer = Make(name, network);
            for (int step = 0; step < 6; step++)
                Step(network, optimizer, step);
            foreach (string parameter in Names)
                Compare(name + "/" + parameter, network[parameter].ToArray<double>(), 1e-14);
            WeightSet state = optimizer.ReadState();
            foreach (string entry in state.Names.Where(entry => !entry.StartsWith("step/", StringComparison.Ordinal)))
                if (Expected.Has($"{name}/{entry}"))
                    Compare($"{name}/{entry}", Array.ConvertAll(state[entry].Data, x => (double)x), 1e-6);
            Assert.Equal([6f, 6f, 4f], Names.Select(parameter => state["step/" + parameter].Data[0]));
            Assert.Equal(name.StartsWith("adam", StringComparison.Ordinal) ? 9 : 6, state.Names.Count);
        });

    [Theory]
    [InlineData("adamw")]
    [InlineData("sgd_nesterov")]
    public void A_loaded_state_goes_on_bit_for_bit(string name) =>
        Libtorch.WithoutLeaks(() =>
        {
            // A float32 network, as its state is kept in float32.
            using TorchNetwork straight = Parameters(DType.Float32);
            using TorchOptimizer whole = Make(name, straight);
            for (int step = 0; step < 6; step++)
                Step(straight, whole, step);
            using TorchNetwork first = Parameters(DType.Float32),
                second = Parameters(DType.Float32);
            using TorchOptimizer begun = Make(name, first),
                resumed = Make(name, second);
            for (int step = 0; step < 3; step++)
                Step(first, begun, step);
            second.LoadWeights(first.ReadWeights());
            resumed.LoadState(begun.ReadState());
            for (int i = 0; i < 2; i++)
                resumed.Groups[i].LearningRate = begun.Groups[i].LearningRate;
            for (int step = 3; step < 6; step++)
                Step(second, resumed, step);
            foreach (string parameter in Names)
                Assert.Equal(straight[parameter].ToArray<float>(), second[parameter].ToArray<float>());
        });

    [Fact]
    public void Gradients_are_clipped_as_PyTorch_clips_them() =>
        Libtorch.WithoutLeaks(() =>
        {
            using TorchNetwork network = Parameters();
            SetGradients(network, 0);
            double norm = Expected.Doubles("clip/norm")[0];
            Assert.InRange(network.GradientNorm() - norm, -1e-6, 1e-6);
            Assert.InRange(network.ClipGradients(1.5) - norm, -1e-6, 1e-6);
            foreach (string parameter in Names)
                Compare("clip/" + parameter, network.Gradient(parameter)!.ToArray<double>(), 1e-6);
            Assert.InRange(network.GradientNorm(), 1.4999, 1.5001);
            double[] before = network.Gradient("a")!.ToArray<double>();
            network.ClipGradients(100);
            Assert.Equal(before, network.Gradient("a")!.ToArray<double>());
            network.ClipGradientValues(0.1);
            Assert.Equal(before.Select(x => Math.Clamp(x, -0.1, 0.1)), network.Gradient("a")!.ToArray<double>());
            network.ZeroGradients();
            Assert.Null(network.Gradient("a"));
            Assert.Equal(0, network.GradientNorm());
            Assert.Throws<ArgumentOutOfRangeException>(() => network.ClipGradients(-1));
        });

    [Fact]
    public void Non_finite_gradients_are_found() =>
        Libtorch.WithoutLeaks(() =>
        {
            foreach (double bad in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity })
            {
                using TorchNetwork network = Parameters();
                SetGradients(network, 0);
                Assert.True(network.GradientsAreFinite());
                network.Gradient("c")!.Narrow(0, 1, 1).Narrow(1, 2, 1).Fill(bad);
                Assert.False(network.GradientsAreFinite());
                Assert.False(double.IsFinite(network.GradientNorm()));
            }
        });

    [Fact]
    public void The_scaler_follows_the_rules_of_PyTorch() =>
        Libtorch.WithoutLeaks(() =>
        {
            var scaler = new GradientScaler();
            Assert.Equal(new GradientScalerState(65536, 0), scaler.State);
            using TorchNetwork network = Parameters(DType.Float32);
            TorchTensor loss = Product(network, "a", 0);
            scaler.Scale(loss).Backward();
            Assert.Equal(Expected.Floats("gradient/0/a").Select(x => x * 65536), network.Gradient("a")!.ToArray<float>());
            Assert.True(scaler.Unscale(network));
            Assert.Equal(Expected.Floats("gradient/0/a"), network.Gradient("a")!.ToArray<float>());
            for (int i = 0; i < 1999; i++)
                scaler.Update(finite: true);
            Assert.Equal(new GradientScalerState(65536, 1999), scaler.State);
            scaler.Update(finite: true);
            Assert.Equal(new GradientScalerState(131072, 0), scaler.State);
            scaler.Update(finite: true);
            network.Gradient("a")!.Fill(double.PositiveInfinity);
            Assert.False(scaler.Unscale(network));
            scaler.Update(finite: false);
            Assert.Equal(new GradientScalerState(65536, 0), scaler.State);
            scaler.State = new GradientScalerState(float.MaxValue, 1999);
            scaler.Update(finite: true);
            Assert.Equal(float.MaxValue, scaler.State.Scale);
            Assert.Throws<ArgumentOutOfRangeException>(() => scaler.State = new(0));
            Assert.Throws<ArgumentOutOfRangeException>(() => scaler.State = new(1, 2000));
        });

    [Fact]
    public void A_frozen_parameter_stays_as_it_is() =>
        Libtorch.WithoutLeaks(() =>
        {
            using TorchNetwork network = Parameters();
            using TorchOptimizer optimizer = Make("adamw", network);
            SetGradients(network, 0);
            network.Freeze(name => name == "a");
            Assert.Equal(["b", "c"], network.TrainableNames);
            Assert.Null(network.Gradient("a"));
            optimizer.Step();
            Assert.Equal(Expected.Floats("start/a"), network["a"].ToTensor().Data);
            Assert.NotEqual(Expected.Floats("start/b"), network["b"].ToTensor().Data);
            network.Unfreeze(_ => true);
            Assert.Equal(Names, network.TrainableNames);
        });

    [Fact]
    public void An_average_moves_by_its_decay() =>
        Libtorch.WithoutLeaks(() =>
        {
            using TorchNetwork network = Parameters();
            using TorchNetwork average = network.Clone();
            using TorchOptimizer optimizer = Make("sgd", network);
            Step(network, optimizer, 0);
            average.AverageFrom(network, 0.75);
            foreach (string parameter in Names)
            {
                double[] now = network[parameter].ToArray<double>(),
                    then = Array.ConvertAll(Expected.Floats("start/" + parameter), x => (double)x);
                double[] between = average[parameter].ToArray<double>();
                Assert.All(
                    Enumerable.Range(0, now.Length),
                    i => Assert.InRange(between[i] - ((0.75 * then[i]) + (0.25 * now[i])), -1e-15, 1e-15)
                );
            }

            average.CopyFrom(network);
            foreach (string parameter in Names)
                Assert.Equal(network[parameter].ToArray<double>(), average[parameter].ToArray<double>());
        });

    [Fact]
    public void Mistakes_are_refused() =>
        Libtorch.WithoutLeaks(() =>
        {
            using TorchNetwork network = Parameters();
            Assert.Contains(
                "no parameter 'x'",
                Assert.Throws<ArgumentException>(() => new Sgd(network, [new(["x"], 1)])).Message,
                StringComparison.Ordinal
            );
            Assert.Contains(
                "'a' is in more than one group",
                Assert.Throws<ArgumentException>(() => new Sgd(network, [new(["a"], 1), new(["a"], 2)])).Message,
                StringComparison.Ordinal
            );
            Assert.Throws<ArgumentException>(() => new AdamW(network, [new(["a"], 1)], new(Beta1: 1)));
            Assert.Throws<ArgumentException>(() => new Sgd(network, [new(["a"], 1)], new(Momentum: 0, Nesterov: true)));
            Assert.Throws<ArgumentOutOfRangeException>(() => new ParameterGroup(["a"], -1));
            Assert.Throws<ArgumentOutOfRangeException>(() => new ParameterGroup(["a"], 1).WeightDecay = double.NaN);
            using var optimizer = new AdamW(network, [new(["a"], 1)]);
            WeightSet state = optimizer.ReadState();
            Assert.Throws<KeyNotFoundException>(() => optimizer.LoadState(new WeightSet([])));
            Assert.Contains(
                "'exp_avg/a'",
                Assert.Throws<GraphException>(() => optimizer.LoadState(state.With([new("exp_avg/a", new Tensor(new Shape(1)))]))).Message,
                StringComparison.Ordinal
            );
            optimizer.Dispose();
            Assert.Throws<ObjectDisposedException>(optimizer.Step);
            Assert.Throws<ObjectDisposedException>(optimizer.ReadState);
        });

    private static TorchNetwork Parameters(DType type = DType.Float64)
    {
        Libtorch.Require();
        var builder = new GraphBuilder();
        foreach (string name in Names)
            builder.Declare(new ParameterSpec(name, Expected.ShapeOf("start/" + name), ParameterKind.Parameter, Initializer.Zeros));
        Value x = builder.Input("input", new Shape(1, 1, 1, 1));
        return new TorchNetwork(
            builder.Build(new GraphOutput("output", x)),
            new WeightSet(
                Names.Select(name =>
                    KeyValuePair.Create(name, new Tensor(Expected.ShapeOf("start/" + name), Expected.Floats("start/" + name)))
                )
            ),
            new() { Type = type }
        );
    }

    private static TorchOptimizer Make(string name, TorchNetwork network)
    {
        ParameterGroup[] groups = [new(["a", "c"], 0.02, 0.05), new(["b"], 0.01)];
        return name switch
        {
            "adamw" => new AdamW(network, groups),
            "adamw_betas" => new AdamW(network, groups, new(0.8, 0.95, 1e-4)),
            "adam" => new Adam(network, groups),
            "sgd" => new Sgd(network, groups, new(Momentum: 0)),
            "sgd_momentum" => new Sgd(network, groups),
            "sgd_dampening" => new Sgd(network, groups, new(Dampening: 0.3)),
            _ => new Sgd(network, groups, new(Nesterov: true)),
        };
    }

    private static void Step(TorchNetwork network, TorchOptimizer optimizer, int step)
    {
        if (step == 3)
            foreach (ParameterGroup group in optimizer.Groups)
                group.LearningRate *= 0.5;
        network.ZeroGradients();
        SetGradients(network, step);
        optimizer.Step();
    }

    // The gradient of the sum of p g is g.
    private static void SetGradients(TorchNetwork network, int step)
    {
        using var scope = new TorchScope();
        foreach (string name in Names)
            if (Expected.Has($"gradient/{step}/{name}"))
                Product(network, name, step).Backward();
    }

    private static TorchTensor Product(TorchNetwork network, string name, int step) =>
        (
            network[name]
            * TorchTensor.From<float>(Expected.Floats($"gradient/{step}/{name}"), network[name].Shape).To(type: network[name].DType)
        ).Sum();

    private static void Compare(string name, double[] actual, double tolerance)
    {
        double[] expected = Expected.Doubles(name);
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance, $"{name}[{i}]: {actual[i]:R}, PyTorch {expected[i]:R}");
    }
}
