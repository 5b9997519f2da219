using System.Collections;
using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>Images of a folder whose objects are annotated, in whatever form.</summary>
public sealed class DetectionSet : IDetectionDataset
{
    private readonly ImmutableArray<DetectionItem> _items;
    private readonly string _path;

    internal DetectionSet(DetectionPart part, Action<DatasetFault>? collect)
    {
        (Classes, ClassNames, _path) = (part.Classes, [.. part.Classes.Select(label => label.Name)], part.Path);
        if (Classes.IsEmpty)
            throw new DatasetException(part.Path, "There is no class.");
        DetectionItem[] items = [.. part.Images.Select(image => new DetectionItem(part, image))];
        DetectionItem[] missing = [.. items.Where(item => !File.Exists(item.Name))];
        MissingFiles.Tell(part.Path, [.. missing.Select(item => (item.Image.FileName, item.Name))], collect);
        _items = [.. items.Except(missing)];
        if (_items.IsEmpty)
            throw new DatasetException(part.Path, "There is no image.");
        Notes = part.Notes.ToList();
    }

    /// <inheritdoc/>
    public ImmutableArray<ClassLabel> Classes { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes { get; }

    /// <inheritdoc/>
    public int Count => _items.Length;

    /// <inheritdoc/>
    public ImageItem this[int index] => _items[index];

    /// <summary>The images of a file in COCO's form.</summary>
    /// <param name="file">The annotations.</param>
    /// <param name="folder">The folder of the images.</param>
    /// <param name="classes">The classes that labels shall be places in, found by their names; the file's own when null.</param>
    /// <param name="collect">Is told of every fault, and what has it is left out; null to let the first one end the reading.</param>
    /// <exception cref="DatasetException">There is no image or no class, or without <paramref name="collect"/> a file of an image is
    /// missing or an object is of another class.</exception>
    public static DetectionSet FromCoco(
        CocoInstances file,
        string folder,
        IReadOnlyList<ClassLabel>? classes = null,
        Action<DatasetFault>? collect = null
    )
    {
        var part = new DetectionPart(file.FilePath, folder, file.Categories, file.Images, new DatasetNotes());
        return new(classes is null ? part : part.Renumbered([.. classes], collect), collect);
    }

    /// <inheritdoc/>
    public long ImageIdOf(int index) => _items[index].Image.Id;

    /// <inheritdoc/>
    public long CategoryIdOf(int label) => Classes[label].Number ?? label + 1;

    /// <inheritdoc/>
    public ImageSize? SizeOf(int index) => _items[index].Image.Size is { Width: > 0 } size ? size : null;

    /// <inheritdoc/>
    public IEnumerator<ImageItem> GetEnumerator() => ((IEnumerable<ImageItem>)_items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The path of the annotations.</summary>
    public override string ToString() => _path;

    private sealed class DetectionItem(DetectionPart part, AnnotatedImage image)
        : ImageItem(Path.Combine(part.Folder, image.FileName), [.. image.Objects.Select(one => new ObjectAnnotation(one))])
    {
        public AnnotatedImage Image => image;

        public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null)
        {
            PixelBlock block = ImageDecoder.Load(Name, buffers ?? new DecodeBuffers(), limits);
            Check(new ImageSize(block.Width, block.Height));
            return block;
        }

        public override ImageSize ReadSize(ImageLimits? limits = null) => Check(ImageDecoder.ReadSize(Name, limits));

        private ImageSize Check(ImageSize size) =>
            image.Size == default ? size : ImageSizes.RequireStated(Name, size, image.Size, part.Path);
    }
}
