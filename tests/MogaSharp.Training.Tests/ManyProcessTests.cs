using MogaSharp.Data;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Torch.Tests;

// The counters of native tensors belong to the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace MogaSharp.Training.Tests;

/// <summary>Runs of several ranks: equal to those of one process, resumed, stopped, with bad losses.</summary>
public sealed class ManyProcessTests : IDisposable
{
    // Nothing is drawn by batch or by process, so that one process with all pictures does the same. Not AdamW, which makes much of
    // the rounding in gradients that are 0.
    private static readonly TrainingRecipe Plain = SmallRun.Recipe with
    {
        Epochs = 3,
        CooldownEpochs = 0,
        Drop = 0,
        DropPath = 0,
        Mixup = 0,
        Cutmix = 0,
        SyncBatchNorm = true,
        Optimizer = OptimizerKind.Sgd,
        LearningRate = 1e-2,
    };

    private readonly TemporaryFolder _folder = new();

    public ManyProcessTests()
    {
        Ranks.Require();
        SmallRun.WriteIdx(_folder.File("idx"), train: 40, test: 11);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(2, false)]
    [InlineData(4, false)]
    [InlineData(2, true)]
    public void A_run_of_several_ranks_is_that_of_one_process(int size, bool checkpointing)
    {
        TrainingRecipe recipe = Plain with { ActivationCheckpointing = checkpointing, BatchSize = 4 * size };
        (TrainingResult one, Dictionary<string, byte[]> expected) = Alone("one", recipe);
        (TrainingResult Result, Dictionary<string, byte[]> State)[] ranks = Run("many", size, recipe);
        foreach ((string name, byte[] bytes) in expected)
            Close(name, bytes, ranks[0].State[name]);
        Assert.All(ranks[1..], rank => AssertSame(ranks[0].State, rank.State));
        Assert.Equal(one.Progress.Update, ranks[0].Result.Progress.Update);
        foreach ((EpochRecord mine, EpochRecord other) in one.Epochs.Zip(ranks[0].Result.Epochs))
        {
            Assert.Equal(mine.TrainLoss, other.TrainLoss, 1e-5);
            Assert.Equal(mine.Eval!["loss"], other.Eval!["loss"], 1e-5);
            // Eleven pictures, each counted once.
            Assert.Equal((mine.Eval["top1"], mine.EvalEma!["top1"]), (other.Eval["top1"], other.EvalEma!["top1"]));
            Assert.Equal(Math.Round(11 * other.Eval["top1"]), 11 * other.Eval["top1"], 1e-9);
        }

        Assert.Empty(ranks[1].Result.Epochs);
        Assert.False(Directory.Exists(_folder.File("many-1")));
    }

    // Everything random on, batch norms of each rank alone, a moving average: the state is the same everywhere and after a resume, also
    // with ranks that know nothing of the checkpoint.
    [Fact]
    public void Stopping_and_resuming_gives_the_same_bits_on_all_ranks()
    {
        TrainingRecipe recipe = SmallRun.Recipe with { Epochs = 2, CooldownEpochs = 1 };
        (TrainingResult Result, Dictionary<string, byte[]> State)[] straight = Run("straight", 2, recipe);
        AssertSame(straight[0].State, straight[1].State);
        foreach (int stop in new[] { 3, 10 })
        {
            string name = $"halves{stop}";
            Assert.All(
                Run(name, 2, recipe, options: new TrainerOptions { Folder = "", StopAfter = stop }),
                rank => Assert.Equal((TrainingEnd.Stopped, (long)stop), (rank.Result.End, rank.Result.Progress.Update))
            );
            (TrainingResult Result, Dictionary<string, byte[]> State)[] resumed = Run(name, 2, recipe, resume: true);
            AssertSame(straight[0].State, resumed[0].State);
            AssertSame(straight[0].State, resumed[1].State);
            Assert.Equal(3, resumed[0].Result.Epochs.Count);
        }
    }

    // A run goes on with any number of processes as if it had always had it: the same pictures in the same updates, and as many updates an
    // epoch, although 39 pictures are even parts for none of these numbers but one.
    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    [InlineData(4, 2)]
    [InlineData(2, 4)]
    public void A_run_is_resumed_by_another_number_of_ranks(int begun, int resumed)
    {
        SmallRun.WriteIdx(_folder.File("idx"), train: 39, test: 11);
        (TrainingResult straight, Dictionary<string, byte[]> expected) = Alone("straight", Plain);
        Assert.Equal(12, straight.Progress.Update);
        const string Name = "moved";
        Rank(begun, new TrainerOptions { Folder = "", StopAfter = 6 }, resume: false);
        (TrainingResult result, Dictionary<string, byte[]> state) = Rank(resumed, new TrainerOptions { Folder = "" }, resume: true);
        foreach ((string name, byte[] bytes) in expected)
            Close(name, bytes, state[name]);
        Assert.Equal((straight.Progress.Epoch, straight.Progress.Update), (result.Progress.Epoch, result.Progress.Update));
        foreach ((EpochRecord mine, EpochRecord other) in straight.Epochs.Zip(result.Epochs))
        {
            Assert.Equal(mine.TrainLoss, other.TrainLoss, 1e-5);
            Assert.Equal(mine.Eval!["top1"], other.Eval!["top1"]);
        }

        (TrainingResult Result, Dictionary<string, byte[]> State) Rank(int size, TrainerOptions options, bool resume) =>
            size == 1
                ? Train(Name, null, Plain, new SmallRun.Recorder(), options, resume, TestContext.Current.CancellationToken)
                : Run(Name, size, Plain, options, resume)[0];
    }

    [Fact]
    public void Ranks_draw_different_numbers()
    {
        TrainingRecipe recipe = SmallRun.Recipe with { AccumulationSteps = 1, BatchSize = 4 };
        byte[][] states = Ranks.Run(
            2,
            group =>
            {
                using var engine = new TrainingStep(
                    Trainer.BuildGraph(SmallRun.Card, recipe),
                    new MogaNetOptions(),
                    SmallRun.Weights(recipe),
                    recipe,
                    TorchDevice.Cpu,
                    group
                );
                engine.Update([EngineTests.Batch(1)], 1e-3, 1);
                return engine.Network.Generator.GetState();
            }
        );
        Assert.NotEqual(states[0], states[1]);
    }

    // A bad picture on one rank: all skip the update, and nothing of it stays.
    [Fact]
    public void A_loss_that_is_not_finite_on_one_rank_is_skipped_on_all()
    {
        TrainingRecipe recipe = SmallRun.Recipe with { AccumulationSteps = 1, BatchSize = 8, EmaDecay = null };
        Dictionary<string, float[]>[] weights = Ranks.Run(
            2,
            group =>
            {
                using var engine = new TrainingStep(
                    Trainer.BuildGraph(SmallRun.Card, recipe),
                    new MogaNetOptions(),
                    SmallRun.Weights(recipe),
                    recipe,
                    TorchDevice.Cpu,
                    group
                );
                Assert.False(engine.Update([EngineTests.Batch(group.Rank)], 1e-3, 1).Skipped);
                Dictionary<string, byte[]> before = engine.State().ToDictionary(tensor => tensor.Name, tensor => tensor.ToBytes());
                UpdateResult bad = engine.Update([EngineTests.Batch(2, group.Rank == 1 ? float.PositiveInfinity : 0)], 1e-3, 2);
                Assert.True(bad.Skipped && !double.IsFinite(bad.Loss));
                foreach (
                    Weights.TensorEntry tensor in engine
                        .State()
                        .Where(tensor => !tensor.Name.StartsWith(TrainingCheckpoint.Random, StringComparison.Ordinal))
                )
                    Assert.True(before[tensor.Name].AsSpan().SequenceEqual(tensor.ToBytes()), tensor.Name);
                UpdateResult good = engine.Update([EngineTests.Batch(3 + group.Rank)], 1e-3, 3);
                Assert.False(good.Skipped);
                return engine.Network.Graph.Parameters.ToDictionary(spec => spec.Name, spec => engine.Network[spec.Name].ToTensor().Data);
            }
        );
        foreach ((string name, float[] values) in weights[0])
            Assert.Equal(values, weights[1][name]);
    }

    // One rank is asked; all stop after the same update, in training and in evaluation.
    [Theory]
    [InlineData(TrainingPhase.Training)]
    [InlineData(TrainingPhase.Evaluating)]
    public void Asking_one_rank_stops_all(TrainingPhase phase)
    {
        (TrainingResult Result, Dictionary<string, byte[]> State)[] ranks = Ranks.Run(
            2,
            group =>
            {
                using var cancellation = new CancellationTokenSource();
                var observer = new SmallRun.Recorder
                {
                    OnStatus = status =>
                    {
                        if (group.Rank == 1 && status.Update >= 5 && status.Phase == phase)
                            cancellation.Cancel();
                    },
                };
                return Train("run", group, Plain, observer, null, false, cancellation.Token);
            }
        );
        Assert.All(
            ranks,
            rank => Assert.Equal((TrainingEnd.Stopped, ranks[0].Result.Progress.Update), (rank.Result.End, rank.Result.Progress.Update))
        );
        AssertSame(ranks[0].State, ranks[1].State);
    }

    [Fact]
    public void A_batch_that_cannot_be_shared_is_an_error() =>
        Assert.Equal(
            "batch_size 8 cannot be shared among 3 processes of 2 accumulation steps; take a multiple of 6.",
            Assert.Throws<RecipeException>(() => SmallRun.Data(_folder.File("idx"), Plain, share: new ProcessShare(0, 3))).Message
        );

    [Fact]
    public void Ranks_with_other_data_are_an_error()
    {
        SmallRun.WriteIdx(_folder.File("idx1"), train: 44);
        string[] messages = Ranks.Run(
            2,
            group =>
            {
                using ImageTrainingData data = SmallRun.Data(
                    _folder.File(group.Rank == 0 ? "idx" : "idx1"),
                    Plain,
                    share: new ProcessShare(group.Rank, 2)
                );
                using Trainer trainer = SmallRun.Start(
                    _folder,
                    $"other-{group.Rank}",
                    data,
                    Plain,
                    options: new TrainerOptions
                    {
                        Folder = "",
                        Group = group,
                        StopAfter = 0,
                    }
                );
                return Assert.Throws<RunFolderException>(() => trainer.Run(TestContext.Current.CancellationToken)).Message;
            }
        );
        Assert.Equal(
            [
                "Another rank has other images than rank 0: all need the same --data.",
                "Rank 0 trains on 40 images, rank 1 on 44: all need the same --data.",
            ],
            messages
        );
    }

    private (TrainingResult Result, Dictionary<string, byte[]> State) Alone(string run, TrainingRecipe recipe) =>
        Train(run, null, recipe, new SmallRun.Recorder(), null, false, TestContext.Current.CancellationToken);

    private (TrainingResult Result, Dictionary<string, byte[]> State)[] Run(
        string run,
        int size,
        TrainingRecipe recipe,
        TrainerOptions? options = null,
        bool resume = false
    ) =>
        Ranks.Run(
            size,
            group => Train(run, group, recipe, new SmallRun.Recorder(), options, resume, TestContext.Current.CancellationToken)
        );

    private (TrainingResult Result, Dictionary<string, byte[]> State) Train(
        string run,
        TorchProcessGroup? group,
        TrainingRecipe recipe,
        SmallRun.Recorder observer,
        TrainerOptions? options,
        bool resume,
        CancellationToken cancellationToken
    )
    {
        string folder = _folder.File(run);
        ProcessShare share = group is null ? ProcessShare.Single : new ProcessShare(group.Rank, group.Size);
        if (share.Rank == 0)
            Directory.CreateDirectory(folder);
        using ImageTrainingData data = SmallRun.Data(_folder.File("idx"), recipe, share: share);
        options = (options ?? new TrainerOptions { Folder = "" }) with
        {
            Folder = share.Rank == 0 ? folder : _folder.File($"{run}-{share.Rank}"),
            Group = group,
            LogEvery = 2,
        };
        using var trainer = new Trainer(
            SmallRun.Card,
            SmallRun.Weights(recipe with { Seed = recipe.Seed + share.Rank }),
            recipe,
            data,
            options,
            observer
        );
        if (resume && share.Rank == 0)
        {
            using LoadedTrainingCheckpoint last = new CheckpointFolder(folder).OpenNewest(observer.OnMessage)!;
            trainer.Resume(last.Content);
        }

        TrainingResult result = trainer.Run(cancellationToken);
        return (result, SmallRun.State(trainer));
    }

    // All but each rank's own random numbers.
    private static void AssertSame(Dictionary<string, byte[]> expected, Dictionary<string, byte[]> actual)
    {
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        foreach ((string name, byte[] bytes) in expected)
            Assert.True(
                name.StartsWith(TrainingCheckpoint.Random, StringComparison.Ordinal) || bytes.AsSpan().SequenceEqual(actual[name]),
                name
            );
    }

    private static void Close(string name, byte[] expected, byte[] actual)
    {
        if (
            name.StartsWith(TrainingCheckpoint.Random, StringComparison.Ordinal)
            || name.EndsWith("num_batches_tracked", StringComparison.Ordinal)
        )
            return;
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i + 4 <= expected.Length; i += 4)
        {
            float a = BitConverter.ToSingle(expected, i),
                b = BitConverter.ToSingle(actual, i);
            Assert.True(Math.Abs(a - b) <= 2e-5 * Math.Max(1, Math.Abs(a)), $"{name}[{i / 4}]: {a}, {b}");
        }
    }
}
