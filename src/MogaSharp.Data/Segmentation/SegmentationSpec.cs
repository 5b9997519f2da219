using System.Collections.Immutable;
using System.Globalization;

namespace MogaSharp.Data;

/// <summary>
/// Where a set of images with label maps is, as a user writes it: <c>KIND:PATH</c>, and options behind a question mark.
/// <list type="bullet">
/// <item><c>ade20k:PATH</c>: <c>images/training</c> and <c>images/validation</c> in the folder, and <c>annotations</c> beside
/// <c>images</c> likewise. In the label maps 0 is no class and n is class n - 1.</item>
/// <item><c>pairs:IMAGES,LABELS</c>: a folder of images and one of label maps under the same names, in which n is class n and 255 none.
/// If IMAGES has a folder <c>train</c> (or <c>training</c>) the parts are there and in <c>val</c> (or as <see cref="DatasetSpec"/> has
/// it) beside it, and in folders of the same names in LABELS; or else the option <c>val</c> names the two
/// folders to evaluate on, <c>IMAGES,LABELS</c>. The option <c>map</c> names a file that says what the numbers mean: in each line a
/// number, and the name or the place of its class, or 255 for none. The options <c>images</c> and <c>labels</c> say what names end in
/// where they are not the same, such as
/// <c>images=_leftImg8bit.png&amp;labels=_gtFine_labelIds.png</c> of Cityscapes.</item>
/// <item><c>scenes</c>: see <see cref="SceneSpec"/>.</item>
/// <item>The option <c>classes</c> of the first two names a file with the name of a class in each line, and its color behind it if it has
/// one: <c>road #804080</c>. The second needs it, unless a model says the classes.</item>
/// </list>
/// </summary>
public sealed record SegmentationSpec
{
    private const string Ade = "ade20k";
    private const string Pairs = "pairs";
    private const string Usage = "write ade20k:PATH, pairs:IMAGES,LABELS or scenes";
    private const int AdeClasses = 150;
    private static readonly string[] Kinds = [Ade, Pairs, SceneSpec.Kind];
    private static readonly string[] PairOptions = ["classes", "map", "val", "images", "labels"];

    private readonly SceneSpec? _scenes;
    private readonly (string Images, string Labels) _folders;
    private readonly (string Images, string Labels)? _evaluation;

    private SegmentationSpec(string text, SpecText parts, Func<string, string?>? defaultPath)
    {
        (Text, Kind, Options) = (text, parts.Kind, parts.Options);
        if (Kind == SceneSpec.Kind)
        {
            _scenes = new SceneSpec(text, parts, defaultPath, Usage);
            return;
        }

        if (parts.Path.Length == 0)
            throw new DatasetSpecException($"'{text}' names no path; {Usage}.");
        _folders = Kind == Ade ? (Path.Combine(parts.Path, "images"), Path.Combine(parts.Path, "annotations")) : Pair(parts.Path);
        if (Options.TryGetValue("val", out string? evaluation))
            _evaluation = Pair(evaluation);
    }

    /// <summary>The text as it was written.</summary>
    public string Text { get; }

    /// <summary>ade20k, pairs or scenes.</summary>
    public string Kind { get; }

    /// <summary>The options as they were written.</summary>
    public IReadOnlyDictionary<string, string> Options { get; }

    /// <summary>Whether a text names images with label maps; else it may be another kind of data set.</summary>
    /// <param name="text">KIND:PATH, with options or without.</param>
    public static bool IsSegmentation(string text) =>
        SceneSpec.IsScenes(text) || new[] { Ade, Pairs }.Any(kind => text.StartsWith($"{kind}:", StringComparison.Ordinal));

    /// <summary>Reads a specification. Nothing is opened.</summary>
    /// <param name="text">KIND:PATH, with options or without.</param>
    /// <param name="defaultPath">Gives the folder of MNIST's files for <c>scenes</c> that name none, or null.</param>
    /// <exception cref="DatasetSpecException">The text is none; the message says what to write.</exception>
    public static SegmentationSpec Parse(string text, Func<string, string?>? defaultPath = null)
    {
        // The options depend on the kind, which comes first.
        string[] names =
            SceneSpec.IsScenes(text) ? SceneSpec.OptionNames
            : text.StartsWith(Pairs, StringComparison.Ordinal) ? PairOptions
            : ["classes"];
        return new(text, SpecText.Parse(text, Kinds, names, [], Usage, needsPath: false), defaultPath);
    }

    /// <summary>Whether there is a part of its own to test with; else there is none, or testing would use the images of training.</summary>
    /// <exception cref="DatasetSpecException">There is no such folder, or it is not clear which one is meant.</exception>
    public bool HasSeparateSplits =>
        _scenes is not null
        || _evaluation is not null
        || (Part(DatasetSplit.Test) is { } part && part.Folder != Part(DatasetSplit.Train)!.Folder);

    /// <summary>Opens a part: lists the images. Label maps are read with their images.</summary>
    /// <param name="split">The part.</param>
    /// <param name="classes">The classes of a model; null for those of the data: of the file that the option <c>classes</c> names, and
    /// for <c>ade20k</c> without it 150 numbers. Scenes have their own.</param>
    /// <param name="collect">Is told of every image without a label map of its own, and the image is left out; null to let the first one
    /// end the reading. What is wrong with a label map is told when it is read.</param>
    /// <exception cref="DatasetSpecException">There is no such folder or file, or it is not clear which one is meant.</exception>
    /// <exception cref="DatasetException">An image has no label map, the list of classes or the map cannot be used, or there is
    /// no image.</exception>
    public ISegmentationDataset Open(DatasetSplit split, IReadOnlyList<ClassLabel>? classes = null, Action<DatasetFault>? collect = null)
    {
        if (_scenes is not null)
            return _scenes.Open(split, SceneView.LabelMap);
        ImmutableArray<ClassLabel> labels = ClassesOr(classes);
        PixelLabels numbers =
            Kind == Ade ? PixelLabels.FromOne(labels.Length)
            : Options.TryGetValue("map", out string? map) ? PixelLabels.Read(map, labels)
            : PixelLabels.Plain(labels.Length);
        (SegmentationFolders folders, IReadOnlyList<string> notes) = FoldersOf(split);
        return new SegmentationSet(
            folders with
            {
                ImageEnding = Options.GetValueOrDefault("images"),
                LabelEnding = Options.GetValueOrDefault("labels", ".png"),
            },
            labels,
            numbers,
            notes,
            collect
        );
    }

    private (SegmentationFolders Folders, IReadOnlyList<string> Notes) FoldersOf(DatasetSplit split)
    {
        if (_evaluation is var (images, labels))
            return (split == DatasetSplit.Test ? new(images, labels) : new(_folders.Images, _folders.Labels), []);
        SplitFolder part =
            Part(split)
            ?? throw new DatasetSpecException(
                $"The folder '{_folders.Images}' has a folder to train on but none to evaluate on, such as 'val'"
                    + (Kind == Pairs ? "; '?val=IMAGES,LABELS' names two others." : ".")
            );
        // Without parts it is the folder itself.
        string name = Path.GetRelativePath(_folders.Images, part.Folder);
        return (new(part.Folder, name == "." ? _folders.Labels : Path.Combine(_folders.Labels, name)), part.Notes);
    }

    private SplitFolder? Part(DatasetSplit split)
    {
        foreach (string folder in new[] { _folders.Images, _folders.Labels })
            if (!Directory.Exists(folder))
                throw new DatasetSpecException($"There is no folder '{folder}'.");
        return SplitFolders.Find(_folders.Images, split, (null, null), "val", _ => true);
    }

    private ImmutableArray<ClassLabel> ClassesOr(IReadOnlyList<ClassLabel>? classes)
    {
        if (classes is not null)
            return [.. classes];
        if (Options.TryGetValue("classes", out string? file))
            return PixelLabels.ReadClasses(file);
        return Kind == Ade
            ? [.. Enumerable.Range(0, AdeClasses).Select(i => new ClassLabel(i.ToString(CultureInfo.InvariantCulture)))]
            : throw new DatasetSpecException($"'{Text}' does not name the classes; '?classes=FILE' names a file with one in each line.");
    }

    private (string Images, string Labels) Pair(string text) =>
        text.Split(',') is [{ Length: > 0 } images, { Length: > 0 } labels]
            ? (images, labels)
            : throw new DatasetSpecException($"'{Text}': '{text}' is not two folders with a comma between, IMAGES,LABELS.");
}
