namespace MogaSharp.Data;

/// <summary>
/// Where images of people are, as a user writes it: <c>KIND:PATH</c>, and options behind a question mark.
/// <list type="bullet">
/// <item><c>coco-pose:FOLDER</c>: COCO's own folders, <c>annotations/person_keypoints_train2017.json</c> with <c>train2017</c> and the same
/// of <c>val2017</c>.</item>
/// <item><c>coco-pose:FILE,IMAGES</c>: any file in that form and the folder of its images; the option <c>val</c> names the two to evaluate
/// on, <c>FILE,IMAGES</c>.</item>
/// <item><c>scenes</c>: see <see cref="SceneSpec"/>.</item>
/// </list>
/// </summary>
public sealed record PoseSpec
{
    private const string Coco = "coco-pose";
    private const string Annotated = "person_keypoints";
    private const string Usage = "write coco-pose:FOLDER, coco-pose:FILE,IMAGES or scenes";
    private static readonly string[] Kinds = [Coco, SceneSpec.Kind];

    private readonly SceneSpec? _scenes;
    private readonly CocoFiles _train;
    private readonly CocoFiles? _evaluation;

    private PoseSpec(string text, SpecText parts, Func<string, string?>? defaultPath)
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
        _train = isFolder ? CocoFiles.In(parts.Path, Annotated, "train2017") : CocoFiles.Parse(parts.Path, text);
        if (Options.TryGetValue("val", out string? evaluation))
            _evaluation = CocoFiles.Parse(evaluation, text);
        else if (isFolder)
            _evaluation = CocoFiles.In(parts.Path, Annotated, "val2017");
    }

    /// <summary>The text as it was written.</summary>
    public string Text { get; }

    /// <summary>coco-pose or scenes.</summary>
    public string Kind { get; }

    /// <summary>The options as they were written.</summary>
    public IReadOnlyDictionary<string, string> Options { get; }

    /// <summary>Whether there is a part of its own to test with; else testing would use the images of training.</summary>
    public bool HasSeparateSplits => _scenes is not null || _evaluation is not null;

    /// <summary>Whether a text names images of people; else it may be another kind of data set.</summary>
    /// <param name="text">KIND:PATH, with options or without.</param>
    public static bool IsPose(string text) => SceneSpec.IsScenes(text) || text.StartsWith($"{Coco}:", StringComparison.Ordinal);

    /// <summary>Reads a specification. Nothing is opened.</summary>
    /// <param name="text">KIND:PATH, with options or without.</param>
    /// <param name="defaultPath">Gives the folder of MNIST's files for <c>scenes</c> that name none, or null.</param>
    /// <exception cref="DatasetSpecException">The text is none; the message says what to write.</exception>
    public static PoseSpec Parse(string text, Func<string, string?>? defaultPath = null)
    {
        string[] names = SceneSpec.IsScenes(text) ? SceneSpec.OptionNames : ["val"];
        return new(text, SpecText.Parse(text, Kinds, names, [], Usage, needsPath: false), defaultPath);
    }

    /// <summary>Opens the images of a part, each with all its people.</summary>
    /// <param name="split">The part.</param>
    /// <param name="collect">Is told of every fault, and what has it is left out; null to let the first one end the reading.</param>
    /// <exception cref="DatasetSpecException">There is no such file or folder.</exception>
    /// <exception cref="DatasetException">The annotations cannot be used, or an image is missing.</exception>
    /// <exception cref="IOException">The annotations cannot be read.</exception>
    public IPoseDataset OpenImages(DatasetSplit split, Action<DatasetFault>? collect = null) =>
        _scenes is not null ? _scenes.Open(split, SceneView.People) : Open(split, CocoPoseSet.Images, collect);

    /// <summary>Opens the people of a part one by one, as training needs them; of scenes one of each.</summary>
    /// <param name="split">The part.</param>
    /// <param name="collect">Is told of every fault, and what has it is left out; null to let the first one end the reading.</param>
    /// <exception cref="DatasetSpecException">There is no such file or folder.</exception>
    /// <exception cref="DatasetException">The annotations cannot be used, or an image is missing.</exception>
    /// <exception cref="IOException">The annotations cannot be read.</exception>
    public IPoseDataset OpenPersons(DatasetSplit split, Action<DatasetFault>? collect = null) =>
        _scenes is not null ? _scenes.Open(split, SceneView.OnePerson) : Open(split, CocoPoseSet.Persons, collect);

    private CocoPoseSet Open(
        DatasetSplit split,
        Func<CocoKeyPoints, string, Action<DatasetFault>?, CocoPoseSet> open,
        Action<DatasetFault>? collect
    )
    {
        CocoFiles files = (split == DatasetSplit.Test && _evaluation is { } evaluation ? evaluation : _train).Existing();
        return open(CocoKeyPoints.Load(files.Annotations, null, collect), files.Images, collect);
    }
}
