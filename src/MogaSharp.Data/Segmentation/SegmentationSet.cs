using System.Collections;
using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Images in a folder and their label maps in another one, under the same names. A label map is a PNG image with a palette or in gray,
/// whose numbers are the labels; it is read with its image.
/// </summary>
public sealed class SegmentationSet : ISegmentationDataset
{
    private readonly List<LabeledItem> _items = [];

    internal SegmentationSet(
        SegmentationFolders folders,
        ImmutableArray<ClassLabel> classes,
        PixelLabels labels,
        IReadOnlyList<string> notes
    )
    {
        (Classes, ClassNames) = (classes, [.. classes.Select(label => label.Name)]);
        foreach (string folder in new[] { folders.Images, folders.Labels })
            if (!Directory.Exists(folder))
                throw new DatasetException(folder, "There is no such folder.");
        var gathered = new DatasetNotes();
        foreach (string note in notes)
            gathered.Add(note);
        string[] endings = folders.ImageEnding is { } only ? [only] : [.. ImageFolder.DefaultExtensions];
        int missing = 0;
        (string Image, string Labels) first = ("", "");
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (string image in new FolderWalk(endings, gathered).Images(folders.Images))
        {
            string map = Path.Combine(folders.Labels, LabelName(Path.GetRelativePath(folders.Images, image), folders));
            if (!known.Add(map))
                throw new DatasetException(image, $"Another image has the same label map, '{map}'.");
            if (File.Exists(map))
                _items.Add(new LabeledItem(image, map, labels));
            else if (missing++ == 0)
                first = (image, map);
        }

        if (missing > 0)
            throw new DatasetException(
                first.Labels,
                $"There is no label map of the image '{first.Image}'" + (missing > 1 ? $", nor of {missing - 1} more." : ".")
            );
        if (_items.Count == 0)
            throw new DatasetException(folders.Images, $"There is no image whose name ends in {string.Join(", ", endings)}.");
        foreach (
            string map in new FolderWalk([folders.LabelEnding], new DatasetNotes())
                .Images(folders.Labels)
                .Where(map => !known.Contains(map))
        )
            gathered.Count("map", map, count => $"{DatasetNotes.Some(count, "label map")} without an image left out");
        Notes = gathered.ToList();
    }

    /// <inheritdoc/>
    public ImmutableArray<ClassLabel> Classes { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes { get; }

    /// <inheritdoc/>
    public int Count => _items.Count;

    /// <inheritdoc/>
    public ImageItem this[int index] => _items[index];

    /// <inheritdoc/>
    public IEnumerator<ImageItem> GetEnumerator() => _items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static string LabelName(string image, SegmentationFolders folders)
    {
        string name = folders.ImageEnding is { } ending ? image[..^ending.Length] : Path.ChangeExtension(image, null);
        return name + folders.LabelEnding;
    }

    private sealed class LabeledItem(string image, string map, PixelLabels labels) : ImageItem(image)
    {
        // Width and height in one number, so that threads see both or none; 0 as long as the image was not read.
        private long _size;

        public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null)
        {
            PixelBlock block = ImageDecoder.Load(Name, buffers ?? new DecodeBuffers(), limits);
            Volatile.Write(ref _size, ((long)block.Width << 32) | (uint)block.Height);
            return block;
        }

        public override ImmutableArray<Annotation> ReadAnnotations()
        {
            if (Volatile.Read(ref _size) == 0)
                ReadPixels();
            long both = Volatile.Read(ref _size);
            var size = new ImageSize((int)(both >> 32), (int)both);
            LabelMap read = labels.ReadMap(map);
            return read.Size == size
                ? [read]
                : throw new DatasetException(map, $"The label map has {read.Size} pixels, its image '{Name}' {size}.");
        }
    }
}

/// <summary>Where images and label maps lie.</summary>
/// <param name="Images">The folder of the images.</param>
/// <param name="Labels">The folder of the label maps.</param>
internal sealed record SegmentationFolders(string Images, string Labels)
{
    /// <summary>What the names of images end in; the endings of all formats when null. The rest names the label map.</summary>
    public string? ImageEnding { get; init; }

    /// <summary>What follows the rest in the name of a label map.</summary>
    public string LabelEnding { get; init; } = ".png";
}
