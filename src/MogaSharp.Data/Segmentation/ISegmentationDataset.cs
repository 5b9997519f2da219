using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>Images whose pixels have classes: <see cref="ImageItem.ReadAnnotations"/> of each gives a <see cref="LabelMap"/> of its
/// size.</summary>
public interface ISegmentationDataset : IImageDataset
{
    /// <summary>The classes, which labels of pixels are places in; 1 to 255.</summary>
    ImmutableArray<ClassLabel> Classes { get; }
}
