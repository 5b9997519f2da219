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
    /// <param name="onBatch">Hears of each batch that is done, with the items so far.</param>
    /// <param name="group">The processes that evaluate together, each its own items; null for this one alone. All get the same
    /// result.</param>
    /// <param name="cancellationToken">Looked at between batches.</param>
    /// <returns>The mean over all items for each of the task's metrics, by its name and in the task's order.</returns>
    /// <exception cref="NothingToEvaluateException">There is nothing to evaluate on.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static IReadOnlyDictionary<string, double> Evaluate(
        TrainingTask task,
        TorchNetwork network,
        IEnumerable<TrainingBatch> batches,
        DType? autocast = null,
        Action<int>? onBatch = null,
        TorchProcessGroup? group = null,
        CancellationToken cancellationToken = default
    )
    {
        TaskMeasurement measured = task.Measure();
        bool cancelled = false;
        try
        {
            Measure(measured, network, batches, autocast, onBatch, cancellationToken);
        }
        catch (OperationCanceledException) when (group is not null)
        {
            // The others wait for this process's counts.
            cancelled = true;
        }

        double[] sums = [cancelled ? 1 : 0, measured.Count, .. measured.Sums];
        if (group is not null)
            sums = group.AllReduce(sums, ReduceKind.Sum);
        if (sums[0] > 0)
            throw new OperationCanceledException(cancellationToken);
        if (sums[1] == 0)
            throw new NothingToEvaluateException($"There are no {task.Items} to evaluate on.");
        return new OrderedDictionary<string, double>(
            task.Metrics.Select((metric, i) => KeyValuePair.Create(metric.Name, sums[i + 2] / sums[1]))
        );
    }

    private static void Measure(
        TaskMeasurement measured,
        TorchNetwork network,
        IEnumerable<TrainingBatch> batches,
        DType? autocast,
        Action<int>? onBatch,
        CancellationToken cancellationToken
    )
    {
        foreach (TrainingBatch batch in batches)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (batch.Count == 0)
                continue;
            using var scope = new TorchScope();
            TorchTensor input = TorchTensor.From(batch.Inputs.Span, batch.Shape, network.Options.Device);
            TorchForward forward = network.Forward(input, TorchForwardOptions.Eval with { Autocast = autocast }, cancellationToken);
            measured.Add(forward[network.Graph.Outputs[0].Name].ToTensor(), batch);
            onBatch?.Invoke(measured.Count);
        }
    }
}

/// <summary>An evaluation set without a single item that can be read.</summary>
/// <param name="message">What there is none of.</param>
public sealed class NothingToEvaluateException(string message) : ArgumentException(message);
