using System.Collections.Immutable;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Torch;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>Pictures to classes: logits (N, classes), cross entropy or a decision per class, accuracy.</summary>
/// <param name="recipe">Loss, label smoothing, threshold.</param>
public sealed class ClassificationTask(TrainingRecipe recipe) : TrainingTask
{
    private static readonly Metric Top1 = new("top1", "top-1")
    {
        Axis = "accuracy (%)",
        Scale = 100,
        Unit = "%",
    };
    private static readonly Metric Top5 = new("top5", "top-5")
    {
        Axis = "accuracy (%)",
        Scale = 100,
        Unit = "%",
    };

    /// <inheritdoc/>
    public override string Items => "images";

    /// <inheritdoc/>
    public override ImmutableArray<Metric> Metrics { get; } = [LossMetric, Top1, Top5];

    /// <inheritdoc/>
    public override Metric Best => Top1;

    /// <inheritdoc/>
    public override TorchTensor Loss(TorchTensor output, in TrainingBatch batch)
    {
        TorchTensor targets = batch.Targets is { } shares
            ? TorchTensor.From(shares.Span, new Shape(batch.Count, output.Shape[1]), output.Device)
            : TorchTensor.From<long>(Array.ConvertAll(batch.Labels.ToArray(), label => (long)label), new Shape(batch.Count), output.Device);
        if (recipe.Loss == LossKind.BinaryCrossEntropy)
            return TorchLoss.BinaryCrossEntropy(output, targets, recipe.LabelSmoothing, recipe.BinaryTargetThreshold);
        return batch.Targets is null
            ? TorchLoss.CrossEntropy(output, targets, recipe.LabelSmoothing)
            : TorchLoss.SoftCrossEntropy(output, targets);
    }

    /// <inheritdoc/>
    public override TaskMeasurement Measure() => new Accuracy();

    private sealed class Accuracy : TaskMeasurement
    {
        private ClassificationMetrics? _metrics;
        private double _loss;

        public override double[] Sums =>
            _metrics is null
                ? [0, 0, 0]
                : [_loss, Math.Round(_metrics.Top1 * _metrics.Images), Math.Round(_metrics.Top5 * _metrics.Images)];

        protected override void AddBatch(Tensor output, in TrainingBatch batch)
        {
            int classes = output.Shape[1];
            ReadOnlySpan<int> labels = batch.Labels.Span;
            _metrics ??= new ClassificationMetrics(classes);
            _metrics.Add(output.Data, labels);
            for (int i = 0; i < labels.Length; i++)
                _loss += CrossEntropy(output.Data.AsSpan(i * classes, classes), labels[i]);
        }

        private static double CrossEntropy(ReadOnlySpan<float> logits, int label)
        {
            double most = float.NegativeInfinity,
                sum = 0;
            foreach (float value in logits)
                most = Math.Max(most, value);
            foreach (float value in logits)
                sum += Math.Exp(value - most);
            return Math.Log(sum) + most - logits[label];
        }
    }
}
