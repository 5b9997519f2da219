using System.Text.Json.Serialization;

namespace MogaSharp.Training;

/// <summary>Where a run stands: everything small that a resumed run needs to go on as if nothing had happened.</summary>
public sealed record TrainingProgress
{
    /// <summary>The epoch in progress, from 0; the number of epochs when the run is done.</summary>
    public int Epoch { get; init; }

    /// <summary>Batches of the epoch that have been used, skipped ones too.</summary>
    public long EpochUpdates { get; init; }

    /// <summary>Updates of all epochs, skipped ones too.</summary>
    public long Update { get; init; }

    /// <summary>Updates skipped because a loss or gradient was not finite.</summary>
    public long Skipped { get; init; }

    /// <summary>Of these, the last in a row.</summary>
    public int SkippedInARow { get; init; }

    /// <summary>Sum over the epoch's items so far of their finite losses.</summary>
    public double LossSum { get; init; }

    /// <summary>Items in <see cref="LossSum"/>.</summary>
    public long LossCount { get; init; }

    /// <summary>Seconds of training in the epoch so far.</summary>
    public double EpochSeconds { get; init; }

    /// <summary>Of these, seconds spent waiting for data.</summary>
    public double EpochWait { get; init; }

    /// <summary>Items (images, clips) trained on in the epoch so far.</summary>
    public long EpochImages { get; init; }

    /// <summary>Items of the epoch so far that could not be read, for which others stood in; one that was met again counts again.</summary>
    public long EpochBadItems { get; init; }

    /// <summary>The loss scale of float16 training; null without one.</summary>
    public double? LossScale { get; init; }

    /// <summary>Good updates since the loss scale last changed.</summary>
    public int LossScaleAge { get; init; }

    /// <summary>The best value so far of the metric that the task chooses by (accuracy 0 to 1, MSE); null before the first
    /// evaluation.</summary>
    public double? BestScore { get; init; }

    /// <summary>The epoch of <see cref="BestScore"/>.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>Items of the training set, to notice other data at a resume.</summary>
    public long DatasetSize { get; init; }
}

/// <summary>The generated code to read and write what a checkpoint says in JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TrainingProgress))]
internal sealed partial class CheckpointContext : JsonSerializerContext;
