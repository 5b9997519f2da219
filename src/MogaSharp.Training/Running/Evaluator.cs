using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Torch;

namespace MogaSharp.Training;

/// <summary>Measures how weights do on labelled pictures.</summary>
public static class Evaluator
{
    /// <summary>Loss and accuracy in eval mode.</summary>
    /// <param name="network">The network; its first output are the logits (N, classes).</param>
    /// <param name="batches">The pictures.</param>
    /// <param name="autocast">The type that convolutions compute in; null for float32.</param>
    /// <param name="onBatch">Hears of each batch that is done, with the pictures so far.</param>
    /// <param name="group">The processes that evaluate together, each its own pictures; null for this one alone. All get the same result.</param>
    /// <param name="cancellationToken">Looked at between batches.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static EvalRecord Evaluate(
        TorchNetwork network, IEnumerable<TrainingBatch> batches, DType? autocast = null, Action<int>? onBatch = null, TorchProcessGroup? group = null,
        CancellationToken cancellationToken = default)
    {
        (ClassificationMetrics? metrics, double loss) = (null, 0);
        bool cancelled = false;
        try
        {
            (metrics, loss) = Measure(network, batches, autocast, onBatch, cancellationToken);
        }
        catch (OperationCanceledException) when (group is not null)
        {
            // The others wait for this process's counts.
            cancelled = true;
        }

        int images = metrics?.Images ?? 0;
        double[] sums = [cancelled ? 1 : 0, images, loss, images == 0 ? 0 : Math.Round(metrics!.Top1 * images), images == 0 ? 0 : Math.Round(metrics!.Top5 * images)];
        if (group is not null) sums = group.AllReduce(sums, ReduceKind.Sum);
        if (sums[0] > 0) throw new OperationCanceledException(cancellationToken);
        return sums[1] == 0
            ? throw new ArgumentException("There are no pictures to evaluate on.", nameof(batches))
            : new EvalRecord(sums[2] / sums[1], sums[3] / sums[1], sums[4] / sums[1]);
    }

    private static (ClassificationMetrics? Metrics, double Loss) Measure(
        TorchNetwork network, IEnumerable<TrainingBatch> batches, DType? autocast, Action<int>? onBatch, CancellationToken cancellationToken)
    {
        ClassificationMetrics? metrics = null;
        double loss = 0;
        foreach (TrainingBatch batch in batches)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = new TorchScope();
            TorchTensor input = TorchTensor.From(batch.Inputs.Span, batch.Shape, network.Options.Device);
            TorchForward forward = network.Forward(input, TorchForwardOptions.Eval with { Autocast = autocast }, cancellationToken);
            Tensor logits = forward[network.Graph.Outputs[0].Key].ToTensor();
            int classes = logits.Shape[1];
            metrics ??= new ClassificationMetrics(classes);
            metrics.Add(logits.Data, batch.Labels.Span);
            for (int i = 0; i < batch.Count; i++) loss += CrossEntropy(logits.Data.AsSpan(i * classes, classes), batch.Labels.Span[i]);
            onBatch?.Invoke(metrics.Images);
        }

        return (metrics, loss);
    }

    private static double CrossEntropy(ReadOnlySpan<float> logits, int label)
    {
        double most = float.NegativeInfinity, sum = 0;
        foreach (float value in logits) most = Math.Max(most, value);
        foreach (float value in logits) sum += Math.Exp(value - most);
        return Math.Log(sum) + most - logits[label];
    }
}
