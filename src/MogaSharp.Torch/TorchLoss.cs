using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>Losses: scalars, computed in float32 (or float64), means over all they are given where nothing else is said.</summary>
public static unsafe class TorchLoss
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

    /// <summary>The sum of absolute differences, smooth near 0: PyTorch's <c>SmoothL1Loss</c>.</summary>
    /// <param name="prediction">Any shape.</param>
    /// <param name="target">The same shape.</param>
    /// <param name="beta">Below it differences are squared (and divided by twice this number); 0 for none.</param>
    /// <exception cref="TorchException">The shapes differ.</exception>
    public static TorchTensor AbsoluteErrorSum(TorchTensor prediction, TorchTensor target, double beta = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(beta);
        Shim.Check(Shim.SmoothL1(prediction.Handle, target.Handle, beta, out TensorHandle loss));
        return TorchTensor.InScope(loss);
    }

    /// <summary>The focal loss (arXiv 1708.02002) of all pairs of an anchor and a class, summed: a yes or no for each, in which those
    /// that are easy to tell hardly count.</summary>
    /// <param name="logits">(N, anchors x classes, H, W).</param>
    /// <param name="labels">int64 (N, anchors, H, W): a class, the number of classes for background, -1 for what does not
    /// count.</param>
    /// <param name="alpha">The weight of yes, 0 to 1; that of no is what is left to 1.</param>
    /// <param name="gamma">How little the easy ones count, 0 or more.</param>
    /// <exception cref="TorchException">Logits and labels are not those of the same anchors.</exception>
    public static TorchTensor FocalSum(TorchTensor logits, TorchTensor labels, double alpha = 0.25, double gamma = 2)
    {
        RequireShare(alpha);
        ArgumentOutOfRangeException.ThrowIfNegative(gamma);
        Shim.Check(Shim.Focal(logits.Handle, labels.Handle, alpha, gamma, out TensorHandle loss));
        return TorchTensor.InScope(loss);
    }

    /// <summary>How far boxes lie from others by their generalized overlap (arXiv 1902.09630): the sum of 1 - GIoU.</summary>
    /// <param name="deltas">(n, 4): how the boxes are moved, as a network says it.</param>
    /// <param name="boxes">(n, 4): left, top, right, bottom.</param>
    /// <param name="truths">(n, 4): where the boxes shall be.</param>
    /// <param name="deviations">What the four numbers of a delta are multiplied by.</param>
    /// <param name="mostGrowth">The logarithm of the most that a side may grow or shrink.</param>
    /// <exception cref="TorchException">The tensors do not have as many boxes.</exception>
    public static TorchTensor GeneralizedIoUSum(
        TorchTensor deltas,
        TorchTensor boxes,
        TorchTensor truths,
        ReadOnlySpan<double> deviations,
        double mostGrowth
    )
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(deviations.Length, 4, nameof(deviations));
        fixed (double* numbers = deviations)
        {
            Shim.Check(Shim.GeneralizedIoU(deltas.Handle, boxes.Handle, truths.Handle, numbers, mostGrowth, out TensorHandle loss));
            return TorchTensor.InScope(loss);
        }
    }

    private static void RequireShare(double value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 1);
    }
}
