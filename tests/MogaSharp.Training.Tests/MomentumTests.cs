using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Torch;

namespace MogaSharp.Training.Tests;

/// <summary>Momentum that runs against the learning rate: steps against PyTorch's (tests/fixtures/training/make_one_cycle.py), and in a
/// run.</summary>
public sealed class MomentumTests : IDisposable
{
    private const int Steps = 9;

    private static readonly JsonElement Fixture = JsonDocument
        .Parse(File.ReadAllText(Repository.Fixture("training", "one_cycle.json")))
        .RootElement;

    private readonly TemporaryFolder _folder = new();

    public MomentumTests() => SmallRun.RequireTorch();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("adam")]
    [InlineData("adamw")]
    [InlineData("sgd")]
    public void One_cycle_steps_as_in_PyTorch(string name)
    {
        var builder = new GraphBuilder();
        builder.Declare(new ParameterSpec("w", new Shape(3, 4), ParameterKind.Parameter, Initializer.Zeros));
        ComputationGraph graph = builder.Build(new GraphOutput("output", builder.Input("input", new Shape(1, 1, 1, 1))));
        using var network = new TorchNetwork(
            graph,
            new WeightSet([new("w", new Tensor(new Shape(3, 4), Floats(Fixture.GetProperty("weight"))))]),
            new TorchNetworkOptions { Type = DType.Float64 }
        );
        ParameterGroup[] groups = [new(["w"], 0, name == "adamw" ? 0.1 : 0)];
        using TorchOptimizer optimizer = name switch
        {
            "adam" => new Adam(network, groups),
            "adamw" => new AdamW(network, groups),
            _ => new Sgd(network, groups, new SgdOptions(Nesterov: true)),
        };
        var schedule = new OneCycleSchedule(0.05, Steps);
        for (int i = 0; i < Steps; i++)
        {
            JsonElement expected = Fixture.GetProperty("cases").GetProperty(name)[i];
            Assert.Equal(expected.GetProperty("momentum").GetDouble(), schedule.MomentumAt(i)!.Value, 1e-14);
            using var scope = new TorchScope();
            network.ZeroGradients();
            Gradient(network, i).Backward();
            (groups[0].LearningRate, optimizer.Momentum) = (schedule.RateAt(i), schedule.MomentumAt(i)!.Value);
            optimizer.Step();
            double[] weights = network["w"].ToArray<double>();
            Assert.All(
                expected.GetProperty("weight").EnumerateArray().Select((value, k) => (value.GetDouble(), weights[k])),
                pair => Assert.Equal(pair.Item1, pair.Item2, 1e-12)
            );
        }
    }

    [Fact]
    public void Momenta_are_checked()
    {
        TrainingRecipe recipe = SmallRun.Recipe;
        ComputationGraph graph = Trainer.BuildGraph(SmallRun.Card, recipe);
        using var network = new TorchNetwork(graph, SmallRun.Weights(recipe));
        string[] names = [network.ParameterNames[0]];
        foreach (
            TorchOptimizer optimizer in new TorchOptimizer[]
            {
                new Adam(network, [new(names, 1)]),
                new AdamW(network, [new(names, 1)]),
                new Lamb(network, [new(names, 1)]),
                new Sgd(network, [new(names, 1)]),
            }
        )
        {
            using (optimizer)
            {
                Assert.Equal(0.9, optimizer.Momentum);
                foreach (double bad in new[] { -0.1, 1, double.NaN })
                    Assert.Throws<ArgumentOutOfRangeException>(() => optimizer.Momentum = bad);
                optimizer.Momentum = 0;
                Assert.Equal(0, optimizer.Momentum);
            }
        }
    }

    // What a run does is what its updates do one by one, with the schedule's momentum or, when the recipe says so, without.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_run_cycles_the_momentum(bool cycle)
    {
        SmallRun.WriteIdx(_folder.File("idx"));
        TrainingRecipe recipe = SmallRun.Recipe with
        {
            Schedule = ScheduleKind.OneCycle,
            CycleMomentum = cycle,
            Optimizer = OptimizerKind.Adam,
            EmaDecay = null,
        };
        using ImageTrainingData data = SmallRun.Data(_folder.File("idx"), recipe);
        using Trainer trainer = SmallRun.Start(_folder, "run", data, recipe, options: new TrainerOptions { Folder = "", StopAfter = 3 });
        trainer.Run(TestContext.Current.CancellationToken);
        using var engine = new TrainingStep(
            Trainer.BuildGraph(SmallRun.Card, recipe),
            new MogaNetOptions(),
            SmallRun.Weights(recipe),
            recipe,
            TorchDevice.Cpu
        );
        var schedule = new OneCycleSchedule(recipe.LearningRate, 4 * recipe.Epochs);
        using IEnumerator<TrainingBatch> batches = data.Train(0, 0, TestContext.Current.CancellationToken).GetEnumerator();
        for (int i = 0; i < 3; i++)
            engine.Update(Next(), schedule.RateAt(i), i + 1, cycle ? schedule.MomentumAt(i) : null);
        Dictionary<string, byte[]> expected = engine.State().ToDictionary(tensor => tensor.Name, tensor => tensor.ToBytes());
        Dictionary<string, byte[]> actual = SmallRun.State(trainer);
        Assert.All(expected.Keys, name => Assert.True(expected[name].AsSpan().SequenceEqual(actual[name]), name));

        IEnumerable<TrainingBatch> Next()
        {
            for (int part = 0; part < recipe.AccumulationSteps; part++)
            {
                Assert.True(batches.MoveNext());
                yield return batches.Current;
            }
        }
    }

    // The mean squared error of x w' against y has the gradient 2 / 15 (x w' - y)' x; the product with it as a constant has the same one.
    private static TorchTensor Gradient(TorchNetwork network, int step)
    {
        double[] w = network["w"].ToArray<double>();
        float[] x = Floats(Fixture.GetProperty("inputs")[step]),
            y = Floats(Fixture.GetProperty("targets")[step]);
        double[] gradient = new double[12];
        for (int n = 0; n < 5; n++)
        {
            for (int o = 0; o < 3; o++)
            {
                double error = -y[(n * 3) + o];
                for (int k = 0; k < 4; k++)
                    error += w[(o * 4) + k] * x[(n * 4) + k];
                for (int k = 0; k < 4; k++)
                    gradient[(o * 4) + k] += 2.0 / 15 * error * x[(n * 4) + k];
            }
        }

        return (network["w"] * TorchTensor.From<double>(gradient, new Shape(3, 4))).Sum();
    }

    private static float[] Floats(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetSingle())];
}
