using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Torch.Tests;

/// <summary>Several ranks with parts of a batch compute what one process computes with all of it.</summary>
public sealed class DataParallelTests
{
    private const int Batch = 12;

    private static readonly MogaNetOptions Options = new()
    {
        Arch = new([8, 16], [2, 1], [4, 4]),
        NumClasses = 10,
        PatchEmbeds = [PatchEmbedKind.ConvEmbed, PatchEmbedKind.Conv],
    };
    private static readonly Shape Input = new(Batch, 3, 24, 20);

    public static TheoryData<int, DType, bool, bool, bool> Cases =>
        new()
        {
            // Ranks, type, checkpointing, channels last, unused parameters looked for.
            { 2, DType.Float64, false, false, false },
            { 2, DType.Float64, true, true, false },
            { 3, DType.Float64, false, false, true },
            { 2, DType.Float32, false, true, false },
            { 4, DType.Float32, false, false, true },
        };

    // float64: rounding only.
    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_statistics_and_steps_are_those_of_one_process_with_all_images(
        int size,
        DType type,
        bool checkpointing,
        bool channelsLast,
        bool findUnused
    )
    {
        Ranks.Require();
        Recorded expected = Train(null),
            first;
        Recorded[] ranks = Ranks.Run(size, group => Train(group));
        first = ranks[0];
        double tolerance = type == DType.Float64 ? 1e-12 : 1e-6;
        Compare(expected.Gradients, first.Gradients, tolerance);
        // Not by AdamW: it divides by gradients' sizes, and those of biases before batch norms are pure rounding.
        Compare(expected.Weights, first.Weights, type == DType.Float64 ? 1e-11 : 2e-5);
        Assert.All(
            ranks,
            rank =>
            {
                foreach (string name in first.Weights.Keys)
                    Assert.Equal(first.Weights[name], rank.Weights[name]);
            }
        );

        Recorded Train(TorchProcessGroup? group)
        {
            using TorchNetwork network = Network(type, channelsLast);
            using GradientReducer? reducer = group is null
                ? null
                : new GradientReducer(network, group, new() { FindUnused = findUnused, BucketMegabytes = 0.01 });
            using var optimizer = new Sgd(network, [new ParameterGroup(network.TrainableNames, 1e-2, 0.05)], new SgdOptions(0.9));
            IReadOnlyDictionary<string, double[]>? gradients = null;
            for (int step = 0; step < 4; step++)
            {
                using var scope = new TorchScope();
                (TorchTensor x, TorchTensor labels) = Images(step, group, type);
                TorchForward forward = network.Forward(
                    x,
                    TorchForwardOptions.Train with
                    {
                        Checkpointing = checkpointing,
                        BatchNormGroup = group,
                    }
                );
                TorchTensor loss = TorchLoss.CrossEntropy(forward["logits"], labels, 0.1);
                network.ZeroGradients();
                reducer?.Prepare(loss);
                forward.Backward(loss);
                gradients ??= network.TrainableNames.ToDictionary(name => name, name => Doubles(network.Gradient(name)!));
                optimizer.Step();
            }

            return new Recorded(gradients!, network.Graph.Parameters.ToDictionary(spec => spec.Name, spec => Doubles(network[spec.Name])));
        }
    }

    // The parts of an accumulated update on each rank: only the last one exchanges.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Accumulated_gradients_are_averaged_once(bool evalMode)
    {
        Ranks.Require();
        Dictionary<string, double[]> expected = Gradients(null);
        foreach (Dictionary<string, double[]> rank in Ranks.Run(2, Gradients))
            Compare(expected, rank, 1e-12);

        Dictionary<string, double[]> Gradients(TorchProcessGroup? group)
        {
            using TorchNetwork network = Network(DType.Float64, false);
            using GradientReducer? reducer = group is null ? null : new GradientReducer(network, group);
            using var all = new TorchScope();
            var options = new TorchForwardOptions
            {
                Training = !evalMode,
                RecordGradients = true,
                BatchNormGroup = group,
            };
            for (int update = 0; update < 2; update++)
            {
                network.ZeroGradients();
                for (int part = 0; part < 3; part++)
                {
                    using var scope = new TorchScope();
                    (TorchTensor x, TorchTensor labels) = Images(part, group, DType.Float64);
                    TorchForward forward = network.Forward(x, options);
                    TorchTensor loss = TorchLoss.CrossEntropy(forward["logits"], labels, 0) * (1.0 / 3);
                    if (part == 2)
                        reducer?.Prepare(loss);
                    forward.Backward(loss);
                }
            }

            return network.TrainableNames.ToDictionary(name => name, name => Doubles(network.Gradient(name)!));
        }
    }

    // One head is used by rank 1 only, one by nobody.
    [Fact]
    public void Unused_parameters_are_no_obstacle_when_looked_for() =>
        Ranks.Run(
            2,
            group =>
            {
                using TorchNetwork network = Heads();
                using var reducer = new GradientReducer(network, group, new() { FindUnused = true });
                for (int step = 0; step < 3; step++)
                {
                    using var scope = new TorchScope();
                    network.ZeroGradients();
                    TorchForward forward = network.Forward(TorchTensor.Full(1 + group.Rank, new Shape(1, 4)), TorchForwardOptions.Train);
                    TorchTensor loss = (forward["a"] + (group.Rank == 1 ? forward["b"] * 2 : forward["a"])).Sum();
                    reducer.Prepare(loss);
                    forward.Backward(loss);
                    // a: rank 0 twice with inputs of 1, rank 1 once with 2; b: rank 1 alone, 2 x 2, over two ranks.
                    Assert.All(network.Gradient("a.weight")!.ToArray<float>(), value => Assert.Equal(2, value));
                    Assert.All(network.Gradient("b.weight")!.ToArray<float>(), value => Assert.Equal(2, value));
                    Assert.Null(network.Gradient("c.weight"));
                }
            }
        );

    [Fact]
    public void Unused_parameters_are_an_error_when_not() =>
        Ranks.Run(
            2,
            group =>
            {
                using TorchNetwork network = Heads();
                using var reducer = new GradientReducer(network, group);
                TorchForward forward = network.Forward(TorchTensor.Full(1, new Shape(1, 4)), TorchForwardOptions.Train);
                TorchTensor loss = forward["a"].Sum();
                reducer.Prepare(loss);
                forward.Backward(loss);
                Assert.Contains(
                    "unused parameter",
                    Assert.Throws<TorchException>(() => reducer.Prepare(loss)).Message,
                    StringComparison.Ordinal
                );
            }
        );

    [Fact]
    public void Frozen_parameters_take_no_part() =>
        Ranks.Run(
            2,
            group =>
            {
                using TorchNetwork network = Heads();
                network.Freeze(name => name[0] is 'b' or 'c');
                using var reducer = new GradientReducer(network, group);
                TorchForward forward = network.Forward(TorchTensor.Full(1 + group.Rank, new Shape(1, 4)), TorchForwardOptions.Train);
                TorchTensor loss = (forward["a"] + forward["b"]).Sum();
                reducer.Prepare(loss);
                forward.Backward(loss);
                Assert.All(network.Gradient("a.weight")!.ToArray<float>(), value => Assert.Equal(1.5f, value));
                Assert.Null(network.Gradient("b.weight"));
            }
        );

    // Batches of different sizes, even of a single value per channel, count by their images.
    [Fact]
    public void Batch_norms_weigh_batches_by_their_sizes()
    {
        Ranks.Require();
        var shape = new Shape(5, 3, 1, 1);
        float[] data = FormulaWeights.Input(shape).Data;
        int[] starts = [0, 1, 5];
        (double[] Y, double[] Mean, double[] Variance) Norm(TorchProcessGroup? group, int first, int count)
        {
            var builder = new GraphBuilder();
            ComputationGraph graph = builder.Build(
                new GraphOutput("y", builder.Root.BatchNorm("norm", builder.Input("x", new Shape(1, 3, 1, 1))))
            );
            using TorchNetwork network = Libtorch.Network(graph, new() { Type = DType.Float64 });
            using var scope = new TorchScope();
            TorchTensor x = TorchTensor.From<float>(data.AsSpan(first * 3, count * 3), new Shape(count, 3, 1, 1)).To(type: DType.Float64);
            TorchTensor y = network.Forward(x, TorchForwardOptions.Train with { BatchNormGroup = group })["y"];
            return (Doubles(y), Doubles(network["norm.running_mean"]), Doubles(network["norm.running_var"]));
        }

        (double[] Y, double[] Mean, double[] Variance) whole = Norm(null, 0, 5);
        (double[] Y, double[] Mean, double[] Variance)[] parts = Ranks.Run(
            2,
            group => Norm(group, starts[group.Rank], starts[group.Rank + 1] - starts[group.Rank])
        );
        Close(whole.Y, [.. parts[0].Y, .. parts[1].Y], 1e-12, "y");
        Close(whole.Mean, parts[1].Mean, 1e-12, "mean");
        Close(whole.Variance, parts[0].Variance, 1e-12, "variance");
    }

    private static TorchNetwork Heads()
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("x", new Shape(1, 4));
        return Libtorch.Network(
            builder.Build([.. new[] { "a", "b", "c" }.Select(name => new GraphOutput(name, builder.Root.Linear(name, x, 3)))])
        );
    }

    private static TorchNetwork Network(DType type, bool channelsLast) =>
        Libtorch.Network(Options.CreateDefinition().Build(Input), new() { Type = type, ChannelsLast = channelsLast });

    // Rank r of n has the images r, r + n, ...
    private static (TorchTensor X, TorchTensor Labels) Images(int step, TorchProcessGroup? group, DType type)
    {
        float[] all = FormulaWeights.Input(new Shape(8 * Batch, 3, 24, 20)).Data;
        int elements = 3 * 24 * 20,
            size = group?.Size ?? 1,
            count = Batch / size;
        float[] mine = new float[count * elements];
        long[] labels = new long[count];
        for (int i = 0; i < count; i++)
        {
            int image = (step * Batch) + (i * size) + (group?.Rank ?? 0);
            all.AsSpan(image * elements, elements).CopyTo(mine.AsSpan(i * elements));
            labels[i] = image % 10;
        }

        return (
            TorchTensor.From<float>(mine, new Shape(count, 3, 24, 20)).To(type: type),
            TorchTensor.From<long>(labels, new Shape(count))
        );
    }

    private static double[] Doubles(TorchTensor tensor)
    {
        using var scope = new TorchScope();
        return tensor.To(type: DType.Float64).ToArray<double>();
    }

    private static void Compare(
        IReadOnlyDictionary<string, double[]> expected,
        IReadOnlyDictionary<string, double[]> actual,
        double tolerance
    )
    {
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        foreach ((string name, double[] values) in expected)
            Close(values, actual[name], tolerance, name);
    }

    private static void Close(double[] expected, double[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(
                Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])),
                $"{what}[{i}]: {expected[i]:R}, {actual[i]:R}"
            );
    }

    private sealed record Recorded(IReadOnlyDictionary<string, double[]> Gradients, IReadOnlyDictionary<string, double[]> Weights);
}
