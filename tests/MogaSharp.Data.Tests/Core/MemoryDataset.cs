using System.Collections;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

/// <summary>Small random pictures; image i has the label i % classes. Some are files that do not exist.</summary>
internal sealed class MemoryDataset : IImageDataset
{
    private readonly ImageItem[] _items;

    public MemoryDataset(int count, int classes = 4, IEnumerable<int>? missing = null, Action? onRead = null)
    {
        var random = new Random(count);
        HashSet<int> gone = [.. missing ?? []];
        ClassNames = [.. Enumerable.Range(0, classes).Select(label => $"class {label}")];
        _items = new ImageItem[count];
        for (int i = 0; i < count; i++)
        {
            int width = random.Next(8, 20),
                height = random.Next(8, 20);
            byte[] pixels = new byte[width * height * 3];
            random.NextBytes(pixels);
            _items[i] = gone.Contains(i)
                ? new FileImageItem($"/nowhere/{i}.png", i % classes)
                : new WatchedItem($"image {i}", i % classes, new PixelBlock(pixels, width, height, PixelLayout.Rgb), onRead);
        }
    }

    public IReadOnlyList<string> ClassNames { get; }

    public int Count => _items.Length;

    public ImageItem this[int index] => _items[index];

    public IEnumerator<ImageItem> GetEnumerator() => _items.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private sealed class WatchedItem(string name, int label, PixelBlock block, Action? onRead) : ImageItem(name, new ClassIndex(label))
    {
        public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null)
        {
            onRead?.Invoke();
            return block;
        }
    }
}
