using System.Collections.Immutable;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Torch;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>
/// Frames to the frames that follow: outputs (N, T, C, H, W), the mean squared error, and the figures of the official evaluation
/// (Westlake-AI/MogaNet, <c>video_prediction/simvp/core/metrics.py</c>): MSE and MAE summed over the pixels of a frame, SSIM as the papers
/// print it, PSNR without the official code's overflow. Where the data has fewer frames to predict than the network gives, its first ones
/// count.
/// </summary>
public sealed class VideoTask : TrainingTask
{
    private static readonly Metric Mse = new("mse", "MSE") { Axis = "MSE and MAE per frame", LessIsBetter = true };
    private static readonly Metric Mae = new("mae", "MAE") { Axis = "MSE and MAE per frame", LessIsBetter = true };
    private static readonly Metric Ssim = new("ssim_official", "SSIM (official)") { Axis = "SSIM as in the papers", Digits = 4 };
    private static readonly Metric Psnr = new("psnr", "PSNR") { Axis = "PSNR (dB)" };

    /// <inheritdoc/>
    public override string Items => "clips";

    /// <inheritdoc/>
    public override ImmutableArray<Metric> Metrics { get; } = [LossMetric, Mse, Mae, Ssim, Psnr];

    /// <inheritdoc/>
    public override Metric Best => Mse;

    /// <inheritdoc/>
    public override TorchTensor Loss(TorchTensor output, in TrainingBatch batch)
    {
        Shape target = TargetShape(batch);
        TorchTensor prediction = target[1] < output.Shape[1] ? output.Narrow(1, 0, target[1]) : output;
        return TorchLoss.MeanSquaredError(prediction, TorchTensor.From(batch.Targets!.Value.Span, target, output.Device));
    }

    /// <inheritdoc/>
    public override TaskMeasurement Measure() => new Comparison();

    // The metrics count frames; every clip has as many, so that a mean over them is one over clips.
    private sealed class Comparison : TaskMeasurement
    {
        private VideoMetrics? _metrics;

        public override double[] Sums =>
            _metrics is null
                ? [0, 0, 0, 0, 0]
                :
                [
                    .. new[] { _metrics.MseSpatialNorm, _metrics.Mse, _metrics.Mae, _metrics.OfficialSsim, _metrics.Psnr }.Select(mean =>
                        Count * mean
                    ),
                ];

        protected override void AddBatch(Tensor output, in TrainingBatch batch)
        {
            Shape target = TargetShape(batch);
            _metrics ??= new VideoMetrics(target[2], target[3], target[4]);
            int wanted = (int)(target.ElementCount / target[0]),
                given = (int)(output.Shape.ElementCount / target[0]);
            ReadOnlyMemory<float> truth = batch.Targets!.Value;
            if (wanted == given)
                _metrics.Add(output.Data, truth);
            else
                for (int i = 0; i < target[0]; i++)
                    _metrics.Add(output.Data.AsMemory(i * given, wanted), truth.Slice(i * wanted, wanted));
        }
    }

    private static Shape TargetShape(in TrainingBatch batch)
    {
        Shape input = batch.Shape;
        if (input.Rank != 5 || batch.Targets is not { } targets)
            throw new ArgumentException(
                $"Video is trained with clips (N, T, C, H, W) and the frames that follow, not with {input}.",
                nameof(batch)
            );
        return new Shape(input[0], checked((int)(targets.Length / (input.ElementCount / input[1]))), input[2], input[3], input[4]);
    }
}
