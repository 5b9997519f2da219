namespace MogaSharp.Training;

/// <summary>What a run is doing.</summary>
public enum TrainingPhase
{
    /// <summary>Updating weights.</summary>
    Training,

    /// <summary>Measuring how the weights do.</summary>
    Evaluating,

    /// <summary>Measuring how their moving average does.</summary>
    EvaluatingAverage,
}

/// <summary>How far a run is, for a progress bar.</summary>
public readonly record struct TrainingStatus
{
    /// <summary>What it is doing.</summary>
    public required TrainingPhase Phase { get; init; }

    /// <summary>The epoch, from 0.</summary>
    public required int Epoch { get; init; }

    /// <summary>All epochs.</summary>
    public required int Epochs { get; init; }

    /// <summary>The share of the phase that is done, 0 to 1.</summary>
    public required double Share { get; init; }

    /// <summary>Updates done.</summary>
    public required long Update { get; init; }

    /// <summary>All updates of the run.</summary>
    public required long Updates { get; init; }

    /// <summary>Mean training loss of the epoch so far; NaN before the first.</summary>
    public required double Loss { get; init; }

    /// <summary>The learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Items (images, clips) per second in this epoch, of all processes.</summary>
    public required double ItemsPerSecond { get; init; }

    /// <summary>The share of this epoch's training time that was spent waiting for data.</summary>
    public required double DataWait { get; init; }

    /// <summary>The time to the end of the run at this speed; null while it is unknown.</summary>
    public required TimeSpan? Remaining { get; init; }
}

/// <summary>Follows a run. Called on the thread that trains, so it should be quick.</summary>
public interface ITrainingObserver
{
    /// <summary>After each update and each evaluated batch.</summary>
    void OnProgress(in TrainingStatus status);

    /// <summary>After each epoch.</summary>
    void OnEpoch(EpochRecord record);

    /// <summary>Something to tell a person: a warning, or what was done.</summary>
    void OnMessage(string message);
}

/// <summary>How a run ended.</summary>
public enum TrainingEnd
{
    /// <summary>All epochs are done.</summary>
    Finished,

    /// <summary>It was asked to stop; a checkpoint has been written.</summary>
    Stopped,
}

/// <summary>What a run gave.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Progress">Where it stands.</param>
/// <param name="Epochs">All epochs, those before a resume too.</param>
public sealed record TrainingResult(TrainingEnd End, TrainingProgress Progress, IReadOnlyList<EpochRecord> Epochs);

/// <summary>A run that cannot go on: losses that are not finite, when the last checkpoint is good, or data that cannot be read, when one
/// was written.</summary>
/// <param name="message">Why.</param>
/// <param name="inner">The cause, or null.</param>
public sealed class TrainingException(string message, Exception? inner = null) : MogaException(message, inner)
{
    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.Failed;
}
