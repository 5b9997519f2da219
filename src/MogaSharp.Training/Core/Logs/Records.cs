using System.Text.Json.Serialization;

namespace MogaSharp.Training;

/// <summary>What was measured over the updates since the last record.</summary>
public sealed record StepRecord
{
    /// <summary>The epoch, from 0.</summary>
    public required int Epoch { get; init; }

    /// <summary>Updates done.</summary>
    public required long Update { get; init; }

    /// <summary>Mean training loss.</summary>
    public required double Loss { get; init; }

    /// <summary>The learning rate of the last update.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Norm of all gradients before clipping in the last update; null when it was not computed.</summary>
    public double? GradientNorm { get; init; }

    /// <summary>Items per second; in the logs <c>images_per_second</c> or <c>clips_per_second</c>, as the task calls them.</summary>
    public required double ItemsPerSecond { get; init; }

    /// <summary>Share of the time that was spent waiting for data, 0 to 1.</summary>
    public required double DataWait { get; init; }

    /// <summary>Updates skipped so far because a loss or gradient was not finite.</summary>
    public long Skipped { get; init; }
}

/// <summary>What an epoch brought.</summary>
public sealed record EpochRecord
{
    /// <summary>The epoch, from 0.</summary>
    public required int Epoch { get; init; }

    /// <summary>Updates done at its end.</summary>
    public required long Update { get; init; }

    /// <summary>The learning rate of its last update.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Mean training loss.</summary>
    public required double TrainLoss { get; init; }

    /// <summary>Evaluation of the weights: the task's metrics by their names; null without an evaluation set.</summary>
    public IReadOnlyDictionary<string, double>? Eval { get; init; }

    /// <summary>Evaluation of their moving average; null when there is none.</summary>
    public IReadOnlyDictionary<string, double>? EvalEma { get; init; }

    /// <summary>Items per second of training; named in the logs as in <see cref="StepRecord"/>.</summary>
    public required double ItemsPerSecond { get; init; }

    /// <summary>Share of the training time that was spent waiting for data, 0 to 1.</summary>
    public required double DataWait { get; init; }

    /// <summary>Seconds of training and evaluation.</summary>
    public required double Seconds { get; init; }

    /// <summary>Updates skipped so far because a loss or gradient was not finite.</summary>
    public long Skipped { get; init; }

    /// <summary>
    /// Items that could not be read, of this epoch's training, for which others stood in, and of its evaluation, which left them out; in
    /// the logs <c>skipped_images</c> or <c>skipped_clips</c>. Null when all could be read.
    /// </summary>
    public long? SkippedItems { get; init; }

    /// <summary>The evaluation that counts: that of the moving average where there is one, as in the official script.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, double>? Figures => EvalEma ?? Eval;

    /// <summary>Of <see cref="Figures"/>, the one that the best checkpoint is chosen by.</summary>
    public double? Score { get; init; }
}

/// <summary>The generated code to read and write records.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals
)]
[JsonSerializable(typeof(StepRecord))]
[JsonSerializable(typeof(EpochRecord))]
internal sealed partial class LogContext : JsonSerializerContext;
