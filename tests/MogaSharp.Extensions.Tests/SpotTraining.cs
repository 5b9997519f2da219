using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Extensions.Tests;

/// <summary>A training of somebody's own, with a loss for each output.</summary>
internal sealed class SpotTrainingTask : TrainingTask
{
    public override ModelTask Task => SpotTask.Task;

    public override ImmutableArray<Metric> Metrics { get; } =
    [
        LossMetric,
        new("distance", "distance")
        {
            Axis = "distance",
            LessIsBetter = true,
            Digits = 4,
        },
    ];

    public override Metric Best => Metrics[1];

    public override Losses Step(NetworkPass pass, TrainingBatch batch)
    {
        SpotBatch spots = batch.As<SpotBatch>();
        IReadOnlyDictionary<string, TorchTensor> outputs = pass.Run(batch);
        return new(
            ("loss_x", TorchLoss.MeanSquaredError(outputs["x"], Target(spots.Xs, pass))),
            ("loss_y", TorchLoss.MeanSquaredError(outputs["y"], Target(spots.Ys, pass)))
        );
    }

    public override TaskEvaluation CreateEvaluation() => new SpotEvaluation();

    private static TorchTensor Target(float[] values, NetworkPass pass) =>
        TorchTensor.From<float>(values, new Shape(values.Length, 1), pass.Device);
}

/// <summary>An evaluation of somebody's own: how far the spots are from where they were said to be.</summary>
internal sealed class SpotEvaluation : TaskEvaluation
{
    private long _count;
    private double _squared;
    private double _distance;

    public override long Count => _count;

    public override void Add(INetworkRunner network, TrainingBatch batch, CancellationToken cancellationToken = default)
    {
        SpotBatch spots = batch.As<SpotBatch>();
        IReadOnlyDictionary<string, Tensor> outputs = network.Run(batch.Inputs, batch.Shape, cancellationToken);
        for (int i = 0; i < batch.Count; i++)
        {
            double x = outputs["x"].Span[i] - spots.Xs[i],
                y = outputs["y"].Span[i] - spots.Ys[i];
            _squared += (x * x) + (y * y);
            _distance += Math.Sqrt((x * x) + (y * y));
            _count++;
        }
    }

    public override byte[] Save() =>
        [.. BitConverter.GetBytes(_count), .. BitConverter.GetBytes(_squared), .. BitConverter.GetBytes(_distance)];

    public override void Merge(ReadOnlySpan<byte> saved)
    {
        if (saved.Length != 24)
            throw new ArgumentException("These bytes are not distances of spots.", nameof(saved));
        _count += BitConverter.ToInt64(saved);
        _squared += BitConverter.ToDouble(saved[8..]);
        _distance += BitConverter.ToDouble(saved[16..]);
    }

    public override IReadOnlyDictionary<string, double> Figures() =>
        new Dictionary<string, double> { ["loss"] = _squared / _count, ["distance"] = _distance / _count };
}
