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
        IReadOnlyList<string> notes,
        Action<DatasetFault>? collect = null
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
        var missing = new List<(string Image, string Map)>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (string image in new FolderWalk(endings, gathered).Images(folders.Images))
        {
            string map = Path.Combine(folders.Labels, LabelName(Path.GetRelativePath(folders.Images, image), folders));
            if (!known.Add(map))
                new FaultSink(image, collect).Add("", $"Another image has the same label map, '{map}'.");
            else if (File.Exists(map))
                _items.Add(new LabeledItem(image, map, labels));
            else
                missing.Add((image, map));
        }

        if (missing.Count > 0 && collect is null)
            throw new DatasetException(
                missing[0].Map,
                $"There is no label map of the image '{missing[0].Image}'"
                    + (missing.Count > 1 ? $", nor of {missing.Count - 1} more." : ".")
            );
        foreach ((string image, string map) in missing)
            collect!(new DatasetFault(map, "", $"There is no label map of the image '{image}'."));
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
        public override string AnnotationName => map;

        // Width and height in one number, so that threads see both or none; 0 as long as it is not known.
        private long _size;

        public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null)
        {
            PixelBlock block = ImageDecoder.Load(Name, buffers ?? new DecodeBuffers(), limits);
            Keep(new ImageSize(block.Width, block.Height));
            return block;
        }

        public override ImageSize ReadSize(ImageLimits? limits = null) => Keep(ImageDecoder.ReadSize(Name, limits));

        public override ImmutableArray<Annotation> ReadAnnotations()
        {
            long both = Volatile.Read(ref _size);
            ImageSize size = both == 0 ? ReadSize() : new ImageSize((int)(both >> 32), (int)both);
            LabelMap read = labels.ReadMap(map);
            return read.Size == size
                ? [read]
                : throw new DatasetException(map, $"The label map has {read.Size} pixels, its image '{Name}' {size}.");
        }

        private ImageSize Keep(ImageSize size)
        {
            Volatile.Write(ref _size, ((long)size.Width << 32) | (uint)size.Height);
            return size;
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
