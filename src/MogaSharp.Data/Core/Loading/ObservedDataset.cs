using System.Collections;
using MogaSharp.Imaging;

namespace MogaSharp.Data;

/// <summary>A data set whose images tell what was lost when they were decoded.</summary>
/// <param name="inner">The data set.</param>
/// <param name="converted">Receives the name of an image and what was lost; called on any thread.</param>
public sealed class ObservedDataset(IImageDataset inner, Action<string, ImageConversions> converted) : IImageDataset
{
    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames => inner.ClassNames;

    /// <inheritdoc/>
    public int Count => inner.Count;

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes => inner.Notes;

    /// <inheritdoc/>
    public ImageItem this[int index] => ObservedItem.Of(inner[index], converted);

    /// <inheritdoc/>
    public IEnumerator<ImageItem> GetEnumerator() => inner.Select(item => ObservedItem.Of(item, converted)).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
