using MogaSharp.Data;
using MogaSharp.Graph;

namespace MogaSharp.Training;

/// <summary>
/// Items for a network; what it shall make of them is in the classes that tasks derive from this one. The arrays may be used again once
/// the next batch is asked for.
/// </summary>
/// <param name="inputs">The network's input, row-major: images (N, C, H, W), clips (N, T, C, H, W).</param>
/// <param name="shape">The shape of the input.</param>
public class TrainingBatch(ReadOnlyMemory<float> inputs, Shape shape)
{
    /// <summary>The network's input, row-major.</summary>
    public ReadOnlyMemory<float> Inputs => inputs;

    /// <summary>The shape of the input; its first extent is the number of items.</summary>
    public Shape Shape => shape;

    /// <summary>The number of items.</summary>
    public int Count => shape[0];

    /// <summary>Items that could not be read, for which others stand in training; null for none.</summary>
    public IReadOnlyList<BadItem>? BadItems { get; init; }

    /// <summary>This batch as a task needs it.</summary>
    /// <typeparam name="T">The task's batches.</typeparam>
    /// <exception cref="ArgumentException">It is another task's.</exception>
    public T As<T>()
        where T : TrainingBatch =>
        this as T ?? throw new ArgumentException($"The task takes batches of the type {typeof(T).Name}, not {GetType().Name}.");
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
