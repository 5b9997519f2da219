namespace MogaSharp.Data;

/// <summary>Images in a fixed order, with what is known of them. Reading items is safe from many threads at once.</summary>
public interface IImageDataset : IReadOnlyList<ImageItem>
{
    /// <summary>The names of the classes, which class indices of items are places in; empty where there are no classes.</summary>
    IReadOnlyList<string> ClassNames { get; }

    /// <summary>What was left out or guessed when the data set was opened, each a sentence without a full stop; empty when nothing
    /// was.</summary>
    IReadOnlyList<string> Notes => [];
}
