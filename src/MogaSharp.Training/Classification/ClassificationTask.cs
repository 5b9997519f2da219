using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Torch;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>Images to classes: logits (N, classes), cross entropy or a decision per class, accuracy.</summary>
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
    public override ModelTask Task => ModelTask.Classification;

    /// <inheritdoc/>
    public override ImmutableArray<Metric> Metrics { get; } = [LossMetric, Top1, Top5];

    /// <inheritdoc/>
    public override Metric Best => Top1;

    /// <inheritdoc/>
    public override Losses Step(NetworkPass pass, TrainingBatch batch)
    {
        ClassificationBatch images = batch.As<ClassificationBatch>();
        TorchTensor logits = pass.RunFirst(batch);
        TorchTensor targets = images.Shares is { } shares
            ? TorchTensor.From(shares.Span, new Shape(batch.Count, logits.Shape[1]), pass.Device)
            : TorchTensor.From<long>(Array.ConvertAll(images.Labels.ToArray(), label => (long)label), new Shape(batch.Count), pass.Device);
        if (recipe.Loss == LossKind.BinaryCrossEntropy)
            return new(TorchLoss.BinaryCrossEntropy(logits, targets, recipe.LabelSmoothing, recipe.BinaryTargetThreshold));
        return images.Shares is null
            ? new(TorchLoss.CrossEntropy(logits, targets, recipe.LabelSmoothing))
            : new(TorchLoss.SoftCrossEntropy(logits, targets));
    }

    /// <inheritdoc/>
    public override TaskEvaluation CreateEvaluation() => new ClassificationEvaluation();
}

/// <summary>Counts how well a classifier does; its loss is the cross entropy, whatever it was trained with.</summary>
public sealed class ClassificationEvaluation : TaskEvaluation
{
    /// <summary>The counts; null before the first batch.</summary>
    public ClassificationMetrics? Metrics { get; private set; }

    /// <inheritdoc/>
    public override long Count => Metrics?.Images ?? 0;

    /// <inheritdoc/>
    public override void Add(INetworkRunner network, TrainingBatch batch, CancellationToken cancellationToken = default)
    {
        Tensor logits = network.Run(batch.Inputs, batch.Shape, cancellationToken).Values.First();
        Metrics ??= new ClassificationMetrics(logits.Shape[1]);
        Metrics.Add(logits.Span, batch.As<ClassificationBatch>().Labels.Span);
    }

    /// <inheritdoc/>
    public override byte[] Save() => Metrics?.Save() ?? [];

    /// <inheritdoc/>
    public override void Merge(ReadOnlySpan<byte> saved)
    {
        if (saved.IsEmpty)
            return;
        // The number of classes stands first.
        Metrics ??= new ClassificationMetrics(BitConverter.ToInt32(saved));
        Metrics.Merge(saved);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Figures() => Metrics?.Figures() ?? ImmutableDictionary<string, double>.Empty;
}
