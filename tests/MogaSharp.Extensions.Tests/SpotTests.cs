using System.Text.Json;
using MogaSharp.Cpu;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.OnnxRuntime;
using MogaSharp.Tasks;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Extensions.Tests;

/// <summary>A task, a family, data, an order and an evaluation that no library knows: trained, resumed, evaluated, run elsewhere.</summary>
public sealed class SpotTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = new()
    {
        Name = "spots",
        Task = SpotTask.Task,
        Loss = LossKind.MeanSquaredError,
        ImageSize = 32,
        Squash = true,
        CropScale = [1, 1],
        HorizontalFlip = 0.5,
        ColorJitter = [0],
        RandAugment = "",
        RandomErasing = 0,
        Mixup = 0,
        Cutmix = 0,
        Epochs = 4,
        CooldownEpochs = 0,
        WarmupEpochs = 0,
        BatchSize = 16,
        LearningRateBatch = 16,
        LearningRate = 1e-2,
        WeightDecay = 0,
        EmaDecay = null,
    };

    private readonly TemporaryFolder _folder = new();
    private readonly Host _host = new();

    static SpotTests()
    {
        ModelTask.Register(SpotTask.Task);
        ModelFamilies.Register(new SpotFamily());
        TaskTraining.Register(
            new()
            {
                Task = SpotTask.Task,
                Create = (_, _) => new SpotTrainingTask(),
                Losses = [LossKind.MeanSquaredError],
                InputShape = (card, recipe) => card.CreateDefinition().InputShape(1, recipe.ImageSize, recipe.ImageSize),
                OpenData = (text, model) => new SpotTrainingSet(text, model),
                CreateRandomBatch = (_, shape, _) =>
                    new SpotBatch(new float[shape.ElementCount], shape, new float[shape[0]], new float[shape[0]]),
            }
        );
    }

    public SpotTests() => Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static ModelCard Card { get; } =
        new()
        {
            Name = "spotter",
            Options = new SpotOptions(),
            Preprocess = new PreprocessCard
            {
                Width = 32,
                Height = 32,
                Crop = 1,
                Mean = [0.5f],
                Std = [0.5f],
            },
        };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_run_learns_and_its_model_gives_the_same_figures_on_every_engine()
    {
        TrainingOutcome outcome = await TrainingRun.RunAsync(Options("run"), _host, Token);
        Assert.Equal(TrainingEnd.Finished, outcome.End);
        Assert.Equal(["spots are drawn, not photographed"], _host.Notes);
        Assert.Equal("one spot", _host.Started!.Data.Describe);
        double first = outcome.Epochs[0].Eval!["distance"],
            best = outcome.BestEpoch!.Eval!["distance"];
        Assert.True(best < 0.8 * first, $"{first} to {best}");
        // Two losses have names in the log, and their sum is the loss.
        JsonElement step = JsonDocument
            .Parse(File.ReadLines(_folder.File("run/log.jsonl")).First(line => line.Contains("\"step\"", StringComparison.Ordinal)))
            .RootElement;
        JsonElement losses = step.GetProperty("losses");
        Assert.Equal(
            step.GetProperty("loss").GetDouble(),
            losses.GetProperty("loss_x").GetDouble() + losses.GetProperty("loss_y").GetDouble(),
            1e-6
        );

        // What training measured with libtorch, the managed engine and ONNX Runtime measure too.
        LoadedModel model = await ModelSource.LoadAsync(Path.Combine(outcome.ModelFolder!, "card.json"), new(), Token);
        Assert.Equal("spots", model.Card.Options.Task.Name);
        Assert.Equal(best, model.Card.Metrics["distance"], 1e-4);
        foreach (IInferenceEngine engine in new IInferenceEngine[] { new CpuEngine(), new OnnxRuntimeEngine() })
        {
            using (engine)
            {
                ComputationGraph graph = model.Definition.Build(Card.InputShape());
                using IInferenceSession session = engine.CreateSession(graph, model.Weights);
                using ITrainingData data = TaskTraining
                    .Of(SpotTask.Task)
                    .OpenData("spots:64,32", model.Card)
                    .Read(
                        Recipe,
                        model.Card.Preprocess,
                        1,
                        ProcessShare.Single,
                        Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance
                    );
                TaskEvaluation evaluation = TrainingTask.Create(Recipe, new SpotOptions()).CreateEvaluation();
                Evaluator.Count(evaluation, new SessionRunner(session), data.Evaluate(Token), cancellationToken: Token);
                Assert.Equal(32, evaluation.Count);
                Assert.Equal(best, evaluation.Figures()["distance"], 1e-5);
            }
        }
    }

    [Fact]
    public async Task A_run_that_was_stopped_ends_with_the_weights_of_one_that_was_not()
    {
        await TrainingRun.RunAsync(Options("whole"), _host, Token);
        TrainingOutcome stopped = await TrainingRun.RunAsync(Options("parts") with { StopAfter = 5 }, _host, Token);
        Assert.Equal(TrainingEnd.Stopped, stopped.End);
        Assert.Null(stopped.ModelFolder);
        var again = new TrainingRunOptions
        {
            Folder = _folder.File("parts"),
            Resume = true,
            Threads = 1,
            Device = TorchDevice.Cpu,
        };
        TrainingOutcome resumed = await TrainingRun.RunAsync(again, _host, Token);
        Assert.Equal(TrainingEnd.Finished, resumed.End);
        Assert.Equal(
            File.ReadAllBytes(_folder.File("whole/model/model.safetensors")),
            File.ReadAllBytes(_folder.File("parts/model/model.safetensors"))
        );
    }

    [Fact]
    public async Task What_does_not_fit_is_an_error_that_says_so_and_leaves_nothing()
    {
        var task = await Assert.ThrowsAsync<TrainingSetupException>(() =>
            TrainingRun.RunAsync(Options("run") with { Task = ModelTask.Video }, _host, Token)
        );
        Assert.Equal("spotter is a model for spots, not for video.", task.Message);
        Assert.Equal(ErrorKind.InvalidRequest, task.Kind);
        var recipe = await Assert.ThrowsAsync<TrainingSetupException>(() =>
            TrainingRun.RunAsync(Options("run") with { Recipe = new TrainingRecipe() }, _host, Token)
        );
        Assert.Equal("The recipe custom is for classification; spotter is a model for spots.", recipe.Message);
        Assert.Throws<TrainingSetupException>(() => TrainingRun.Check(Options("run") with { Data = null }));
        Assert.False(Directory.Exists(_folder.File("run")));
    }

    private TrainingRunOptions Options(string folder) =>
        new()
        {
            Folder = _folder.File(folder),
            Model = Card,
            Data = "spots:64,32",
            Recipe = Recipe,
            Threads = 1,
            LogEvery = 1,
            Device = TorchDevice.Cpu,
        };

    private sealed class Host : ITrainingHost
    {
        public List<string> Notes { get; } = [];

        public TrainingStart? Started { get; private set; }

        public void OnStart(TrainingStart start) => Started = start;

        public void OnNote(string note, params ReadOnlySpan<string> fields) => Notes.Add(note);

        public void OnProgress(in TrainingStatus status) { }

        public void OnEpoch(EpochRecord record) { }

        public void OnMessage(string message) { }
    }
}
