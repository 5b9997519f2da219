using System.Collections;

namespace MogaSharp.Data;

/// <summary>
/// Images in one folder for each class: the names of the class folders, in timm's or torchvision's order, are the classes 0, 1, ...; below
/// each, files of all depths count, sorted by folder and then by name, all ordinally. Hidden and system folders and files
/// (<c>.ipynb_checkpoints</c>, <c>__MACOSX</c>, <c>Thumbs.db</c>) do not count, nor do class folders without an image, files of other
/// formats, links that lead nowhere or to a folder above, and what cannot be read; <see cref="Notes"/> says so.
/// </summary>
public sealed class ImageFolder : IImageDataset
{
    private readonly List<FileImageItem> _items = [];

    /// <summary>Lists the images of a folder.</summary>
    /// <param name="root">The folder that holds the class folders.</param>
    /// <param name="labels">
    /// The classes of a model, if the labels shall be the indices of its outputs. Folders named like a class (its WordNet id, its
    /// name or a synonym) get its index: an exact name wins; else the form of Unicode, case, blanks around it, and a space or an underscore
    /// do not matter. If no folder is named so, there must be as many folders as classes, and the folders are the classes in their order,
    /// which is a guess that <see cref="Notes"/> tells of. If only some are, that is an error.
    /// </param>
    /// <param name="extensions">The endings of image files, with the dot; <see cref="DefaultExtensions"/> when null. Case does not
    /// matter.</param>
    /// <param name="order">The order of the folders where it decides.</param>
    /// <exception cref="DatasetException">The folder does not exist or cannot be read, no class has an image, or the folders do not fit the
    /// labels.</exception>
    public ImageFolder(
        string root,
        IReadOnlyList<ClassLabel>? labels = null,
        IReadOnlyList<string>? extensions = null,
        ClassOrder order = ClassOrder.Natural
    )
        : this(root, labels, extensions, order, new DatasetNotes()) { }

    internal ImageFolder(
        string root,
        IReadOnlyList<ClassLabel>? labels,
        IReadOnlyList<string>? extensions,
        ClassOrder order,
        DatasetNotes notes,
        bool mayGuess = true
    )
    {
        if (!Directory.Exists(root))
            throw new DatasetException(root, "There is no such folder.");
        extensions ??= DefaultExtensions;
        var walk = new FolderWalk(extensions, notes);
        string[] folders = walk.Folders(root),
            loose = walk.ImagesIn(root);
        if (folders.Length == 0)
            throw new DatasetException(
                root,
                loose.Length == 0
                    ? "There are no class folders in it."
                    : $"There are no class folders in it, only {DatasetNotes.Some(loose.Length, "image")}; each class needs a folder "
                        + "of its own."
            );
        foreach (string name in loose)
            notes.Count(
                "loose",
                Path.Combine(root, name),
                count => $"{DatasetNotes.Some(count, "image")} beside the class folders left out"
            );
        string[][] files = [.. folders.Select(folder => walk.Images(Path.Combine(root, folder)).ToArray())];
        RequireClasses(root, folders, files, labels, extensions);
        int[] filled = [.. Enumerable.Range(0, folders.Length).Where(i => files[i].Length > 0)];
        if (filled.Length < folders.Length)
            notes.Add(
                $"{DatasetNotes.Some(folders.Length - filled.Length, "class folder")} without an image left out "
                    + $"({DatasetNotes.Names([.. folders.Where((_, i) => files[i].Length == 0)])})"
            );
        string[] classes = [.. filled.Select(i => folders[i])];
        Dictionary<string, int> indices = labels is null
            ? Places([.. classes.Order(NaturalClassOrder.Of(order))])
            : LabelMatcher.Match(classes, folders, labels, root, mayGuess ? order : null, notes);
        ClassNames = labels is null ? [.. classes.Order(NaturalClassOrder.Of(order))] : [.. labels.Select(label => label.Name)];
        foreach (int i in filled)
            _items.AddRange(files[i].Select(path => new FileImageItem(path, indices[folders[i]])));
        Notes = notes.ToList();
    }

    /// <summary>The endings of the formats that can be decoded.</summary>
    public static IReadOnlyList<string> DefaultExtensions { get; } = [".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"];

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

    internal static Dictionary<string, int> Places(IReadOnlyList<string> folders) =>
        folders.Select((folder, i) => KeyValuePair.Create(folder, i)).ToDictionary(StringComparer.Ordinal);

    private static void RequireClasses(
        string root,
        string[] folders,
        string[][] files,
        IReadOnlyList<ClassLabel>? labels,
        IReadOnlyList<string> extensions
    )
    {
        if (files.All(names => names.Length == 0))
            throw new DatasetException(root, $"No class folder has a file that ends in {string.Join(", ", extensions)}.");
        // An unpacked archive often has one folder around everything.
        if (labels is not null || folders.Length > 1)
            return;
        string inner = Path.Combine(root, folders[0]);
        string[] classes =
        [
            .. files[0]
                .Select(file => Path.GetRelativePath(inner, file).Split(Path.DirectorySeparatorChar))
                .Select(parts => parts.Length > 1 ? parts[0] : "")
                .Distinct(),
        ];
        if (classes.Length > 1 && !classes.Contains(""))
            throw new DatasetException(
                root,
                $"It holds nothing but the folder '{folders[0]}', in which there are folders; give '{inner}' if those are the classes."
            );
    }
}
