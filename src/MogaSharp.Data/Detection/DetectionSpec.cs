namespace MogaSharp.Data;

/// <summary>
/// Where images with objects are, as a user writes it: <c>KIND:PATH</c>, and options behind a question mark.
/// <list type="bullet">
/// <item><c>coco:FOLDER</c>: COCO's own folders, <c>annotations/instances_train2017.json</c> with <c>train2017</c> and the same of
/// <c>val2017</c>.</item>
/// <item><c>coco:FILE,IMAGES</c>: any file in that form and the folder of its images; the option <c>val</c> names the two to evaluate on,
/// <c>FILE,IMAGES</c>.</item>
/// <item><c>scenes</c>: see <see cref="SceneSpec"/>.</item>
/// </list>
/// </summary>
public sealed record DetectionSpec
{
    private const string Coco = "coco";
    private const string Usage = "write coco:FOLDER, coco:FILE,IMAGES or scenes";
    private static readonly string[] Kinds = [Coco, SceneSpec.Kind];

    private readonly SceneSpec? _scenes;
    private readonly (string File, string Images) _train;
    private readonly (string File, string Images)? _evaluation;

    private DetectionSpec(string text, SpecText parts, Func<string, string?>? defaultPath)
    {
        (Text, Kind, Options) = (text, parts.Kind, parts.Options);
        if (Kind == SceneSpec.Kind)
        {
            _scenes = new SceneSpec(text, parts, defaultPath, Usage);
            return;
        }

        if (parts.Path.Length == 0)
            throw new DatasetSpecException($"'{text}' names no path; {Usage}.");
        bool isFolder = !parts.Path.Contains(',', StringComparison.Ordinal);
        _train = isFolder ? Part(parts.Path, "train2017") : Pair(parts.Path);
        if (Options.TryGetValue("val", out string? evaluation))
            _evaluation = Pair(evaluation);
        else if (isFolder)
            _evaluation = Part(parts.Path, "val2017");
    }

    /// <summary>The text as it was written.</summary>
    public string Text { get; }

    /// <summary>coco or scenes.</summary>
    public string Kind { get; }

    /// <summary>The options as they were written.</summary>
    public IReadOnlyDictionary<string, string> Options { get; }

    /// <summary>Whether there is a part of its own to test with; else testing would use the images of training.</summary>
    public bool HasSeparateSplits => _scenes is not null || _evaluation is not null;

    /// <summary>Whether a text names images with objects; else it may be another kind of data set.</summary>
    /// <param name="text">KIND:PATH, with options or without.</param>
    public static bool IsDetection(string text) => SceneSpec.IsScenes(text) || text.StartsWith($"{Coco}:", StringComparison.Ordinal);

    /// <summary>Reads a specification. Nothing is opened.</summary>
    /// <param name="text">KIND:PATH, with options or without.</param>
    /// <param name="defaultPath">Gives the folder of MNIST's files for <c>scenes</c> that name none, or null.</param>
    /// <exception cref="DatasetSpecException">The text is none; the message says what to write.</exception>
    public static DetectionSpec Parse(string text, Func<string, string?>? defaultPath = null)
    {
        string[] names = SceneSpec.IsScenes(text) ? SceneSpec.OptionNames : ["val"];
        return new(text, SpecText.Parse(text, Kinds, names, [], Usage, needsPath: false), defaultPath);
    }

    /// <summary>Opens a part: reads the annotations. Images are read when they are asked for.</summary>
    /// <param name="split">The part.</param>
    /// <param name="classes">The classes that labels shall be places in, found by their names; the data's own when null. Of no use for
    /// scenes, which have their own.</param>
    /// <exception cref="DatasetSpecException">There is no such file or folder.</exception>
    /// <exception cref="DatasetException">The annotations cannot be used, or an image is missing.</exception>
    /// <exception cref="IOException">The annotations cannot be read.</exception>
    public IDetectionDataset Open(DatasetSplit split, IReadOnlyList<ClassLabel>? classes = null)
    {
        if (_scenes is not null)
            return _scenes.Open(split, SceneView.Objects);
        (string file, string images) = split == DatasetSplit.Test && _evaluation is { } evaluation ? evaluation : _train;
        if (!File.Exists(file))
            throw new DatasetSpecException($"There is no file '{file}'.");
        if (!Directory.Exists(images))
            throw new DatasetSpecException($"There is no folder '{images}'.");
        return DetectionSet.FromCoco(CocoInstances.Load(file), images, classes);
    }

    private static (string File, string Images) Part(string folder, string name) =>
        (Path.Combine(folder, "annotations", $"instances_{name}.json"), Path.Combine(folder, name));

    private (string File, string Images) Pair(string text) =>
        text.Split(',') is [{ Length: > 0 } file, { Length: > 0 } images]
            ? (file, images)
            : throw new DatasetSpecException($"'{Text}': '{text}' is not a file and a folder with a comma between, FILE,IMAGES.");
}
