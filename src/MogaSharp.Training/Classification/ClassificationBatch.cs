using MogaSharp.Graph;

namespace MogaSharp.Training;

/// <summary>Images with their classes.</summary>
/// <param name="inputs">(N, C, H, W), row-major.</param>
/// <param name="shape">The shape of the input.</param>
/// <param name="labels">The class of each image.</param>
public sealed class ClassificationBatch(ReadOnlyMemory<float> inputs, Shape shape, ReadOnlyMemory<int> labels)
    : TrainingBatch(inputs, shape)
{
    /// <summary>The class of each image, before mixing.</summary>
    public ReadOnlyMemory<int> Labels => labels;

    /// <summary>(N, classes), the shares of the classes of a mixed batch, label smoothing included; null to go by the labels.</summary>
    public ReadOnlyMemory<float>? Shares { get; init; }
}
