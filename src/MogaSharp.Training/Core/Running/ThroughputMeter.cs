using System.Diagnostics;

namespace MogaSharp.Training;

/// <summary>How fast a run goes, and when it will be done.</summary>
internal sealed class ThroughputMeter(TrainingProgress start, long updates, int epochs)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    public long Updates => updates;

    public TrainingStatus Status(TrainingProgress progress, TrainingPhase phase, double share, double rate)
    {
        long done = progress.Update - start.Update;
        TimeSpan? remaining = done > 0 ? _clock.Elapsed / done * Math.Max(0, Updates - progress.Update) : null;
        return new TrainingStatus
        {
            Phase = phase,
            Epoch = progress.Epoch,
            Epochs = epochs,
            Share = share,
            Update = progress.Update,
            Updates = Updates,
            Loss = MeanLoss(progress),
            LearningRate = rate,
            ItemsPerSecond = ItemsPerSecond(progress),
            DataWait = DataWait(progress),
            Remaining = remaining,
        };
    }

    public static double MeanLoss(TrainingProgress progress) =>
        progress.LossCount == 0 ? double.NaN : progress.LossSum / progress.LossCount;

    public static double ItemsPerSecond(TrainingProgress progress) =>
        progress.EpochSeconds > 0 ? progress.EpochImages / progress.EpochSeconds : 0;

    public static double DataWait(TrainingProgress progress) =>
        progress.EpochSeconds > 0 ? Math.Min(1, progress.EpochWait / progress.EpochSeconds) : 0;
}

/// <summary>The updates between two records of the logs.</summary>
internal sealed class LogInterval(TrainingProgress start)
{
    private TrainingProgress _start = start;

    public StepRecord Close(TrainingProgress now, double rate, UpdateResult last)
    {
        long counted = now.LossCount - _start.LossCount;
        double seconds = now.EpochSeconds - _start.EpochSeconds;
        var record = new StepRecord
        {
            Epoch = now.Epoch,
            Update = now.Update,
            Loss = counted == 0 ? double.NaN : (now.LossSum - _start.LossSum) / counted,
            LearningRate = rate,
            GradientNorm = last.GradientNorm,
            Losses = last.Losses,
            ItemsPerSecond = seconds > 0 ? (now.EpochImages - _start.EpochImages) / seconds : 0,
            DataWait = seconds > 0 ? Math.Min(1, (now.EpochWait - _start.EpochWait) / seconds) : 0,
            Skipped = now.Skipped,
        };
        _start = now;
        return record;
    }
}
