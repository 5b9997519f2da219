using MogaSharp.Data;
using MogaSharp.Graph;

namespace MogaSharp.Training;

/// <summary>Items with what a network shall make of them. The arrays may be used again once the next batch is asked for.</summary>
/// <param name="Inputs">Row-major: pictures (N, C, H, W), or for video the frames that are seen (N, T, C, H, W).</param>
/// <param name="Shape">The inputs' shape.</param>
/// <param name="Labels">Classification: a class per picture. Empty for video.</param>
/// <param name="Targets">
/// Classification: (N, classes) shares of a mixed batch, label smoothing included; null to go by the labels. Video: the frames that follow,
/// (N, T', C, H, W).
/// </param>
public readonly record struct TrainingBatch(
    ReadOnlyMemory<float> Inputs,
    Shape Shape,
    ReadOnlyMemory<int> Labels,
    ReadOnlyMemory<float>? Targets = null
)
{
    /// <summary>The number of items.</summary>
    public int Count => Shape[0];

    /// <summary>Items that could not be read, for which others stand in training; null for none.</summary>
    public IReadOnlyList<BadItem>? BadItems { get; init; }
}

/// <summary>Where a run's items come from. The same epoch gives the same batches, whoever asks and from wherever it begins.</summary>
public interface ITrainingData : IDisposable
{
    /// <summary>Items of the training set.</summary>
    long Count { get; }

    /// <summary>Batches of an epoch; each has the items of one accumulation step.</summary>
    int BatchesPerEpoch { get; }

    /// <summary>Items of the evaluation set; 0 without one.</summary>
    long EvalCount { get; }

    /// <summary>Batches of the evaluation set; 0 without one.</summary>
    int EvalBatches { get; }

    /// <summary>The batches of an epoch, augmented where the task does so.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="firstBatch">The first batch to give, 0 to <see cref="BatchesPerEpoch"/>.</param>
    /// <param name="cancellationToken">Ends the wait for data.</param>
    IEnumerable<TrainingBatch> Train(int epoch, int firstBatch, CancellationToken cancellationToken);

    /// <summary>The evaluation set, every item that can be read once; a batch may be empty.</summary>
    /// <param name="cancellationToken">Ends the wait for data.</param>
    IEnumerable<TrainingBatch> Evaluate(CancellationToken cancellationToken);
}
