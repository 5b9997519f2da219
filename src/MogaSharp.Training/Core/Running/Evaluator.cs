using MogaSharp.Graph;
using MogaSharp.Torch;

namespace MogaSharp.Training;

/// <summary>Measures how weights do on an evaluation set.</summary>
public static class Evaluator
{
    /// <summary>The figures of a task in eval mode.</summary>
    /// <param name="task">The task.</param>
    /// <param name="network">The network.</param>
    /// <param name="batches">The evaluation set.</param>
    /// <param name="autocast">The type that convolutions compute in; null for float32.</param>
    /// <param name="onBatch">Receives the items counted so far after each batch.</param>
    /// <param name="group">The processes that evaluate together, each its own items; null for this one alone. All get the same
    /// result.</param>
    /// <param name="cancellationToken">Looked at between batches.</param>
    /// <returns>The task's metrics by name, in its order.</returns>
    /// <exception cref="NothingToEvaluateException">There is nothing to evaluate on.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static IReadOnlyDictionary<string, double> Evaluate(
        TrainingTask task,
        TorchNetwork network,
        IEnumerable<TrainingBatch> batches,
        DType? autocast = null,
        Action<long>? onBatch = null,
        TorchProcessGroup? group = null,
        CancellationToken cancellationToken = default
    )
    {
        using TaskEvaluation mine = task.CreateEvaluation();
        bool cancelled = false;
        try
        {
            Count(mine, new TorchRunner(network, autocast), batches, onBatch, cancellationToken);
        }
        catch (OperationCanceledException) when (group is not null)
        {
            // The others wait for this process's counts.
            cancelled = true;
        }

        if (group?.Any(cancelled) == true)
            throw new OperationCanceledException(cancellationToken);
        TaskEvaluation evaluation = group is null ? mine : Merged(task, mine, group);
        if (evaluation.Count == 0)
            throw new NothingToEvaluateException($"There are no {task.Items} to evaluate on.");
        IReadOnlyDictionary<string, double> figures = evaluation.Figures();
        return new OrderedDictionary<string, double>(task.Metrics.Select(metric => KeyValuePair.Create(metric.Name, figures[metric.Name])));
    }

    /// <summary>Runs a network on all batches and counts how well it does.</summary>
    /// <param name="evaluation">What counts.</param>
    /// <param name="network">The network.</param>
    /// <param name="batches">The evaluation set; empty batches are passed over.</param>
    /// <param name="onBatch">Receives the items counted so far after each batch.</param>
    /// <param name="cancellationToken">Looked at between batches.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static void Count(
        TaskEvaluation evaluation,
        INetworkRunner network,
        IEnumerable<TrainingBatch> batches,
        Action<long>? onBatch = null,
        CancellationToken cancellationToken = default
    )
    {
        foreach (TrainingBatch batch in batches)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (batch.Count == 0)
                continue;
            evaluation.Add(network, batch, cancellationToken);
            onBatch?.Invoke(evaluation.Count);
        }
    }

    // In the order of the ranks, so that all of them have the same bits.
    private static TaskEvaluation Merged(TrainingTask task, TaskEvaluation mine, TorchProcessGroup group)
    {
        TaskEvaluation merged = task.CreateEvaluation();
        byte[] saved = mine.Save();
        for (int rank = 0; rank < group.Size; rank++)
            merged.Merge(group.BroadcastBytes(saved, rank));
        return merged;
    }
}

/// <summary>An evaluation set without a single item that can be read.</summary>
/// <param name="message">What there is none of.</param>
public sealed class NothingToEvaluateException(string message) : MogaException(message)
{
    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidData;
}
