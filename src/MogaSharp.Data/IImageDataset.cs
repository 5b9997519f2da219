namespace MogaSharp.Data;

/// <summary>Labelled images in a fixed order. Reading items is safe from many threads at once.</summary>
public interface IImageDataset : IReadOnlyList<ImageItem>
{
    /// <summary>The names of the classes; the label of an item is an index into them.</summary>
    IReadOnlyList<string> ClassNames { get; }
}
