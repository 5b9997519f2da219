using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Torch;

namespace MogaSharp.Training.Tests;

/// <summary>Single updates against the official code, and updates that are given up.</summary>
public sealed class EngineTests
{
    // tests/fixtures/moganet: the official network in train mode, five AdamW steps of the same batch.
    private static readonly TrainingRecipe Official = new()
    {
        ImageSize = 64,
        BatchSize = 4,
        LearningRateBatch = 4,
        LearningRate = 1e-3,
        WeightDecay = 0.05,
        LabelSmoothing = 0.1,
        Mixup = 0,
        Cutmix = 0,
        EmaDecay = 0.5,
    };

    public EngineTests() => SmallRun.RequireTorch();

    [Theory]
    [InlineData("train_custom_64_b4")]
    [InlineData("train_custom_fp32gate_64_b4")]
    public void Five_updates_are_those_of_the_official_code(string name)
    {
        MogaNetFixture fixture = MogaNetFixture.Load(name);
        ComputationGraph graph = fixture.Options.CreateDefinition().Build(fixture.InputShape);
        using var engine = new TrainingStep(
            graph,
            new MogaNetOptions(),
            FormulaWeights.Create(graph.Parameters, ""),
            Official,
            TorchDevice.Cpu
        );
        string[] decayed = JsonSerializer.Deserialize<string[]>(fixture.Expected.Metadata["decayed_params"])!;
        ParameterGroupSpec decay = ParameterGroups
            .Create(graph.Parameters, new MogaNetOptions(), Official)
            .Single(group => group.WeightDecay > 0);
        Assert.Equal(decayed.Order(StringComparer.Ordinal), decay.Parameters.Order(StringComparer.Ordinal));
        var batch = new ClassificationBatch(fixture.Input.Data, fixture.InputShape, new[] { 0, 1, 2, 3 });
        double[] losses =
            fixture.Expected.Has("losses") && fixture.Expected.Bytes("losses").Length == 48
                ? fixture.Expected.Doubles("losses")
                : [.. fixture.Expected.Floats("losses").Select(value => (double)value)];
        for (int i = 0; i < 5; i++)
        {
            UpdateResult result = engine.Update([batch], 1e-3, i + 1);
            Assert.Equal(losses[i], result.Loss, 2e-5);
            Assert.True(result.GradientNorm > 0 && !result.Skipped);
        }
    }

    // tests/fixtures/training/make_lamb.py.
    [Fact]
    public void Lamb_steps_as_in_timm()
    {
        JsonElement fixture = JsonDocument.Parse(File.ReadAllText(Repository.Fixture("training", "lamb.json"))).RootElement;
        var builder = new GraphBuilder();
        ComputationGraph graph = builder.Build(
            new GraphOutput("logits", builder.Root.Linear("head", builder.Input("input", new Shape(4, 5)), 3))
        );
        var weights = new WeightSet([
            new("head.weight", new Tensor(new Shape(3, 5), Floats(fixture, "weight"))),
            new("head.bias", new Tensor(new Shape(3), Floats(fixture, "bias"))),
        ]);
        var recipe = new TrainingRecipe
        {
            Optimizer = OptimizerKind.Lamb,
            Betas = [0.9, 0.99],
            Epsilon = 1e-6,
            WeightDecay = 0.02,
            LabelSmoothing = 0,
        };
        using var engine = new TrainingStep(graph, new MogaNetOptions(), weights, recipe, TorchDevice.Cpu);
        var batch = new ClassificationBatch(
            Floats(fixture, "inputs"),
            new Shape(4, 5),
            fixture.GetProperty("labels").EnumerateArray().Select(label => label.GetInt32()).ToArray()
        );
        int update = 0;
        foreach (JsonElement step in fixture.GetProperty("steps").EnumerateArray())
        {
            UpdateResult result = engine.Update([batch], 0.05, ++update);
            Assert.Equal(step.GetProperty("loss").GetDouble(), result.Loss, 1e-5);
            Assert.Equal(step.GetProperty("norm").GetDouble(), result.GradientNorm!.Value, 1e-4);
            WeightSet now = engine.Network.ReadWeights();
            foreach (string name in new[] { "weight", "bias" })
                Assert.All(Floats(step, name).Zip(now[$"head.{name}"].Data), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        }

        static float[] Floats(JsonElement parent, string name) =>
            [.. parent.GetProperty(name).EnumerateArray().Select(value => value.GetSingle())];
    }

    // Batch norm sees the parts one by one, so that a network without it shows that accumulating is averaging.
    [Fact]
    public void Parts_of_a_batch_add_up_to_the_whole()
    {
        var options = new MogaNetOptions
        {
            Arch = new MogaNetArch([8, 8, 16, 16], [1, 1, 1, 1], [4, 4, 2, 2]),
            NumClasses = 4,
            StemNorm = NormKind.GroupNorm,
            ConvNorm = NormKind.GroupNorm,
        };
        ComputationGraph graph = options.CreateDefinition().Build(new Shape(1, 3, 32, 32));
        Tensor input = FormulaWeights.Input(new Shape(4, 3, 32, 32), "input");
        int[] labels = [0, 3, 1, 2];
        TrainingRecipe recipe = Official with { EmaDecay = null };
        var shape = new Shape(2, 3, 32, 32);
        int half = (int)shape.ElementCount;
        using var whole = new TrainingStep(
            graph,
            new MogaNetOptions(),
            FormulaWeights.Create(graph.Parameters, ""),
            recipe,
            TorchDevice.Cpu
        );
        using var parts = new TrainingStep(
            graph,
            new MogaNetOptions(),
            FormulaWeights.Create(graph.Parameters, ""),
            recipe with
            {
                AccumulationSteps = 2,
            },
            TorchDevice.Cpu
        );
        UpdateResult one = whole.Update([new ClassificationBatch(input.Data, input.Shape, labels)], 1e-3, 1);
        UpdateResult two = parts.Update(
            [
                new ClassificationBatch(input.Data.AsMemory(0, half), shape, labels.AsMemory(0, 2)),
                new ClassificationBatch(input.Data.AsMemory(half), shape, labels.AsMemory(2)),
            ],
            1e-3,
            1
        );
        Assert.Equal(one.Loss, two.Loss, 1e-6);
        Assert.Equal(one.GradientNorm!.Value, two.GradientNorm!.Value, 1e-5 * one.GradientNorm.Value);
    }

    [Fact]
    public void The_average_follows_the_weights()
    {
        using TrainingStep engine = Small(Official);
        WeightSet before = engine.Network.ReadWeights();
        engine.Update([Batch(0)], 1e-2, 1);
        WeightSet after = engine.Network.ReadWeights(),
            average = engine.Average!.ReadWeights();
        foreach (string name in after.Names)
        {
            float[] a = before[name].Data,
                b = after[name].Data,
                mean = average[name].Data;
            if (name.EndsWith("num_batches_tracked", StringComparison.Ordinal))
                Assert.Equal(b, mean);
            else
                Assert.All(
                    mean.Select((value, i) => (value, Expected: (0.5f * a[i]) + (0.5f * b[i]))),
                    pair => Assert.Equal(pair.Expected, pair.value, 1e-6f)
                );
        }

        Assert.NotEqual(before["norm1.running_mean"].Data, average["norm1.running_mean"].Data);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_batch_that_is_not_finite_leaves_no_trace(int parts)
    {
        using TrainingStep engine = Small(Official with { AccumulationSteps = parts });
        engine.Update(Enumerable.Repeat(Batch(0), parts), 1e-2, 1);
        Dictionary<string, byte[]> before = engine.State().ToDictionary(tensor => tensor.Name, tensor => tensor.ToBytes());
        TrainingBatch bad = Batch(1, float.NaN);
        UpdateResult result = engine.Update([.. Enumerable.Repeat(Batch(2), parts - 1), bad], 1e-2, 2);
        Assert.True(result.Skipped);
        Assert.False(double.IsFinite(result.Loss));
        // Drop path may draw; weights, statistics, average and optimiser may not move.
        Assert.All(
            engine.State().Where(tensor => !tensor.Name.StartsWith("random/", StringComparison.Ordinal)),
            tensor => Assert.Equal(before[tensor.Name], tensor.ToBytes())
        );
        Assert.False(engine.Update(Enumerable.Repeat(Batch(3), parts), 1e-2, 3).Skipped);
    }

    internal static TrainingBatch Batch(int seed, float poison = 0)
    {
        var random = new Random(seed);
        float[] inputs = [.. Enumerable.Range(0, 4 * 3 * 16 * 16).Select(_ => (float)(random.NextDouble() - 0.5))];
        inputs[5] += poison;
        return new ClassificationBatch(inputs, new Shape(4, 3, 16, 16), new[] { 0, 1, 2, 3 });
    }

    private static TrainingStep Small(TrainingRecipe recipe)
    {
        TrainingRecipe sized = recipe with { ImageSize = 16 };
        return new TrainingStep(
            Trainer.BuildGraph(SmallRun.Card, sized),
            new MogaNetOptions(),
            SmallRun.Weights(sized),
            sized,
            TorchDevice.Cpu
        );
    }
}
