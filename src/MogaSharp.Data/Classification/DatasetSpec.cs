namespace MogaSharp.Data;

/// <summary>A text that does not say where a data set is.</summary>
public sealed class DatasetSpecException : MogaException
{
    /// <summary>Keeps the message.</summary>
    /// <param name="message">What is wrong.</param>
    public DatasetSpecException(string message)
        : base(message) { }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidRequest;
}

/// <summary>
/// Where a data set is, as a user writes it: <c>KIND:PATH</c>, and options behind a question mark:
/// <c>KIND:PATH?NAME=VALUE&amp;NAME=VALUE</c>.
/// <list type="bullet">
/// <item><c>folder:ROOT</c>: one folder for each class, see <see cref="ImageFolder"/>. If ROOT has a folder <c>train</c> (or
/// <c>training</c>) of such folders, the parts are there and in <c>validation</c> (<c>valid</c>, <c>val</c>, <c>dev</c>) beside it, or else
/// in <c>test</c> (<c>testing</c>, <c>eval</c>, <c>evaluation</c>), in any case of letters; options <c>train</c> and <c>val</c> name
/// others. The option <c>order</c> says how folders are sorted where a model has no names for its classes: <c>natural</c> (the default) or
/// <c>ordinal</c>, see <see cref="ClassOrder"/>.</item>
/// <item><c>idx:PATH</c>: MNIST's format, see <see cref="IdxDataset"/>; options <c>train</c> and <c>val</c> name prefixes or files.</item>
/// <item><c>tar:PATTERN</c>: WebDataset's shards, see <see cref="TarDataset"/>; the option <c>val</c> names the pattern to test
/// with.</item>
/// <item>The option <c>classes</c> of all kinds names a file with the name of a class in each line.</item>
/// </list>
/// </summary>
public sealed record DatasetSpec
{
    private const string Usage = "write folder:PATH or idx:PATH or tar:PATTERN";
    private static readonly string[] Kinds = ["folder", "idx", "tar"];
    private static readonly string[] OptionNames = ["train", "val", "classes"];
    private static readonly string[] FolderOptionNames = [.. OptionNames, "order"];

    private DatasetSpec(string kind, string path, IReadOnlyDictionary<string, string> options)
    {
        Kind = kind;
        Path = path;
        Options = options;
    }

    /// <summary>folder, idx or tar.</summary>
    public string Kind { get; }

    /// <summary>The path or pattern.</summary>
    public string Path { get; }

    /// <summary>The options.</summary>
    public IReadOnlyDictionary<string, string> Options { get; }

    /// <summary>Reads a specification. Nothing is opened.</summary>
    /// <param name="text">KIND:PATH, with options or without.</param>
    /// <exception cref="DatasetSpecException">The text is none; the message says what to write.</exception>
    public static DatasetSpec Parse(string text)
    {
        // The options depend on the kind, which comes first.
        string[] names = text.StartsWith("folder:", StringComparison.Ordinal) ? FolderOptionNames : OptionNames;
        (string kind, string path, IReadOnlyDictionary<string, string> options) = SpecText.Parse(
            text,
            Kinds,
            names,
            [],
            Usage,
            needsPath: true
        );
        if (options.TryGetValue("order", out string? order) && order is not ("natural" or "ordinal"))
            throw new DatasetSpecException($"'{text}': the option 'order' takes natural or ordinal, not '{order}'.");
        if (kind == "tar" && options.ContainsKey("train"))
            throw new DatasetSpecException($"'{text}' needs no option 'train': the pattern itself is for training.");
        return new DatasetSpec(kind, path, options);
    }

    /// <summary>Checks what can be checked without opening anything: that the folder of a <c>folder:</c> is there.</summary>
    /// <exception cref="DatasetSpecException">It is not.</exception>
    public void RequireFolder()
    {
        if (Kind == "folder" && !Directory.Exists(Path))
            throw new DatasetSpecException($"There is no folder '{Path}'.");
    }

    /// <summary>Whether the data set says how its classes are called; else they are numbers.</summary>
    public bool HasClassNames => Kind == "folder" || Options.ContainsKey("classes");

    private ClassOrder Order => Options.GetValueOrDefault("order") == "ordinal" ? ClassOrder.Ordinal : ClassOrder.Natural;

    /// <summary>Opens a part of the data set.</summary>
    /// <param name="split">The part. A folder without parts and shards without an option <c>val</c> are the same for both.</param>
    /// <param name="labels">The classes of a model, if the labels shall be the indices of its outputs; null takes what the data set
    /// says.</param>
    /// <param name="mayGuess">False when class folders that are all named unlike the labels are an error, not the labels in their
    /// order.</param>
    /// <exception cref="DatasetSpecException">There is no such folder, or it is not clear which one is meant.</exception>
    /// <exception cref="DatasetException">The data set is missing or broken, or does not fit the labels.</exception>
    public IImageDataset Open(DatasetSplit split, IReadOnlyList<ClassLabel>? labels = null, bool mayGuess = true)
    {
        if (labels is null && Options.TryGetValue("classes", out string? file))
            labels = [.. ReadClasses(file)];
        IReadOnlyList<string>? names = labels is null ? null : [.. labels.Select(label => label.Name)];
        string? named = Options.GetValueOrDefault(split == DatasetSplit.Train ? "train" : "val");
        return Kind switch
        {
            "folder" => OpenFolder(split, labels, mayGuess),
            "idx" => new IdxDataset(named is null ? Path : System.IO.Path.Combine(Path, named), split, names),
            _ => new TarDataset(named ?? Path, names),
        };
    }

    /// <summary>Whether there is a part of its own to test with; else there is none, or testing would use the images of training.</summary>
    /// <exception cref="DatasetSpecException">It is not clear which folder is meant.</exception>
    public bool HasSeparateSplits =>
        Kind switch
        {
            "folder" => Part(DatasetSplit.Test) is { } part && part.Folder != Part(DatasetSplit.Train)!.Folder,
            "idx" => Directory.Exists(Path),
            _ => Options.ContainsKey("val"),
        };

    private ImageFolder OpenFolder(DatasetSplit split, IReadOnlyList<ClassLabel>? labels, bool mayGuess)
    {
        SplitFolder part =
            Part(split) ?? throw SplitFolders.NothingToTestWith(Path, Part(DatasetSplit.Train)!.Folder, "val", " with class folders");
        var notes = new DatasetNotes();
        foreach (string note in part.Notes)
            notes.Add(note);
        return new ImageFolder(part.Folder, labels, null, Order, notes, mayGuess);
    }

    // A class may be called train: then its folder holds images, not folders.
    private SplitFolder? Part(DatasetSplit split)
    {
        RequireFolder();
        return SplitFolders.Find(
            Path,
            split,
            (Options.GetValueOrDefault("train"), Options.GetValueOrDefault("val")),
            "val",
            SplitFolders.HasFolders
        );
    }

    private static IEnumerable<ClassLabel> ReadClasses(string path)
    {
        if (!File.Exists(path))
            throw new DatasetSpecException($"There is no file '{path}' of class names.");
        return File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0).Select(line => new ClassLabel(line));
    }
}
