using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Torch;
using MogaSharp.Vision;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MogaSharp.Training;

/// <summary>Images to the class of each pixel: cross entropy over the pixels, of an auxiliary head too where the network has one.</summary>
/// <param name="auxiliaryWeight">The weight of the auxiliary head's loss.</param>
public sealed class SegmentationTask(double auxiliaryWeight = SegmentationTask.UsualAuxiliaryWeight) : TrainingTask
{
    /// <summary>The auxiliary weight of the official configurations.</summary>
    public const double UsualAuxiliaryWeight = 0.4;

    private static readonly Metric MeanIoU = Share("miou", "mIoU");
    private static readonly Metric MeanAccuracy = Share("macc", "mAcc");
    private static readonly Metric PixelAccuracy = Share("aacc", "aAcc");

    /// <summary>The shape of the crops that a recipe trains on.</summary>
    internal static Shape InputShape(ModelCard card, TrainingRecipe recipe)
    {
        (int height, int width) = SegmentationRecipe.CropOf(recipe);
        return card.CreateDefinition().InputShape(1, height, width);
    }

    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.Segmentation;

    /// <inheritdoc/>
    public override ImmutableArray<Metric> Metrics { get; } = [LossMetric, MeanIoU, MeanAccuracy, PixelAccuracy];

    /// <inheritdoc/>
    public override Metric Best => MeanIoU;

    /// <inheritdoc/>
    public override Losses Step(NetworkPass pass, TrainingBatch batch)
    {
        SegmentationBatch images = batch.As<SegmentationBatch>();
        (int height, int width) = (batch.Shape[2], batch.Shape[3]);
        long[] labels = new long[(long)batch.Count * height * width];
        for (int i = 0; i < batch.Count; i++)
        {
            LabelMap map = images.Maps[i];
            if (map.Size != new ImageSize(width, height))
                throw new ArgumentException($"A label map of {map.Size} does not fit inputs of {width}x{height}.", nameof(batch));
            TensorPrimitives.ConvertTruncating<byte, long>(map.Labels, labels.AsSpan(i * height * width));
        }

        TorchTensor targets = TorchTensor.From<long>(labels, new Shape(batch.Count, height, width), pass.Device);
        IReadOnlyDictionary<string, TorchTensor> outputs = pass.Run(batch);
        TorchTensor loss = TorchLoss.PixelCrossEntropy(outputs[ISegmentationDefinition.Logits], targets, LabelMap.Ignored);
        return outputs.TryGetValue(ISegmentationDefinition.AuxiliaryLogits, out TorchTensor? auxiliary)
            ? new(("decode", loss), ("auxiliary", TorchLoss.PixelCrossEntropy(auxiliary, targets, LabelMap.Ignored) * auxiliaryWeight))
            : new(loss);
    }

    /// <inheritdoc/>
    public override TaskEvaluation CreateEvaluation() => new SegmentationEvaluation();

    private static Metric Share(string name, string label) =>
        new(name, label)
        {
            Axis = "share of pixels (%)",
            Scale = 100,
            Unit = "%",
        };
}

/// <summary>Counts how well a network segments images whole: the class of each pixel in the image's own size.</summary>
public sealed class SegmentationEvaluation : TaskEvaluation
{
    // The loss is the mean over one pixel in so many, each way: as good for comparing, and the classes are the same for all.
    private const int LossStep = 4;

    private double _loss;
    private long _pixels;

    /// <summary>The counts; null before the first batch.</summary>
    public ConfusionMatrix? Matrix { get; private set; }

    /// <inheritdoc/>
    public override long Count => Matrix?.Count ?? 0;

    /// <inheritdoc/>
    public override void Add(INetworkRunner network, TrainingBatch batch, CancellationToken cancellationToken = default)
    {
        SegmentationBatch images = batch.As<SegmentationBatch>();
        Tensor logits = network.Run(batch.Inputs, batch.Shape, cancellationToken)[ISegmentationDefinition.Logits];
        (int classes, int height, int width) = (logits.Shape[1], logits.Shape[2], logits.Shape[3]);
        Matrix ??= new ConfusionMatrix(classes);
        for (int i = 0; i < batch.Count; i++)
        {
            LabelMap truth = images.Maps[i];
            var map = new LogitMap(
                classes,
                AxisTaps.Resize(height, batch.Shape[2]).Then(AxisTaps.Resize(batch.Shape[2], truth.Size.Height)),
                AxisTaps.Resize(width, batch.Shape[3]).Then(AxisTaps.Resize(batch.Shape[3], truth.Size.Width))
            );
            int length = classes * height * width;
            map.Write(logits.Data.AsMemory(i * length, length), new ImageSize(width, height), threads: Environment.ProcessorCount);
            Matrix.Add(map.Labels(Environment.ProcessorCount, cancellationToken), truth);
            AddLoss(map, truth);
        }
    }

    /// <inheritdoc/>
    public override byte[] Save() =>
        Matrix is null
            ? []
            :
            [
                .. BitConverter.GetBytes(Matrix.Classes),
                .. BitConverter.GetBytes(_loss),
                .. BitConverter.GetBytes(_pixels),
                .. Matrix.Save(),
            ];

    /// <inheritdoc/>
    public override void Merge(ReadOnlySpan<byte> saved)
    {
        if (saved.IsEmpty)
            return;
        const int Head = sizeof(int) + sizeof(double) + sizeof(long);
        if (saved.Length < Head)
            throw new ArgumentException("These are not the counts of a segmentation.", nameof(saved));
        Matrix ??= new ConfusionMatrix(BitConverter.ToInt32(saved));
        _loss += BitConverter.ToDouble(saved[sizeof(int)..]);
        _pixels += BitConverter.ToInt64(saved[(sizeof(int) + sizeof(double))..]);
        Matrix.Merge(saved[Head..]);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Figures() =>
        Matrix is null
            ? ImmutableDictionary<string, double>.Empty
            : new Dictionary<string, double>
            {
                [TrainingTask.LossName] = _loss / _pixels,
                ["miou"] = Matrix.MeanIntersectionOverUnion,
                ["macc"] = Matrix.MeanAccuracy,
                ["aacc"] = Matrix.PixelAccuracy,
            };

    private void AddLoss(LogitMap map, LabelMap truth)
    {
        Span<float> numbers = new float[map.Classes];
        for (int y = 0; y < truth.Size.Height; y += LossStep)
        for (int x = 0; x < truth.Size.Width; x += LossStep)
        {
            byte label = truth.Labels[(y * truth.Size.Width) + x];
            if (label == LabelMap.Ignored)
                continue;
            map.Pixel(y, x, numbers);
            double largest = TensorPrimitives.Max<float>(numbers),
                sum = 0;
            foreach (float number in numbers)
                sum += Math.Exp(number - largest);
            _loss += largest + Math.Log(sum) - numbers[label];
            _pixels++;
        }
    }
}
