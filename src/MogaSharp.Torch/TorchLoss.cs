using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>Losses: scalars, computed in float32 (or float64), means over all they are given.</summary>
public static class TorchLoss
{
    /// <summary>Cross entropy with a class per image, as <c>nn.CrossEntropyLoss</c> and timm's <c>LabelSmoothingCrossEntropy</c>.</summary>
    /// <param name="logits">(N, C).</param>
    /// <param name="targets">int64 (N), classes from 0 to C - 1.</param>
    /// <param name="smoothing">The share of the target that is spread over all classes, 0 to 1.</param>
    /// <exception cref="TorchException">Shapes, types or classes do not fit.</exception>
    public static TorchTensor CrossEntropy(TorchTensor logits, TorchTensor targets, double smoothing = 0)
    {
        RequireShare(smoothing);
        Shim.Check(Shim.CrossEntropy(logits.Handle, targets.Handle, smoothing, out TensorHandle loss));
        return TorchTensor.InScope(loss);
    }

    /// <summary>Cross entropy with a class per pixel, of logits that are resized to the targets' size first (bilinear,
    /// <c>align_corners=False</c>), as MMSegmentation's heads compute it.</summary>
    /// <param name="logits">(N, C, h, w).</param>
    /// <param name="targets">int64 (N, H, W), classes from 0 to C - 1 or <paramref name="ignored"/>.</param>
    /// <param name="ignored">The target of pixels that count as 0; they do count in the number of pixels that the sum is divided
    /// by.</param>
    /// <exception cref="TorchException">Shapes, types or classes do not fit.</exception>
    public static TorchTensor PixelCrossEntropy(TorchTensor logits, TorchTensor targets, long ignored = 255)
    {
        Shim.Check(Shim.PixelCrossEntropy(logits.Handle, targets.Handle, ignored, out TensorHandle loss));
        return TorchTensor.InScope(loss);
    }

    /// <summary>Cross entropy with a share per class, as mixup gives them; timm's <c>SoftTargetCrossEntropy</c>.</summary>
    /// <param name="logits">(N, C).</param>
    /// <param name="targets">(N, C), floating-point.</param>
    /// <exception cref="TorchException">The shapes differ.</exception>
    public static TorchTensor SoftCrossEntropy(TorchTensor logits, TorchTensor targets)
    {
        Shim.Check(Shim.SoftCrossEntropy(logits.Handle, targets.Handle, out TensorHandle loss));
        return TorchTensor.InScope(loss);
    }

    /// <summary>A yes or no for each class, as timm's <c>BinaryCrossEntropy</c> (the RSB recipes): the mean over images and
    /// classes.</summary>
    /// <param name="logits">(N, C).</param>
    /// <param name="targets">int64 (N), or shares (N, C).</param>
    /// <param name="smoothing">As for cross entropy; shares are taken as they are.</param>
    /// <param name="threshold">Targets above it become 1 and others 0; null to keep them.</param>
    /// <exception cref="TorchException">Shapes or classes do not fit.</exception>
    public static TorchTensor BinaryCrossEntropy(TorchTensor logits, TorchTensor targets, double smoothing = 0, double? threshold = null)
    {
        RequireShare(smoothing);
        if (threshold is { } t)
            RequireShare(t);
        Shim.Check(Shim.BinaryCrossEntropy(logits.Handle, targets.Handle, smoothing, threshold ?? -1, out TensorHandle loss));
        return TorchTensor.InScope(loss);
    }

    /// <summary>The mean of squared differences.</summary>
    /// <exception cref="TorchException">The shapes differ.</exception>
    public static TorchTensor MeanSquaredError(TorchTensor prediction, TorchTensor target)
    {
        Shim.Check(Shim.MeanSquaredError(prediction.Handle, target.Handle, out TensorHandle loss));
        return TorchTensor.InScope(loss);
    }

    private static void RequireShare(double value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 1);
    }
}
