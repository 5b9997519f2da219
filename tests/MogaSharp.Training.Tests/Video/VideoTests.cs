using System.Text.Json;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Torch.Tests;
using MogaSharp.Weights;

namespace MogaSharp.Training.Tests;

/// <summary>Video prediction: its loss and figures, and runs that are stopped, resumed, shared among ranks and exported.</summary>
public sealed class VideoTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = VideoRun.Recipe;

    private readonly TemporaryFolder _folder = new();
    private readonly SmallRun.Recorder _heard = new();

    public VideoTests() => SmallRun.RequireTorch();

    public static TheoryData<string> Translators => [.. SimVpFixture.SmallNames];

    public void Dispose() => _folder.Dispose();

    // The losses of eight updates with torch.optim.Adam under OneCycleLR, in float64 (fixtures/simvp/make_course.py).
    [Theory]
    [MemberData(nameof(Translators))]
    public void Every_translator_trains_as_the_official_code_does(string name)
    {
        SimVpFixture official = SimVpFixture.Load(name);
        JsonElement course = JsonDocument
            .Parse(File.ReadAllText(Repository.Fixture("simvp", "course.json")))
            .RootElement.GetProperty(official.Expected.Metadata["model_type"]);
        double[] losses = [.. course.GetProperty("losses").EnumerateArray().Select(loss => loss.GetDouble())];
        double tolerance = 20 * course.GetProperty("noise").GetDouble();
        TrainingRecipe recipe = RecipePresets.Find("mmnist");
        var schedule = new OneCycleSchedule(recipe.LearningRate, losses.Length);
        using var engine = new TrainingStep(
            official.BuildWithoutDropPath(),
            new SimVpOptions(),
            official.Weights(),
            recipe,
            TorchDevice.Cpu
        );
        for (int i = 0; i < losses.Length; i++)
        {
            Tensor input = FormulaWeights.Input(official.InputShape, $"input{i}"),
                target = FormulaWeights.Input(official.InputShape, $"target{i}");
            UpdateResult update = engine.Update(
                [new VideoBatch(input.Data, input.Shape, target.Data)],
                schedule.RateAt(i),
                i + 1,
                schedule.MomentumAt(i)
            );
            Assert.Equal(losses[i], update.Loss, tolerance);
        }
    }

    // Two clips of two frames of 1 x 8 x 8, of which the network gives three.
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Loss_and_figures_are_means_of_the_frames_that_the_data_has(int wanted)
    {
        var task = TrainingTask.Create(Recipe, new SimVpOptions());
        Tensor output = FormulaWeights.Input(new Shape(2, 3, 1, 8, 8), "output"),
            truth = FormulaWeights.Input(new Shape(2, wanted, 1, 8, 8), "truth");
        // A network that gives what it gets.
        var batch = new VideoBatch(output.Data, output.Shape, truth.Data);
        double squares = 0,
            absolutes = 0;
        for (int n = 0; n < 2; n++)
        {
            for (int i = 0; i < wanted * 64; i++)
            {
                double difference = (double)output.Data[(n * 3 * 64) + i] - truth.Data[(n * wanted * 64) + i];
                squares += difference * difference;
                absolutes += Math.Abs(difference);
            }
        }

        var builder = new GraphBuilder();
        ComputationGraph same = builder.Build(new GraphOutput("output", builder.Input("input", output.Shape)));
        using var network = new TorchNetwork(same, new WeightSet([]));
        using (new TorchScope())
        {
            Losses losses = task.Step(new NetworkPass(network, TorchForwardOptions.Train), batch);
            Assert.Equal(["loss"], losses.Names);
            Assert.Equal(squares / (2 * wanted * 64), losses.Total.Item(), 1e-6);
        }

        var runner = new TorchRunner(network, null);
        TaskEvaluation whole = task.CreateEvaluation(),
            merged = task.CreateEvaluation();
        whole.Add(runner, batch, TestContext.Current.CancellationToken);
        for (int n = 0; n < 2; n++)
        {
            TaskEvaluation part = task.CreateEvaluation();
            part.Add(
                runner,
                new VideoBatch(
                    output.Data.AsMemory(n * 3 * 64, 3 * 64),
                    new Shape(1, 3, 1, 8, 8),
                    truth.Data.AsMemory(n * wanted * 64, wanted * 64)
                ),
                TestContext.Current.CancellationToken
            );
            merged.Merge(part.Save());
        }

        merged.Merge(task.CreateEvaluation().Save());
        Assert.Equal(["loss", "mse", "mae", "ssim_official", "psnr"], task.Metrics.Select(metric => metric.Name));
        Assert.Equal((2, 2), (whole.Count, merged.Count));
        IReadOnlyDictionary<string, double> figures = whole.Figures();
        Assert.Equal(squares / (2 * wanted * 64), figures["loss"], 1e-5);
        Assert.Equal(squares / (2 * wanted), figures["mse"], 1e-4);
        Assert.Equal(absolutes / (2 * wanted), figures["mae"], 1e-4);
        Assert.True(figures["ssim_official"] is > -2 and < 2 && double.IsFinite(figures["psnr"]));
        Assert.All(
            task.Metrics,
            metric => Assert.Equal(figures[metric.Name], merged.Figures()[metric.Name], 1e-9 * Math.Max(1, Math.Abs(figures[metric.Name])))
        );
        Assert.Throws<ArgumentException>(() => merged.Merge([1, 2, 3]));
        Assert.Equal(0, task.CreateEvaluation().Count);
    }

    [Fact]
    public void Images_are_not_clips() =>
        Assert.Equal(
            "The task takes batches of the type VideoBatch, not ClassificationBatch.",
            Assert
                .Throws<ArgumentException>(() => TrainingTask.Create(Recipe, new SimVpOptions()).Step(null!, EngineTests.Batch(0)))
                .Message
        );

    [Fact]
    public void It_learns_and_the_best_is_the_lowest_error()
    {
        TrainingRecipe recipe = Recipe with { Epochs = 12, DropPath = 0 };
        using (ClipTrainingData data = VideoRun.Data(recipe))
        using (Trainer trainer = VideoRun.Start(_folder, "run", data, recipe, _heard))
        {
            TrainingResult result = trainer.Run(TestContext.Current.CancellationToken);
            double[] errors = [.. result.Epochs.Select(epoch => epoch.Eval!["mse"])];
            Assert.Equal((12, errors.Min()), (errors.Length, result.Progress.BestScore));
            Assert.Equal(Array.IndexOf(errors, errors.Min()), result.Progress.BestEpoch);
            // To predict nothing but black gives 16 x 0.9^2.
            Assert.True(errors[^1] < 0.5 * 16 * 0.81, $"{errors[^1]}");
            Assert.All(result.Epochs, epoch => Assert.Equal(epoch.Eval!["mse"], 256 * epoch.Eval["loss"], 1e-9));
            Assert.Empty(_heard.Messages);
        }

        using (LoadedTrainingCheckpoint best = LoadedTrainingCheckpoint.Open(_folder.File("run/best.safetensors")))
            Assert.Equal(best.Content.Progress.BestEpoch + 1, best.Content.Progress.Epoch);
        string[] table = File.ReadAllLines(_folder.File("run/epochs.csv"));
        Assert.Equal(
            "epoch,update,learning_rate,train_loss,eval_loss,eval_mse,eval_mae,eval_ssim_official,eval_psnr,"
                + "ema_loss,ema_mse,ema_mae,ema_ssim_official,ema_psnr,clips_per_second,data_wait,seconds,skipped",
            table[0]
        );
        Assert.Equal(13, table.Length);
        Assert.Contains("\"clips_per_second\":", File.ReadAllText(_folder.File("run/log.jsonl")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(8)]
    public void Stopping_and_resuming_gives_the_same_run_bit_for_bit(int stop)
    {
        Dictionary<string, byte[]> straight = Train("straight", null, Recipe, null, resume: false).State;
        Train("halves", null, Recipe, stop, resume: false);
        (TrainingResult result, Dictionary<string, byte[]> resumed) = Train("halves", null, Recipe, null, resume: true);
        Assert.Equal(straight.Keys.Order(StringComparer.Ordinal), resumed.Keys.Order(StringComparer.Ordinal));
        Assert.All(straight.Keys, name => Assert.True(straight[name].AsSpan().SequenceEqual(resumed[name]), name));
        Assert.Equal(3, result.Epochs.Count);
        Assert.Equal(Figures("straight"), Figures("halves"));
    }

    // Not Adam, which makes much of the rounding in gradients that are 0; a translator without stochastic depth, whose draws are each
    // rank's own.
    [Fact]
    public void A_run_of_two_ranks_is_that_of_one_process()
    {
        Ranks.Require();
        ModelCard plain = VideoRun.Card with { Options = (SimVpOptions)VideoRun.Card.Options with { ModelType = TranslatorKind.IncepU } };
        TrainingRecipe recipe = Recipe with { Optimizer = OptimizerKind.Sgd, LearningRate = 1e-2, Epochs = 2 };
        (TrainingResult one, Dictionary<string, byte[]> expected) = Train("one", null, recipe, null, resume: false, plain);
        (TrainingResult Result, Dictionary<string, byte[]> State)[] ranks = Ranks.Run(
            2,
            group => Train("many", group, recipe, null, resume: false, plain)
        );
        foreach (
            (string name, byte[] bytes) in ranks[0]
                .State.Where(pair => !pair.Key.StartsWith(TrainingCheckpoint.Random, StringComparison.Ordinal))
        )
        {
            Assert.True(bytes.AsSpan().SequenceEqual(ranks[1].State[name]), name);
            for (int i = 0; i + 4 <= bytes.Length; i += 4)
                Assert.Equal(BitConverter.ToSingle(expected[name], i), BitConverter.ToSingle(bytes, i), 2e-5f);
        }

        foreach ((EpochRecord mine, EpochRecord other) in one.Epochs.Zip(ranks[0].Result.Epochs))
            Assert.All(
                mine.Eval!.Keys,
                name => Assert.Equal(mine.Eval![name], other.Eval![name], 1e-4 * Math.Max(1, Math.Abs(mine.Eval[name])))
            );
    }

    [Fact]
    public void The_evaluation_may_be_cut()
    {
        TrainingRecipe recipe = Recipe with { EvalClips = 5 };
        using ClipTrainingData cut = VideoRun.Data(recipe),
            all = VideoRun.Data(Recipe),
            more = VideoRun.Data(Recipe with { EvalClips = 100 });
        Assert.Equal(5, Count(cut));
        Assert.Equal(11, Count(all));
        Assert.Equal(11, Count(more));

        static int Count(ClipTrainingData data) => data.Evaluate(TestContext.Current.CancellationToken).Sum(batch => batch.Count);
    }

    [Fact]
    public void A_finished_run_is_a_model_that_loads_and_predicts_the_same()
    {
        Tensor input = FormulaWeights.Input(new Shape(2, VideoRun.Frames, 1, VideoRun.Side, VideoRun.Side), "input");
        float[] expected;
        using (ClipTrainingData data = VideoRun.Data(Recipe))
        using (Trainer trainer = VideoRun.Start(_folder, "run", data, Recipe))
        {
            TrainingResult result = trainer.Run(TestContext.Current.CancellationToken);
            string model = RunExport.SaveModel(new CheckpointFolder(_folder.File("run")), result.Epochs, DType.Float32, _ => { });
            Assert.Null(TrainingCurves.Save(model, "small", TrainingTask.Create(Recipe, new SimVpOptions()), []));
            Assert.Equal(_folder.File("run/model"), model);
            // The best epoch may be an earlier one than the last.
            using LoadedTrainingCheckpoint best = LoadedTrainingCheckpoint.Open(_folder.File("run/best.safetensors"));
            trainer.Resume(best.Content);
            using var scope = new TorchScope();
            expected = trainer
                .Engine.Network.Forward(TorchTensor.From(input), cancellationToken: TestContext.Current.CancellationToken)["output"]
                .ToTensor()
                .Data;
        }

        ModelCard card = ModelCard.Load(_folder.File("run/model/card.json"));
        Assert.Equal(ModelTask.Video, card.Options.Task);
        Assert.Equal([4, 1, 16, 16], ((SimVpOptions)card.Options).InShape);
        Assert.Equal(["mae", "mse", "psnr", "ssim_official"], card.Metrics.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("on 36 clips, Adam, batch 8", card.Origin, StringComparison.Ordinal);
        using Checkpoint file = Checkpoint.Open(card.GetWeightsPath()!);
        ComputationGraph graph = card.CreateDefinition().Build(card.InputShape(2));
        double[] output = new ReferenceInterpreter(graph, StateDict.From(file).Bind(graph.Parameters)).Run(input)["output"].Data;
        Assert.All(expected.Zip(output), pair => Assert.Equal(pair.Second, pair.First, 1e-4));
    }

    [Fact]
    public void Too_few_clips_are_an_error() =>
        Assert.Equal(
            "The 36 training clips do not fill one batch of 64; take a batch_size of 36 or less.",
            Assert.Throws<RecipeException>(() => VideoRun.Data(Recipe with { BatchSize = 64 })).Message
        );

    [Fact]
    public void Nothing_native_is_left_behind()
    {
        long before = TorchRuntime.LiveTensors;
        using (ClipTrainingData data = VideoRun.Data(Recipe, outputFrames: 2))
        using (Trainer trainer = VideoRun.Start(_folder, "run", data, Recipe, options: new TrainerOptions { Folder = "", StopAfter = 5 }))
            trainer.Run(TestContext.Current.CancellationToken);
        Assert.Equal(before, TorchRuntime.LiveTensors);
    }

    private (TrainingResult Result, Dictionary<string, byte[]> State) Train(
        string run,
        TorchProcessGroup? group,
        TrainingRecipe recipe,
        long? stop,
        bool resume,
        ModelCard? card = null
    )
    {
        ProcessShare share = group is null ? ProcessShare.Single : new ProcessShare(group.Rank, group.Size);
        using ClipTrainingData data = VideoRun.Data(recipe, share);
        using Trainer trainer = VideoRun.Start(
            _folder,
            share.Rank == 0 ? run : $"{run}-{share.Rank}",
            data,
            recipe,
            options: new TrainerOptions
            {
                Folder = "",
                Group = group,
                StopAfter = stop,
            },
            card: card
        );
        if (resume)
        {
            using LoadedTrainingCheckpoint last = new CheckpointFolder(_folder.File(run)).OpenNewest(_heard.OnMessage)!;
            trainer.Resume(last.Content);
        }

        TrainingResult result = trainer.Run(TestContext.Current.CancellationToken);
        return (result, SmallRun.State(trainer));
    }

    // Times differ from run to run; figures do not.
    private string[] Figures(string run) =>
        [.. File.ReadLines(Path.Combine(_folder.File(run), RunLog.EpochsFile)).Select(line => string.Join(',', line.Split(',').Take(14)))];
}
