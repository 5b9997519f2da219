using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Tasks;

/// <summary>Where images speak for a class, be it of the whole image, of its pixels or of a box.</summary>
public sealed record CamResult
{
    /// <summary>The logits: (N, classes) of a classifier, (N, classes, h, w) of a segmentation model; of a detector its first output with
    /// class numbers, (N, anchors x classes, h, w) of the finest level, or (N, classes + 1) of the first stage for the region.</summary>
    public required Tensor Logits { get; init; }

    /// <summary>The class that was looked at, of each image.</summary>
    public required ImmutableArray<int> Targets { get; init; }

    /// <summary>The map before it is cut at zero, scaled and enlarged, (N, h, w), by layer; of <see cref="CamMethod.FullGrad"/> in the
    /// image's size, under <c>input</c>. Empty with <see cref="CamOptions.AugmentationSmooth"/>.</summary>
    public required IReadOnlyDictionary<string, Tensor> Raw { get; init; }

    /// <summary>The map, (N, H, W), from 0 to 1.</summary>
    public required Tensor Map { get; init; }

    /// <summary>The layers' maps, (N, C, h, w), by layer.</summary>
    public required IReadOnlyDictionary<string, Tensor> Activations { get; init; }

    /// <summary>The gradients of what is explained with respect to <see cref="Activations"/>, where the method reads them.</summary>
    public required IReadOnlyDictionary<string, Tensor> Gradients { get; init; }

    /// <summary>The channels' weights, (N, C), by layer, of methods without gradients that have some.</summary>
    public required IReadOnlyDictionary<string, Tensor> Weights { get; init; }
}
