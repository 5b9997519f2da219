using MogaSharp.Testing;

namespace MogaSharp.Training.Tests;

/// <summary>Runs whose losses are not finite: skipped, counted, and stopped when it does not end.</summary>
public sealed class NonFiniteTests : IDisposable
{
    private static readonly TrainingRecipe Recipe = SmallRun.Recipe with
    {
        BatchSize = 4,
        AccumulationSteps = 1,
        Epochs = 2,
        CooldownEpochs = 0,
        EmaDecay = null,
        MaxNonFinite = 3,
    };

    private readonly TemporaryFolder _folder = new();
    private readonly SmallRun.Recorder _heard = new();

    public NonFiniteTests() => SmallRun.RequireTorch();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_bad_batch_is_skipped_and_counted()
    {
        using Trainer trainer = SmallRun.Start(_folder, "run", new Source(2, 5), Recipe, _heard);
        TrainingResult result = trainer.Run(TestContext.Current.CancellationToken);
        Assert.Equal((TrainingEnd.Finished, 20L, 4L), (result.End, result.Progress.Update, result.Progress.Skipped));
        Assert.Equal("The loss of update 3 is not finite; the update is skipped (1 so far).", _heard.Messages[0]);
        Assert.Equal(4, _heard.Messages.Count);
        Assert.All(result.Epochs, epoch => Assert.True(double.IsFinite(epoch.TrainLoss)));
        Assert.Equal(4, result.Epochs[^1].Skipped);
    }

    [Fact]
    public void Too_many_in_a_row_stop_the_run_and_keep_the_last_checkpoint()
    {
        using Trainer trainer = SmallRun.Start(
            _folder,
            "run",
            new Source(5, 6, 7),
            Recipe,
            _heard,
            new TrainerOptions { Folder = "", SaveEvery = 5 }
        );
        string message = Assert.Throws<TrainingException>(() => trainer.Run(TestContext.Current.CancellationToken)).Message;
        Assert.Contains("not finite in 3 updates in a row, the last one update 8 of epoch 1", message, StringComparison.Ordinal);
        Assert.Contains("Try a lower learning_rate", message, StringComparison.Ordinal);
        using LoadedTrainingCheckpoint last = new CheckpointFolder(_folder.File("run")).OpenNewest(_heard.OnMessage)!;
        Assert.Equal((5L, 0L), (last.Content.Progress.Update, last.Content.Progress.Skipped));
    }

    private sealed class Source(params int[] bad) : ITrainingData
    {
        public long Count => 40;

        public int BatchesPerEpoch => 10;

        public long EvalCount => 0;

        public int EvalBatches => 0;

        public IEnumerable<TrainingBatch> Train(int epoch, int firstBatch, CancellationToken cancellationToken) =>
            Enumerable
                .Range(firstBatch, 10 - firstBatch)
                .Select(i => EngineTests.Batch((10 * epoch) + i, bad.Contains(i) ? float.PositiveInfinity : 0));

        public IEnumerable<TrainingBatch> Evaluate(CancellationToken cancellationToken) => [];

        public void Dispose() { }
    }
}
