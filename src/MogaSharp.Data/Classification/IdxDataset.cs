using System.Collections;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>A part of a data set.</summary>
public enum DatasetSplit
{
    /// <summary>The images to test with (file names begin with t10k).</summary>
    Test,

    /// <summary>The images to train with (file names begin with train).</summary>
    Train,
}

/// <summary>
/// Images and labels in the idx format of MNIST, plain or compressed with gzip: gray images (count x rows x columns) or RGB
/// images (count x rows x columns x 3), held in memory.
/// </summary>
public sealed class IdxDataset : IImageDataset
{
    /// <summary>The most bytes that an array may have when nothing else is said: 1 GiB.</summary>
    public const long DefaultMaxBytes = 1L << 30;

    private readonly string _path;
    private readonly byte[] _pixels;
    private readonly byte[] _labels;
    private readonly int _rows;
    private readonly int _columns;
    private readonly PixelLayout _layout;

    /// <summary>Reads images and labels.</summary>
    /// <param name="path">
    /// A folder with the files <c>t10k-images-idx3-ubyte</c> and <c>t10k-labels-idx1-ubyte</c> (or <c>train-...</c>; with or
    /// without <c>.gz</c>), a path prefix such as <c>data/t10k</c>, or the file of the images.
    /// </param>
    /// <param name="split">The part to read; counts only when the path is a folder.</param>
    /// <param name="classNames">The names of the classes; null for 0, 1, ... up to the largest label.</param>
    /// <param name="maxBytes">The most bytes that each array may have, uncompressed.</param>
    /// <exception cref="DatasetException">A file is missing or broken, or images, labels and class names do not fit each other.</exception>
    public IdxDataset(
        string path,
        DatasetSplit split = DatasetSplit.Test,
        IReadOnlyList<string>? classNames = null,
        long maxBytes = DefaultMaxBytes
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxBytes, Array.MaxLength);
        (string imagesPath, string labelsPath) = IdxPaths.Find(path, split);
        IdxFile images = IdxFile.Read(imagesPath, maxBytes);
        IdxFile labels = IdxFile.Read(labelsPath, maxBytes);
        if (!(images.Extents is [_, _, _] or [_, _, _, 3]))
            throw new DatasetException(
                imagesPath,
                $"Images must be count x rows x columns (x 3), not {string.Join(" x ", images.Extents)}."
            );
        if (labels.Extents.Length != 1)
            throw new DatasetException(labelsPath, $"Labels must be one row, not {string.Join(" x ", labels.Extents)}.");
        if (labels.Data.Length != images.Extents[0])
            throw new DatasetException(labelsPath, $"There are {labels.Data.Length} labels for {images.Extents[0]} images.");
        int classes = labels.Data.Max() + 1;
        ClassNames = classNames ?? [.. Enumerable.Range(0, classes).Select(label => label.ToString())];
        if (classes > ClassNames.Count)
        {
            int image = Array.IndexOf(labels.Data, (byte)(classes - 1));
            throw new DatasetException(labelsPath, $"Image {image} has the label {classes - 1}, but there are {ClassNames.Count} classes.");
        }
        _path = imagesPath;
        _pixels = images.Data;
        _labels = labels.Data;
        _rows = images.Extents[1];
        _columns = images.Extents[2];
        _layout = images.Extents.Length == 4 ? PixelLayout.Rgb : PixelLayout.Gray;
    }

    /// <summary>The class names of Fashion-MNIST.</summary>
    public static IReadOnlyList<string> FashionMnistClasses { get; } =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public int Count => _labels.Length;

    /// <inheritdoc/>
    public ImageItem this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            int size = _pixels.Length / Count;
            return new PixelImageItem(
                $"{_path}#{index}",
                new PixelBlock(_pixels.AsMemory(index * size, size), _columns, _rows, _layout),
                new ClassIndex(_labels[index])
            );
        }
    }

    /// <inheritdoc/>
    public IEnumerator<ImageItem> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
