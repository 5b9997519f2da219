namespace MogaSharp.Data;

/// <summary>
/// Where images with objects are, as a user writes it: <c>KIND:PATH</c>, and options behind a question mark.
/// <list type="bullet">
/// <item><c>scenes</c>: see <see cref="SceneSpec"/>.</item>
/// </list>
/// </summary>
public sealed record DetectionSpec
{
    private const string Usage = "write scenes";
    private static readonly string[] Kinds = [SceneSpec.Kind];

    private readonly SceneSpec _scenes;

    private DetectionSpec(string text, SpecText parts, Func<string, string?>? defaultPath)
    {
        (Text, Kind, Options) = (text, parts.Kind, parts.Options);
        _scenes = new SceneSpec(text, parts, defaultPath, Usage);
    }

    /// <summary>The text as it was written.</summary>
    public string Text { get; }

    /// <summary>scenes.</summary>
    public string Kind { get; }

    /// <summary>The options as they were written.</summary>
    public IReadOnlyDictionary<string, string> Options { get; }

    /// <summary>Whether there is a part of its own to test with; else testing would use the images of training.</summary>
    public bool HasSeparateSplits => _scenes is not null;

    /// <summary>Whether a text names images with objects; else it may be another kind of data set.</summary>
    /// <param name="text">KIND:PATH, with options or without.</param>
    public static bool IsDetection(string text) => SceneSpec.IsScenes(text);

    /// <summary>Reads a specification. Nothing is opened.</summary>
    /// <param name="text">KIND:PATH, with options or without.</param>
    /// <param name="defaultPath">Gives the folder of MNIST's files for <c>scenes</c> that name none, or null.</param>
    /// <exception cref="DatasetSpecException">The text is none; the message says what to write.</exception>
    public static DetectionSpec Parse(string text, Func<string, string?>? defaultPath = null) =>
        new(text, SpecText.Parse(text, Kinds, SceneSpec.OptionNames, [], Usage, needsPath: false), defaultPath);

    /// <summary>Opens a part: reads the annotations. Images are read when they are asked for.</summary>
    /// <param name="split">The part.</param>
    /// <exception cref="DatasetSpecException">There is no such file or folder.</exception>
    /// <exception cref="DatasetException">The annotations cannot be used, or an image is missing.</exception>
    /// <exception cref="IOException">The annotations cannot be read.</exception>
    public IDetectionDataset Open(DatasetSplit split) => _scenes.Open(split, SceneView.Objects);
}
