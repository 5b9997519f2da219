using MogaSharp.Graph;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>Images with the class of each pixel.</summary>
/// <param name="inputs">(N, C, H, W), row-major.</param>
/// <param name="shape">The shape of the input.</param>
/// <param name="maps">The classes of each image. In training in the size of the input; in evaluation in that of the image as it is.</param>
public sealed class SegmentationBatch(ReadOnlyMemory<float> inputs, Shape shape, IReadOnlyList<LabelMap> maps)
    : TrainingBatch(inputs, shape)
{
    /// <summary>The classes of each image.</summary>
    public IReadOnlyList<LabelMap> Maps => maps;
}
