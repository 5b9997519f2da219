using System.Collections;
using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Keeps the decoded images of another data set in memory, each from its first use on, as long as there is room. For small images
/// that are read in every epoch. Safe to use from many threads at once.
/// </summary>
public sealed class CachedDataset : IImageDataset
{
    private readonly IImageDataset _inner;
    private readonly ImageItem?[] _kept;
    private long _room;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="inner">The data set.</param>
    /// <param name="maxBytes">The most bytes of pixels to keep.</param>
    public CachedDataset(IImageDataset inner, long maxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxBytes);
        _inner = inner;
        _kept = new ImageItem?[inner.Count];
        _room = maxBytes;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames => _inner.ClassNames;

    /// <inheritdoc/>
    public int Count => _inner.Count;

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes => _inner.Notes;

    /// <inheritdoc/>
    public ImageItem this[int index] => Volatile.Read(ref _kept[index]) ?? new KeptItem(this, _inner[index], index);

    /// <inheritdoc/>
    public IEnumerator<ImageItem> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void Keep(int index, ImageItem item, PixelBlock pixels)
    {
        if (
            Interlocked.Add(ref _room, -pixels.Pixels.Length) < 0
            || Interlocked.CompareExchange(ref _kept[index], new StoredItem(item, pixels), null) is not null
        )
        {
            // No room, or another thread was first.
            Interlocked.Add(ref _room, pixels.Pixels.Length);
        }
    }

    private sealed class StoredItem(ImageItem item, PixelBlock pixels) : ImageItem(item.Name, item.Annotations)
    {
        public override ImmutableArray<Annotation> ReadAnnotations() => item.ReadAnnotations();

        public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null) => pixels;
    }

    private sealed class KeptItem(CachedDataset cache, ImageItem item, int index) : ImageItem(item.Name, item.Annotations)
    {
        public override ImmutableArray<Annotation> ReadAnnotations() => item.ReadAnnotations();

        public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null)
        {
            // What is kept needs memory of its own.
            if (Volatile.Read(ref cache._room) <= 0)
                return item.ReadPixels(limits, buffers);
            PixelBlock pixels = item.ReadPixels(limits);
            cache.Keep(index, item, pixels);
            return pixels;
        }
    }
}
