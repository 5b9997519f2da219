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

    /// <summary>Pictures per second.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>Share of the time that was spent waiting for data, 0 to 1.</summary>
    public required double DataWait { get; init; }

    /// <summary>Updates skipped so far because a loss or gradient was not finite.</summary>
    public long Skipped { get; init; }
}

/// <summary>How weights do on the evaluation set.</summary>
/// <param name="Loss">Mean cross entropy.</param>
/// <param name="Top1">Share of pictures whose class comes first, 0 to 1.</param>
/// <param name="Top5">Share of pictures whose class is among the first five, 0 to 1.</param>
public sealed record EvalRecord(double Loss, double Top1, double Top5);

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

    /// <summary>Evaluation of the weights; null without an evaluation set.</summary>
    public EvalRecord? Eval { get; init; }

    /// <summary>Evaluation of their moving average; null when there is none.</summary>
    public EvalRecord? EvalEma { get; init; }

    /// <summary>Pictures per second of training.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>Share of the training time that was spent waiting for data, 0 to 1.</summary>
    public required double DataWait { get; init; }

    /// <summary>Seconds of training and evaluation.</summary>
    public required double Seconds { get; init; }

    /// <summary>Updates skipped so far because a loss or gradient was not finite.</summary>
    public long Skipped { get; init; }

    /// <summary>The accuracy that the best checkpoint is chosen by: that of the moving average where there is one, as in the official script.</summary>
    public double? Score => (EvalEma ?? Eval)?.Top1;
}
