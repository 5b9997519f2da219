using System.Globalization;
using System.Text.Json;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Cli.Tests;

/// <summary>What every task owes its users, from a card to a file that another runtime computes alike.</summary>
public sealed class TaskContractTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Tasks => [.. TaskTraining.All.Select(training => training.Task.Name)];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_task_that_is_trained_has_a_case_here() =>
        Assert.Equal(TaskTraining.All.Select(training => training.Task), TaskCase.All.Keys);

    [Theory]
    [MemberData(nameof(Tasks))]
    public void A_card_is_read_as_it_was_written(string task)
    {
        _ = Case(task).Prepare(_folder);
        ModelCard card = ModelCard.Load(_folder.File("card.json"));
        Assert.Equal(task, card.Options.Task.Name);
        Assert.Equal(card.ToJson(), ModelCard.Parse(card.ToJson(), "again").ToJson());
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void A_step_on_any_batch_changes_every_weight_that_is_trained(string task)
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        _ = Case(task).Prepare(_folder);
        ModelCard card = ModelCard.Load(_folder.File("card.json"));
        // Gradients behind fresh layer scales are far below Adam's usual epsilon.
        TrainingRecipe recipe = Case(task).Recipe with
        {
            DropPath = 0,
            Epsilon = 1e-20,
        };
        Graph.ComputationGraph graph = Trainer.BuildGraph(card, recipe);
        using var step = new TrainingStep(
            graph,
            card.Options,
            Graph.WeightInitializer.Create(graph.Parameters, 0),
            recipe,
            TorchDevice.Cpu
        );
        Graph.WeightSet before = step.Network.ReadWeights();
        TrainingBatch batch = TaskTraining.Of(card.Options.Task).CreateRandomBatch(card, graph.Inputs[0].Shape.With(0, 4), new Random(1));
        Assert.True(double.IsFinite(step.Update([batch], 1e-2, 1).Loss));
        Graph.WeightSet after = step.Network.ReadWeights();
        Assert.Equal([], step.Network.ParameterNames.Where(name => before[name].Data.SequenceEqual(after[name].Data)));
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public async Task A_run_resumes_and_its_model_evaluates_exports_and_is_used(string task)
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        TaskCase known = Case(task);
        string data = known.Prepare(_folder);
        File.WriteAllText(_folder.File("recipe.json"), RecipeJson.ToJson(known.Recipe));
        (await TrainAsync("whole", data)).Succeeded();
        (await TrainAsync("parts", data, "--stop-after", "3")).Succeeded();
        string[] again = ["train", "--resume", "--output", _folder.File("parts"), "--device", "cpu", "--threads", "1"];
        (await Moga.RunAsync(again)).Succeeded();
        Assert.Equal(
            File.ReadAllBytes(_folder.File("whole/model/model.safetensors")),
            File.ReadAllBytes(_folder.File("parts/model/model.safetensors"))
        );

        // Training measured with libtorch what the command measures with the managed engine.
        string card = _folder.File("whole/model/card.json");
        Outcome eval = (await Moga.RunAsync("eval", "--model", card, "--data", data, "--json")).Succeeded();
        double measured = TaskCase.Find(eval.Json, known.Figure),
            trained = BestOf(_folder.File("whole/epochs.csv"), known.Figure);
        Assert.Equal(trained, measured, 1e-4 * Math.Max(1, trained));

        // The command checks the file with ONNX Runtime itself and fails where the numbers differ.
        (await Moga.RunAsync("export", card, "--onnx", _folder.File("model.onnx"))).Succeeded();
        Assert.True(File.Exists(_folder.File("model.onnx")));

        Assert.NotEqual(JsonValueKind.Undefined, (await Moga.RunAsync(known.Verb(_folder, card))).Succeeded().Json.ValueKind);
        Outcome bad = await Moga.RunAsync(known.BadItem(_folder, card));
        Assert.Equal(1, bad.ExitCode);
        Assert.Contains("card.json", bad.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public async Task Data_that_is_not_there_leaves_nothing(string task)
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        string data = Case(task).Prepare(_folder).Split(':')[0] + ":/nowhere";
        File.WriteAllText(_folder.File("recipe.json"), RecipeJson.ToJson(Case(task).Recipe));
        Outcome outcome = await TrainAsync("run", data);
        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains("/nowhere", outcome.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("run")));
    }

    private static TaskCase Case(string task) => TaskCase.All[ModelTask.Find(task)!];

    private static ModelOptions OptionsOf(ModelTask task) => ModelCatalogue.Official.Cards.First(card => card.Options.Task == task).Options;

    private static double BestOf(string table, string figure)
    {
        string[][] rows = [.. File.ReadLines(table).Select(line => line.Split(','))];
        int column = Array.IndexOf(rows[0], $"eval_{figure}");
        Metric metric = TaskTraining
            .All.SelectMany(training => training.Create(training.Default(), OptionsOf(training.Task)).Metrics)
            .First(known => known.Name == figure);
        double[] values = [.. rows.Skip(1).Select(row => double.Parse(row[column], CultureInfo.InvariantCulture))];
        return metric.LessIsBetter ? values.Min() : values.Max();
    }

    private Task<Outcome> TrainAsync(string run, string data, params string[] more) =>
        Moga.RunAsync([
            "train",
            "--model",
            _folder.File("card.json"),
            "--data",
            data,
            "--recipe",
            _folder.File("recipe.json"),
            "--output",
            _folder.File(run),
            "--device",
            "cpu",
            "--threads",
            "1",
            .. more,
        ]);
}
