using System.Collections.Immutable;

namespace MogaSharp.Data;

/// <summary>
/// Where images with objects are, as a user writes it: <c>KIND:PATH</c>, and options behind a question mark.
/// <list type="bullet">
/// <item><c>coco:FOLDER</c>: COCO's own folders, <c>annotations/instances_train2017.json</c> with <c>train2017</c> and the same of
/// <c>val2017</c>.</item>
/// <item><c>coco:FILE,IMAGES</c>: any file in that form and the folder of its images.</item>
/// <item><c>voc:FOLDER</c>: a folder with <c>Annotations</c>, <c>JPEGImages</c> and lists of names in <c>ImageSets/Main</c>, as Pascal VOC
/// has it. The options <c>train</c> (default: train, or else trainval) and <c>val</c> (val, or else test) name lists.</item>
/// <item><c>csv:FILE,IMAGES</c>: a table with the columns file, x1, y1, x2, y2 and class, and the folder of the images.</item>
/// <item><c>yolo:FOLDER</c>: folders <c>images</c> and <c>labels</c>, within which or around which are the parts, as
/// <see cref="DatasetSpec"/> has it; the classes are in <c>data.yaml</c> or <c>classes.txt</c>. The options <c>train</c> and <c>val</c>
/// name parts.</item>
/// <item>The option <c>val</c> of <c>coco:FILE,IMAGES</c> and <c>csv</c> names the two to evaluate on, <c>FILE,IMAGES</c>. The option
/// <c>classes</c> names a file with a class in each line; else the data say them.</item>
/// <item><c>scenes</c>: see <see cref="SceneSpec"/>.</item>
/// </list>
/// </summary>
public sealed record DetectionSpec
{
    private const string Coco = "coco";
    private const string Annotated = "instances";
    private const string Voc = "voc";
    private const string Csv = "csv";
    private const string Yolo = "yolo";
    private const string Usage = "write coco:FOLDER, coco:FILE,IMAGES, voc:FOLDER, csv:FILE,IMAGES, yolo:FOLDER or scenes";
    private static readonly string[] FileKinds = [Coco, Voc, Csv, Yolo];

    private readonly SceneSpec? _scenes;
    private readonly string _folder = "";
    private readonly CocoFiles? _train;
    private readonly CocoFiles? _evaluation;

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
        bool isPair = parts.Path.Contains(',', StringComparison.Ordinal);
        (_folder, string? evaluation) = (parts.Path, Options.GetValueOrDefault("val"));
        if (Kind == Csv || (Kind == Coco && isPair))
        {
            _train = CocoFiles.Parse(parts.Path, text);
            _evaluation = evaluation is null ? null : CocoFiles.Parse(evaluation, text);
        }
        else if (Kind == Coco)
        {
            _train = CocoFiles.In(parts.Path, Annotated, "train2017");
            _evaluation = evaluation is null ? CocoFiles.In(parts.Path, Annotated, "val2017") : CocoFiles.Parse(evaluation, text);
        }
    }

    /// <summary>The text as it was written.</summary>
    public string Text { get; }

    /// <summary>coco, voc, csv, yolo or scenes.</summary>
    public string Kind { get; }

    /// <summary>The options as they were written.</summary>
    public IReadOnlyDictionary<string, string> Options { get; }

    /// <summary>Whether there is a part of its own to test with; else there is none, or testing would use the images of training.</summary>
    /// <exception cref="DatasetSpecException">There is no such folder, or it is not clear which one is meant.</exception>
    public bool HasSeparateSplits =>
        Kind switch
        {
            SceneSpec.Kind => true,
            Voc => VocList(DatasetSplit.Test) is { } list && list != VocList(DatasetSplit.Train),
            Yolo => YoloFolders.Find(_folder, DatasetSplit.Test, Named) is { } part
                && part.Images != YoloFolders.Find(_folder, DatasetSplit.Train, Named)!.Value.Images,
            _ => _evaluation is not null,
        };

    /// <summary>Whether a text names images with objects; else it may be another kind of data set.</summary>
    /// <param name="text">KIND:PATH, with options or without.</param>
    public static bool IsDetection(string text) =>
        SceneSpec.IsScenes(text) || FileKinds.Any(kind => text.StartsWith($"{kind}:", StringComparison.Ordinal));

    /// <summary>Reads a specification. Nothing is opened.</summary>
    /// <param name="text">KIND:PATH, with options or without.</param>
    /// <param name="defaultPath">Gives the folder of MNIST's files for <c>scenes</c> that name none, or null.</param>
    /// <exception cref="DatasetSpecException">The text is none; the message says what to write.</exception>
    public static DetectionSpec Parse(string text, Func<string, string?>? defaultPath = null)
    {
        string[] names =
            SceneSpec.IsScenes(text) ? SceneSpec.OptionNames
            : text.StartsWith($"{Voc}:", StringComparison.Ordinal) || text.StartsWith($"{Yolo}:", StringComparison.Ordinal)
                ? ["train", "val", "classes"]
            : ["val", "classes"];
        return new(text, SpecText.Parse(text, [.. FileKinds, SceneSpec.Kind], names, [], Usage, needsPath: false), defaultPath);
    }

    /// <summary>Opens a part: reads the annotations. Images are read when they are asked for.</summary>
    /// <param name="split">The part.</param>
    /// <param name="classes">The classes that labels shall be places in, such as a model's or those of the part to train on, found by their
    /// names; null for those of the option <c>classes</c>, or else of the part itself. In <c>voc</c> and <c>csv</c> these are the ones that
    /// occur, in ordinal order. Scenes have their own.</param>
    /// <param name="collect">Is told of every fault, and what has it is left out; null to let the first one end the reading.</param>
    /// <exception cref="DatasetSpecException">There is no such file or folder, or it is not clear which one is meant.</exception>
    /// <exception cref="DatasetException">The annotations cannot be used, or an image is missing.</exception>
    /// <exception cref="IOException">The annotations cannot be read.</exception>
    public IDetectionDataset Open(DatasetSplit split, IReadOnlyList<ClassLabel>? classes = null, Action<DatasetFault>? collect = null)
    {
        if (_scenes is not null)
            return _scenes.Open(split, SceneView.Objects);
        if (classes is null && Options.TryGetValue("classes", out string? list))
            classes = ClassList.Read(list, int.MaxValue);
        if (Kind == Voc)
            return new DetectionSet(new VocReader(_folder, collect).Read(VocList(split), classes), collect);
        if (Kind == Yolo)
            return OpenYolo(split, classes, collect);
        (string file, string images) = FilesOf(split).Existing();
        return Kind == Coco
            ? DetectionSet.FromCoco(CocoInstances.Load(file, collect), images, classes, collect)
            : new DetectionSet(new CsvReader(file, images, collect).Read(classes), collect);
    }

    /// <summary>The file in COCO's form with the annotations of a part, to which predictions may be compared without the images; null where
    /// the annotations have another form. <c>coco:FILE</c> is enough for it.</summary>
    /// <param name="split">The part; without one of its own for tests, that of training.</param>
    public string? AnnotationFile(DatasetSplit split) =>
        Kind != Coco ? null
        : File.Exists(_folder) ? _folder
        : FilesOf(split).Annotations;

    private CocoFiles FilesOf(DatasetSplit split) =>
        split == DatasetSplit.Test && _evaluation is { } evaluation ? evaluation : _train!.Value;

    private (string? Train, string? Test) Named => (Options.GetValueOrDefault("train"), Options.GetValueOrDefault("val"));

    // In label files classes are numbers, whose names are those of the data; another list of classes changes their places.
    private DetectionSet OpenYolo(DatasetSplit split, IReadOnlyList<ClassLabel>? classes, Action<DatasetFault>? collect)
    {
        (string images, string labels, IReadOnlyList<string> notes) =
            YoloFolders.Find(_folder, split, Named)
            ?? throw new DatasetSpecException($"The folder '{_folder}' has a part to train on but none to evaluate on, such as 'val'.");
        ImmutableArray<ClassLabel> own = Options.TryGetValue("classes", out string? list)
            ? ClassList.Read(list, int.MaxValue)
            : YoloNames.Read(_folder);
        DetectionPart part = new YoloReader(images, labels, own, collect).Read();
        foreach (string note in notes)
            part.Notes.Add(note);
        return new DetectionSet(classes is null ? part : part.Renumbered([.. classes], collect), collect);
    }

    private string? VocList(DatasetSplit split)
    {
        string option = split == DatasetSplit.Train ? "train" : "val";
        if (Options.TryGetValue(option, out string? named))
            return VocReader.ListOf(_folder, named);
        string[] train = ["train", "trainval"],
            evaluation = ["val", "test"];
        return Existing(split == DatasetSplit.Train ? train : evaluation) ?? Existing(train);

        string? Existing(string[] names) => names.Select(name => VocReader.ListOf(_folder, name)).FirstOrDefault(File.Exists);
    }
}
