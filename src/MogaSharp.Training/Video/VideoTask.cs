using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Models;
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
    public override ModelTask Task => ModelTask.Video;

    /// <inheritdoc/>
    public override ImmutableArray<Metric> Metrics { get; } = [LossMetric, Mse, Mae, Ssim, Psnr];

    /// <inheritdoc/>
    public override Metric Best => Mse;

    /// <inheritdoc/>
    public override Losses Step(NetworkPass pass, TrainingBatch batch)
    {
        VideoBatch clips = batch.As<VideoBatch>();
        Shape target = clips.TargetShape;
        TorchTensor output = pass.RunFirst(batch);
        TorchTensor prediction = target[1] < output.Shape[1] ? output.Narrow(1, 0, target[1]) : output;
        return new(TorchLoss.MeanSquaredError(prediction, TorchTensor.From(clips.Targets.Span, target, pass.Device)));
    }

    /// <inheritdoc/>
    public override TaskEvaluation CreateEvaluation() => new VideoEvaluation();
}

/// <summary>Compares predicted frames with true ones; the loss is the mean squared error of a value.</summary>
public sealed class VideoEvaluation : TaskEvaluation
{
    private Shape _clip;

    /// <summary>The scores; null before the first batch.</summary>
    public VideoMetrics? Metrics { get; private set; }

    /// <inheritdoc/>
    public override long Count => Metrics is null ? 0 : Metrics.Frames / _clip[1];

    /// <inheritdoc/>
    public override void Add(INetworkRunner network, TrainingBatch batch, CancellationToken cancellationToken = default)
    {
        VideoBatch clips = batch.As<VideoBatch>();
        Tensor output = network.Run(batch.Inputs, batch.Shape, cancellationToken).Values.First();
        Begin(clips.TargetShape.With(0, 1));
        int wanted = (int)_clip.ElementCount,
            given = (int)(output.Shape.ElementCount / batch.Count);
        if (wanted == given)
            Metrics!.Add(output.Data, clips.Targets);
        else
            for (int i = 0; i < batch.Count; i++)
                Metrics!.Add(output.Data.AsMemory(i * given, wanted), clips.Targets.Slice(i * wanted, wanted));
    }

    /// <inheritdoc/>
    public override byte[] Save() => Metrics is null ? [] : [.. BitConverter.GetBytes(_clip[1]), .. Metrics.Save()];

    /// <inheritdoc/>
    public override void Merge(ReadOnlySpan<byte> saved)
    {
        const int Sizes = 4 * sizeof(int);
        if (saved.IsEmpty)
            return;
        if (saved.Length < Sizes)
            throw new ArgumentException("These bytes are not scores of clips.", nameof(saved));
        // The frames of a clip, then what the scores begin with: channels, height, width.
        Begin(new Shape(1, Number(saved, 0), Number(saved, 1), Number(saved, 2), Number(saved, 3)));
        Metrics!.Merge(saved[sizeof(int)..]);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Figures()
    {
        if (Metrics is null)
            return ImmutableDictionary<string, double>.Empty;
        return new OrderedDictionary<string, double>([
            KeyValuePair.Create(TrainingTask.LossName, Metrics.MseSpatialNorm),
            .. Metrics.Figures(),
        ]);
    }

    private static int Number(ReadOnlySpan<byte> bytes, int place) => BitConverter.ToInt32(bytes[(place * sizeof(int))..]);

    private void Begin(Shape clip)
    {
        if (Metrics is not null && clip != _clip)
            throw new ArgumentException($"Clips of {clip} cannot be added to clips of {_clip}.");
        _clip = clip;
        Metrics ??= new VideoMetrics(clip[2], clip[3], clip[4]);
    }
}
