namespace MogaSharp.Data;

/// <summary>Labelled images in a fixed order. Reading items is safe from many threads at once.</summary>
public interface IImageDataset : IReadOnlyList<ImageItem>
{
    /// <summary>The names of the classes; the label of an item is an index into them.</summary>
    IReadOnlyList<string> ClassNames { get; }

    /// <summary>What was left out or guessed when the data set was opened, each a sentence without a full stop; empty when nothing
    /// was.</summary>
    IReadOnlyList<string> Notes => [];
}
