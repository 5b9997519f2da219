using MogaSharp.Graph;

namespace MogaSharp.Training;

/// <summary>Pictures with their labels, ready for a network. The arrays may be used again once the next batch is asked for.</summary>
/// <param name="Inputs">(N, C, H, W), row-major.</param>
/// <param name="Shape">N, C, H, W.</param>
/// <param name="Labels">A class per picture.</param>
/// <param name="Targets">(N, classes) shares of a mixed batch, label smoothing included; null to go by the labels.</param>
public readonly record struct TrainingBatch(ReadOnlyMemory<float> Inputs, Shape Shape, ReadOnlyMemory<int> Labels, ReadOnlyMemory<float>? Targets = null)
{
    /// <summary>The number of pictures.</summary>
    public int Count => Labels.Length;
}

/// <summary>Where a run's pictures come from. The same epoch gives the same batches, whoever asks and from wherever it begins.</summary>
public interface ITrainingData
{
    /// <summary>Pictures of the training set.</summary>
    long Count { get; }

    /// <summary>Batches of an epoch; each has the pictures of one accumulation step.</summary>
    int BatchesPerEpoch { get; }

    /// <summary>Batches of the evaluation set; 0 without one.</summary>
    int EvalBatches { get; }

    /// <summary>The augmented batches of an epoch.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="firstBatch">The first batch to give, 0 to <see cref="BatchesPerEpoch"/>.</param>
    /// <param name="cancellationToken">Ends the wait for data.</param>
    IEnumerable<TrainingBatch> Train(int epoch, int firstBatch, CancellationToken cancellationToken);

    /// <summary>The evaluation set, every picture once.</summary>
    /// <param name="cancellationToken">Ends the wait for data.</param>
    IEnumerable<TrainingBatch> Evaluate(CancellationToken cancellationToken);
}
