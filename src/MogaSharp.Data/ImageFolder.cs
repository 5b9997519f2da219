using System.Collections;

namespace MogaSharp.Data;

/// <summary>
/// Images in one folder for each class, after the rule of torchvision's <c>ImageFolder</c>: the sorted names of the class folders
/// are the classes 0, 1, ...; below each, files of all depths count, sorted by folder and then by name, all ordinally.
/// </summary>
public sealed class ImageFolder : IImageDataset
{
    // Deeper nesting means that a link leads back to a folder above it.
    private const int MaxDepth = 32;

    private readonly List<FileImageItem> _items = [];

    /// <summary>Lists the images of a folder.</summary>
    /// <param name="root">The folder that holds the class folders.</param>
    /// <param name="labels">
    /// The classes of a model, if the labels shall be the indices of its outputs. Folders named like a class (its WordNet id, its
    /// name or a synonym; case does not matter, a space may be an underscore) get its index. If no folder is named so, there must
    /// be as many folders as classes, and the sorted folders are the classes in their order. If only some are, that is an error.
    /// </param>
    /// <param name="extensions">The endings of image files, with the dot; <see cref="DefaultExtensions"/> when null. Case does not matter.</param>
    /// <exception cref="DatasetException">The folder does not exist, a class has no image, or the folders do not fit the labels.</exception>
    public ImageFolder(string root, IReadOnlyList<ClassLabel>? labels = null, IReadOnlyList<string>? extensions = null)
    {
        if (!Directory.Exists(root)) throw new DatasetException(root, "no such folder");
        extensions ??= DefaultExtensions;
        string[] folders = [.. Directory.EnumerateDirectories(root).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)];
        if (folders.Length == 0) throw new DatasetException(root, "no class folders in it");
        int[] indices = labels is null ? [.. Enumerable.Range(0, folders.Length)] : LabelMatcher.Match(folders, labels, root);
        ClassNames = labels is null ? folders : [.. labels.Select(label => label.Name)];
        for (int i = 0; i < folders.Length; i++)
        {
            int before = _items.Count;
            Collect(Path.Combine(root, folders[i]), indices[i], extensions);
            if (_items.Count == before)
                throw new DatasetException(root, $"the class folder '{folders[i]}' has no file that ends in {string.Join(", ", extensions)}");
        }
    }

    /// <summary>The endings of the formats that can be decoded.</summary>
    public static IReadOnlyList<string> DefaultExtensions { get; } = [".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"];

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public int Count => _items.Count;

    /// <inheritdoc/>
    public ImageItem this[int index] => _items[index];

    /// <inheritdoc/>
    public IEnumerator<ImageItem> GetEnumerator() => _items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void Collect(string classFolder, int label, IReadOnlyList<string> extensions)
    {
        foreach (string folder in WithSubfolders(classFolder, 0).Order(StringComparer.Ordinal))
        {
            IEnumerable<string> names = Directory.EnumerateFiles(folder).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal);
            foreach (string name in names.Where(name => extensions.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase))))
                _items.Add(new FileImageItem(Path.Combine(folder, name), label));
        }
    }

    private static IEnumerable<string> WithSubfolders(string folder, int depth)
    {
        if (depth > MaxDepth) throw new DatasetException(folder, $"folders nested more than {MaxDepth} deep, or a link to a folder above");
        return Directory.EnumerateDirectories(folder).SelectMany(inner => WithSubfolders(inner, depth + 1)).Prepend(folder);
    }
}
