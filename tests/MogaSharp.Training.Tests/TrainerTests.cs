using System.Runtime.InteropServices;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Weights;

namespace MogaSharp.Training.Tests;

/// <summary>Runs: to the end, stopped, resumed, with bad losses, on a full disk.</summary>
public sealed class TrainerTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = SmallRun.Recipe;

    private readonly TemporaryFolder _folder = new();
    private readonly SmallRun.Recorder _heard = new();

    public TrainerTests()
    {
        SmallRun.RequireTorch();
        SmallRun.WriteIdx(_folder.File("idx"));
    }

    public void Dispose() => _folder.Dispose();

    // 4 updates an epoch: 10 is in the middle of the third, 8 at the end of the second, 20 the end of all five.
    [Theory]
    [InlineData(10)]
    [InlineData(8)]
    [InlineData(1)]
    [InlineData(19)]
    public void Stopping_and_resuming_gives_the_same_run_bit_for_bit(int stop)
    {
        Dictionary<string, byte[]> straight;
        TrainingProgress progress;
        using (ImageTrainingData data = SmallRun.Data(_folder.File("idx"), Recipe))
        using (Trainer trainer = SmallRun.Start(_folder, "straight", data, Recipe))
        {
            Assert.Equal(TrainingEnd.Finished, trainer.Run(TestContext.Current.CancellationToken).End);
            Assert.Equal((5, 20L), (trainer.Progress.Epoch, trainer.Progress.Update));
            (straight, progress) = (SmallRun.State(trainer), trainer.Progress);
        }

        using (ImageTrainingData data = SmallRun.Data(_folder.File("idx"), Recipe, workers: 1))
        using (
            Trainer trainer = SmallRun.Start(_folder, "halves", data, Recipe, _heard, new TrainerOptions { Folder = "", StopAfter = stop })
        )
            Assert.Equal(TrainingEnd.Stopped, trainer.Run(TestContext.Current.CancellationToken).End);

        using (ImageTrainingData data = SmallRun.Data(_folder.File("idx"), Recipe, workers: 3))
        using (Trainer trainer = SmallRun.Start(_folder, "halves", data, Recipe, _heard))
        using (LoadedTrainingCheckpoint last = new CheckpointFolder(_folder.File("halves")).OpenNewest(_heard.OnMessage)!)
        {
            Assert.Equal(stop, last.Content.Progress.Update);
            trainer.Resume(last.Content);
            Assert.Equal(TrainingEnd.Finished, trainer.Run(TestContext.Current.CancellationToken).End);
            Dictionary<string, byte[]> resumed = SmallRun.State(trainer);
            Assert.Equal(straight.Keys.Order(StringComparer.Ordinal), resumed.Keys.Order(StringComparer.Ordinal));
            Assert.All(straight.Keys, name => Assert.True(straight[name].AsSpan().SequenceEqual(resumed[name]), name));
            Assert.Equal(progress, trainer.Progress);
        }

        Assert.Empty(_heard.Messages);
        Assert.Equal(Figures("straight"), Figures("halves"));
    }

    [Fact]
    public void Another_seed_gives_another_run()
    {
        byte[] Final(string name, TrainingRecipe recipe)
        {
            using ImageTrainingData data = SmallRun.Data(_folder.File("idx"), recipe);
            using Trainer trainer = SmallRun.Start(_folder, name, data, recipe, options: new TrainerOptions { Folder = "", StopAfter = 3 });
            trainer.Run(TestContext.Current.CancellationToken);
            return SmallRun.State(trainer)["model/patch_embed1.projection.0.weight"];
        }

        Assert.Equal(Final("a", Recipe), Final("b", Recipe));
        Assert.NotEqual(Final("c", Recipe with { Seed = 8 }), Final("d", Recipe));
    }

    [Fact]
    public void A_finished_run_leaves_all_its_files()
    {
        using (ImageTrainingData data = SmallRun.Data(_folder.File("idx"), Recipe))
        using (Trainer trainer = SmallRun.Start(_folder, "run", data, Recipe, _heard, new TrainerOptions { Folder = "", KeepEvery = 2 }))
        {
            TrainingResult result = trainer.Run(TestContext.Current.CancellationToken);
            Assert.Equal(5, result.Epochs.Count);
            Assert.Equal(5, _heard.Epochs.Count);
            Assert.All(
                result.Epochs,
                epoch =>
                    Assert.True(epoch.Eval!["top1"] is >= 0 and <= 1 && epoch.EvalEma!["top5"] <= 1 && double.IsFinite(epoch.TrainLoss))
            );
            Assert.Equal(result.Epochs.Max(epoch => epoch.EvalEma!["top1"]), result.Progress.BestScore);
        }

        string[] names = [.. Directory.GetFiles(_folder.File("run")).Select(path => Path.GetFileName(path)!)];
        string[] expected =
        [
            "best.safetensors",
            "epoch-0002.safetensors",
            "epoch-0004.safetensors",
            "epochs.csv",
            "last.safetensors",
            "log.jsonl",
            "previous.safetensors",
        ];
        Assert.Equal(expected, names.Where(name => !name.StartsWith("events.", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal(6, File.ReadLines(_folder.File("run/epochs.csv")).Count());
        Assert.Contains(_heard.Statuses, status => status.Phase == TrainingPhase.EvaluatingAverage && status.Share == 1);
        Assert.Contains(
            _heard.Statuses,
            status => status.Remaining > TimeSpan.Zero && status.ItemsPerSecond > 0 && status.DataWait is >= 0 and <= 1
        );
        Assert.Equal(20, _heard.Statuses[^1].Updates);
    }

    [Fact]
    public void It_learns()
    {
        TrainingRecipe recipe = Recipe with
        {
            Epochs = 12,
            Drop = 0,
            DropPath = 0,
            RandAugment = "",
            ColorJitter = [0],
            HorizontalFlip = 0,
            Shift = 0,
            Mixup = 0,
            Cutmix = 0,
            RandomErasing = 0,
            LearningRate = 1e-2,
        };
        using ImageTrainingData data = SmallRun.Data(_folder.File("idx"), recipe);
        using Trainer trainer = SmallRun.Start(_folder, "run", data, recipe);
        TrainingResult result = trainer.Run(TestContext.Current.CancellationToken);
        Assert.True(result.Epochs[^1].Eval!["top1"] > 0.9, $"{result.Epochs[^1]}");
        Assert.True(result.Epochs[^1].TrainLoss < result.Epochs[0].TrainLoss);
    }

    // Each option alone makes another run of the one with the recipe's other values. What is left of a part of the weights says
    // more: none of the average, or the frozen stages as they were.
    [Theory]
    [InlineData("amp", "bf16")]
    [InlineData("loss", "binary_cross_entropy")]
    [InlineData("optimizer", "sgd")]
    [InlineData("optimizer", "adam")]
    [InlineData("optimizer", "lamb")]
    [InlineData("schedule", "one_cycle")]
    [InlineData("schedule", "step")]
    [InlineData("mix_off_epoch", "1")]
    [InlineData("augmentation_repeats", "2")]
    [InlineData("layer_decay", "0.8")]
    [InlineData("frozen_stages", "2")]
    [InlineData("clip_gradient", "none")]
    public void Options_change_the_weights(string field, string text) =>
        Assert.NotEqual(Usual.Value[HeadWeight], RunWith(field, text)[HeadWeight]);

    // Other kernels compute, so the bits are others; TrainingStepTests look at the layout itself.
    [Fact]
    public void Another_layout_changes_nothing_but_rounding()
    {
        byte[] state = RunWith("channels_last", "false")[HeadWeight];
        Assert.NotEqual(Usual.Value[HeadWeight], state);
        Assert.All(Floats(Usual.Value[HeadWeight]).Zip(Floats(state)), pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
    }

    // What is computed twice gives the same bits; TrainingStepTests look at the memory.
    [Fact]
    public void Activation_checkpointing_changes_nothing() =>
        Assert.Equal(Usual.Value[HeadWeight], RunWith("activation_checkpointing", "true")[HeadWeight]);

    [Fact]
    public void The_warm_up_of_the_average_changes_the_average_alone()
    {
        Dictionary<string, byte[]> state = RunWith("ema_warmup", "true");
        Assert.Equal(Usual.Value[HeadWeight], state[HeadWeight]);
        Assert.NotEqual(Usual.Value[AverageHeadWeight], state[AverageHeadWeight]);
    }

    [Fact]
    public void Without_a_decay_there_is_no_average()
    {
        Dictionary<string, byte[]> state = RunWith("ema_decay", "none");
        Assert.Equal(Usual.Value[HeadWeight], state[HeadWeight]);
        Assert.Contains(AverageHeadWeight, Usual.Value.Keys);
        Assert.DoesNotContain(state.Keys, name => name.StartsWith(TrainingCheckpoint.Average, StringComparison.Ordinal));
    }

    [Fact]
    public void Frozen_stages_stay_as_they_were()
    {
        TrainingRecipe recipe = RecipeJson.With(OptionsRecipe, "frozen_stages", "2");
        WeightSet initial = SmallRun.Weights(recipe);
        // Counters are not of floating point.
        string[] names = [.. initial.Names.Where(name => !name.EndsWith("num_batches_tracked", StringComparison.Ordinal))];
        Dictionary<string, byte[]> state = RunWith("frozen_stages", "2");
        string[] frozen = [.. names.Where(name => ParameterGroups.IsFrozen(name, new MogaNetOptions(), recipe))];
        Assert.InRange(frozen.Length, 1, names.Length - 1);
        Assert.All(frozen, name => Assert.Equal(initial[name].Data, Floats(state[TrainingCheckpoint.Model + name])));
        // In the usual run they are trained.
        Assert.Contains(frozen, name => !initial[name].Data.SequenceEqual(Floats(Usual.Value[TrainingCheckpoint.Model + name])));
    }

    private const string HeadWeight = TrainingCheckpoint.Model + "head.weight";

    private const string AverageHeadWeight = TrainingCheckpoint.Average + "head.weight";

    // 32 pixels: libtorch 1.13's bfloat16 weight gradients are now and then not finite where a convolution's result is a single pixel.
    // Gradients are longer than 0.1, so they are clipped.
    private static readonly TrainingRecipe OptionsRecipe = Recipe with
    {
        ImageSize = 32,
        Epochs = 2,
        CooldownEpochs = 0,
        BatchSize = 64,
        LearningRateBatch = 64,
        ClipGradient = 0.1,
    };

    private static readonly Lazy<Dictionary<string, byte[]>> Usual = new(() => Finish(OptionsRecipe));

    private static Dictionary<string, byte[]> RunWith(string field, string text) => Finish(RecipeJson.With(OptionsRecipe, field, text));

    // The state at the end of a run with finite losses.
    private static Dictionary<string, byte[]> Finish(TrainingRecipe recipe)
    {
        using var folder = new TemporaryFolder();
        var heard = new SmallRun.Recorder();
        SmallRun.WriteIdx(folder.File("idx"), train: 264);
        using ImageTrainingData data = SmallRun.Data(folder.File("idx"), recipe);
        using Trainer trainer = SmallRun.Start(folder, "run", data, recipe, heard);
        TrainingResult result = trainer.Run(TestContext.Current.CancellationToken);
        Assert.Equal(2, result.Epochs.Count);
        Assert.All(result.Epochs, epoch => Assert.True(double.IsFinite(epoch.TrainLoss) && double.IsFinite(epoch.Eval!["loss"])));
        Assert.Empty(heard.Messages);
        return SmallRun.State(trainer);
    }

    private static float[] Floats(byte[] bytes) => MemoryMarshal.Cast<byte, float>(bytes).ToArray();

    [Fact]
    public void A_cancelled_run_saves_and_stops()
    {
        using var cancellation = new CancellationTokenSource();
        var observer = new SmallRun.Recorder
        {
            OnStatus = status =>
            {
                if (status.Update == 6)
                    cancellation.Cancel();
            },
        };
        using ImageTrainingData data = SmallRun.Data(_folder.File("idx"), Recipe);
        using Trainer trainer = SmallRun.Start(_folder, "run", data, Recipe, observer);
        Assert.Equal(TrainingEnd.Stopped, trainer.Run(cancellation.Token).End);
        using LoadedTrainingCheckpoint last = new CheckpointFolder(_folder.File("run")).OpenNewest(_heard.OnMessage)!;
        Assert.Equal(trainer.Progress, last.Content.Progress);
        Assert.Equal(6, last.Content.Progress.Update);
    }

    [Fact]
    public void Cancelling_an_evaluation_keeps_the_epoch_and_evaluates_it_after_the_resume()
    {
        using var cancellation = new CancellationTokenSource();
        var observer = new SmallRun.Recorder
        {
            OnStatus = status =>
            {
                if (status.Phase == TrainingPhase.Evaluating)
                    cancellation.Cancel();
            },
        };
        using ImageTrainingData data = SmallRun.Data(_folder.File("idx"), Recipe);
        using (Trainer trainer = SmallRun.Start(_folder, "run", data, Recipe, observer))
            Assert.Equal(TrainingEnd.Stopped, trainer.Run(cancellation.Token).End);
        using Trainer again = SmallRun.Start(_folder, "run", data, Recipe, _heard, new TrainerOptions { Folder = "", StopAfter = 5 });
        using LoadedTrainingCheckpoint last = new CheckpointFolder(_folder.File("run")).OpenNewest(_heard.OnMessage)!;
        Assert.Equal((0, 4L, 4L), (last.Content.Progress.Epoch, last.Content.Progress.EpochUpdates, last.Content.Progress.Update));
        again.Resume(last.Content);
        again.Run(TestContext.Current.CancellationToken);
        Assert.Equal(0, Assert.Single(_heard.Epochs).Epoch);
    }

    [Fact]
    public void A_full_disk_in_the_middle_is_told_and_the_training_goes_on()
    {
        using ImageTrainingData data = SmallRun.Data(_folder.File("idx"), Recipe);
        string run = _folder.File("run");
        var observer = new SmallRun.Recorder
        {
            // A folder in the way of the file is as good as a disk without room, for everybody, root included.
            OnStatus = status =>
            {
                if (status.Update == 5 && !Directory.Exists(Path.Combine(run, "next.safetensors")))
                    Directory.CreateDirectory(Path.Combine(run, "next.safetensors/x"));
            },
        };
        using Trainer trainer = SmallRun.Start(_folder, "run", data, Recipe, observer);
        CheckpointWriteException error = Assert.Throws<CheckpointWriteException>(() => trainer.Run(TestContext.Current.CancellationToken));
        Assert.Contains("The checkpoint of update 20 cannot be written", error.Message, StringComparison.Ordinal);
        Assert.Contains($"The last good one is '{Path.Combine(run, "last.safetensors")}'.", error.Message, StringComparison.Ordinal);
        Assert.Equal(5, observer.Epochs.Count);
        Assert.Equal(4, observer.Messages.Count);
        Assert.Contains("The checkpoint of update 8 cannot be written", observer.Messages[0], StringComparison.Ordinal);
        using LoadedTrainingCheckpoint last = LoadedTrainingCheckpoint.Open(Path.Combine(run, "last.safetensors"));
        last.Verify();
        Assert.Equal(4, last.Content.Progress.Update);
    }

    [Fact]
    public void A_checkpoint_of_other_data_or_another_model_is_refused()
    {
        using ImageTrainingData data = SmallRun.Data(_folder.File("idx"), Recipe);
        using Trainer trainer = SmallRun.Start(_folder, "run", data, Recipe);
        TrainingCheckpoint own = trainer.Capture();
        Assert.Equal(
            "The run was begun on 99 training images; the data now has 36.",
            Assert.Throws<RunFolderException>(() => trainer.Resume(own with { Progress = own.Progress with { DatasetSize = 99 } })).Message
        );
        TensorEntry head = own.Tensors.Single(tensor => tensor.Name == "model/head.bias");
        TensorEntry other = TensorEntry.FromTensor(head.Name, new Graph.Tensor(new Graph.Shape(7)));
        Assert.Contains(
            "The checkpoint does not fit the model and recipe of this run:",
            Assert
                .Throws<RunFolderException>(() => trainer.Resume(own with { Tensors = [.. own.Tensors.Where(t => t != head), other] }))
                .Message,
            StringComparison.Ordinal
        );
        Assert.Throws<RunFolderException>(() =>
            trainer.Resume(own with { Tensors = [.. own.Tensors.Where(t => !t.Name.StartsWith("optimizer/", StringComparison.Ordinal))] })
        );
        Assert.Throws<RunFolderException>(() =>
            trainer.Resume(own with { Tensors = [.. own.Tensors.Where(t => !t.Name.StartsWith("random/", StringComparison.Ordinal))] })
        );
    }

    [Fact]
    public void Too_few_pictures_or_an_odd_batch_to_mix_is_an_error()
    {
        Assert.Equal(
            "The 36 training images do not fill one batch of 64; take a batch_size of 36 or less.",
            Assert.Throws<RecipeException>(() => SmallRun.Data(_folder.File("idx"), Recipe with { BatchSize = 64 })).Message
        );
        Assert.Contains(
            "its 3 images must be an even number",
            Assert.Throws<RecipeException>(() => SmallRun.Data(_folder.File("idx"), Recipe with { BatchSize = 6 })).Message,
            StringComparison.Ordinal
        );
        using ImageTrainingData data = SmallRun.Data(_folder.File("idx"), Recipe);
        Assert.Contains(
            "amp fp16 needs a CUDA device",
            Assert.Throws<RecipeException>(() => SmallRun.Start(_folder, "run", data, Recipe with { Amp = Precision.Fp16 })).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Nothing_native_is_left_behind()
    {
        long before = TorchRuntime.LiveTensors;
        using (ImageTrainingData data = SmallRun.Data(_folder.File("idx"), Recipe))
        using (Trainer trainer = SmallRun.Start(_folder, "run", data, Recipe, options: new TrainerOptions { Folder = "", StopAfter = 5 }))
            trainer.Run(TestContext.Current.CancellationToken);
        Assert.Equal(before, TorchRuntime.LiveTensors);
    }

    // Times differ from run to run; figures do not.
    private string[] Figures(string run) =>
        [.. File.ReadLines(Path.Combine(_folder.File(run), RunLog.EpochsFile)).Select(line => string.Join(',', line.Split(',').Take(10)))];
}
