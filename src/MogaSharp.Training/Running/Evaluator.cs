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
    /// <param name="cancellationToken">Looked at between batches.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static EvalRecord Evaluate(
        TorchNetwork network, IEnumerable<TrainingBatch> batches, DType? autocast = null, Action<int>? onBatch = null, CancellationToken cancellationToken = default)
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

        return metrics is null
            ? throw new ArgumentException("There are no pictures to evaluate on.", nameof(batches))
            : new EvalRecord(loss / metrics.Images, metrics.Top1, metrics.Top5);
    }

    private static double CrossEntropy(ReadOnlySpan<float> logits, int label)
    {
        double most = float.NegativeInfinity, sum = 0;
        foreach (float value in logits) most = Math.Max(most, value);
        foreach (float value in logits) sum += Math.Exp(value - most);
        return Math.Log(sum) + most - logits[label];
    }
}
