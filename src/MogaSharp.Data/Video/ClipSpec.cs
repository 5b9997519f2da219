using System.Globalization;

namespace MogaSharp.Data;

/// <summary>
/// Where a set of clips is, as a user writes it: <c>KIND:PATH</c>, and options behind a question mark: <c>KIND:PATH?in=10&amp;out=10</c>.
/// <list type="bullet">
/// <item><c>moving-mnist:FOLDER</c>: clips of moving digits, drawn from the folder's <c>train-images-idx3-ubyte</c> (or .gz). The test
/// set is the file that the option <c>test</c> names (<c>mnist_test_seq.npy</c>), or that file in the folder, or else 10,000 clips of the
/// folder's <c>t10k-images-idx3-ubyte</c> from a fixed seed. Options <c>digits</c> (2), <c>clips</c> of an epoch (10,000),
/// <c>testclips</c> (all).</item>
/// <item><c>moving-fashion:FOLDER</c>: the same of Fashion-MNIST; the file is <c>fmnist_test_seq.npy</c>.</item>
/// <item><c>frames:FOLDER</c>: folders of frames, see <see cref="FrameFolders"/>. If FOLDER has a folder <c>train</c> the parts are there
/// and in <c>validation</c> (<c>valid</c>, <c>val</c>, <c>dev</c>) or else <c>test</c> beside it, as <see cref="DatasetSpec"/> finds them;
/// the options <c>train</c> and <c>test</c> name others. Options <c>size</c> (N or HxW), <c>gray</c>, <c>stride</c> (1).</item>
/// <item>All kinds: <c>in</c> and <c>out</c>, the frames that are seen and that follow (10 and 10 unless a caller says other
/// numbers).</item>
/// </list>
/// </summary>
public sealed record ClipSpec
{
    /// <summary>The seed of the test clips that are drawn where no file holds the standard ones.</summary>
    public const long TestSeed = 150_204_681;

    private const string Usage = "write moving-mnist:FOLDER, moving-fashion:FOLDER or frames:FOLDER";
    private const string Mnist = "moving-mnist";
    private const string Fashion = "moving-fashion";
    private const string Frames = "frames";
    private static readonly string[] Kinds = [Mnist, Fashion, Frames];
    private static readonly string[] Flags = ["gray"];
    private static readonly string[] MovingOptions = ["in", "out", "digits", "clips", "test", "testclips"];
    private static readonly string[] FrameOptions = ["in", "out", "size", "gray", "stride", "train", "test"];

    private ClipSpec(string text, SpecText parts, string path, int inputFrames, int outputFrames)
    {
        Text = text;
        Kind = parts.Kind;
        Path = path;
        Options = parts.Options;
        InputFrames = Number("in", inputFrames, 10_000);
        OutputFrames = Number("out", outputFrames, 10_000);
        Clips = Number("clips", 10_000, int.MaxValue);
        TestClips = Number("testclips", int.MaxValue, int.MaxValue);
        Objects = Number("digits", 2, 100);
        Stride = Number("stride", 1, int.MaxValue);
        Size = SizeOption();
    }

    /// <summary>The text as it was written.</summary>
    public string Text { get; }

    /// <summary>moving-mnist, moving-fashion or frames.</summary>
    public string Kind { get; }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The options as they were written.</summary>
    public IReadOnlyDictionary<string, string> Options { get; }

    /// <summary>The frames that are seen.</summary>
    public int InputFrames { get; }

    /// <summary>The frames that follow.</summary>
    public int OutputFrames { get; }

    private string StandardFile => Kind == Mnist ? "mnist_test_seq.npy" : "fmnist_test_seq.npy";

    private int Clips { get; }

    private int TestClips { get; }

    private int Objects { get; }

    private int Stride { get; }

    private (int Height, int Width)? Size { get; }

    /// <summary>Whether a text names clips; else it may be another kind of data set.</summary>
    /// <param name="text">KIND:PATH, with options or without.</param>
    public static bool IsClips(string text) =>
        Kinds.Any(kind =>
            text == kind || text.StartsWith(kind + ":", StringComparison.Ordinal) || text.StartsWith(kind + "?", StringComparison.Ordinal)
        );

    /// <summary>Reads a specification. Nothing is opened.</summary>
    /// <param name="text">KIND:PATH, with options or without.</param>
    /// <param name="defaultPath">Gives the folder of a kind that is written without one, or null; none has one when null.</param>
    /// <param name="inputFrames">The frames that are seen where the text does not say it.</param>
    /// <param name="outputFrames">The frames that follow where the text does not say it.</param>
    /// <exception cref="DatasetSpecException">The text is none; the message says what to write.</exception>
    public static ClipSpec Parse(string text, Func<string, string?>? defaultPath = null, int inputFrames = 10, int outputFrames = 10)
    {
        // The options depend on the kind, which comes first.
        string[] names = text.StartsWith(Frames, StringComparison.Ordinal) ? FrameOptions : MovingOptions;
        SpecText parts = SpecText.Parse(text, Kinds, names, Flags, Usage, needsPath: false);
        string path =
            parts.Path.Length > 0
                ? parts.Path
                : defaultPath?.Invoke(parts.Kind) ?? throw new DatasetSpecException($"'{text}' names no path; {Usage}.");
        return new ClipSpec(text, parts, path, inputFrames, outputFrames);
    }

    /// <summary>Opens a part of the set. A set that holds files is disposable.</summary>
    /// <param name="split">The part. Folders of frames without parts are the same for both.</param>
    /// <exception cref="DatasetSpecException">There is no such folder.</exception>
    /// <exception cref="DatasetException">The set is missing or broken.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public IClipDataset Open(DatasetSplit split)
    {
        if (Kind == Frames)
            return OpenFrames(split);
        if (!Directory.Exists(Path) && !File.Exists(Path) && !File.Exists(Path + ".gz"))
            throw new DatasetSpecException($"There is no folder '{Path}'.");
        var options = new MovingImagesOptions
        {
            InputFrames = InputFrames,
            OutputFrames = OutputFrames,
            Objects = Objects,
            Clips = Clips,
        };
        if (split == DatasetSplit.Train)
            return new MovingImages(Path, DatasetSplit.Train, options);
        if (TestFile() is { } file)
        {
            var clips = new NpyClips(file, InputFrames, OutputFrames);
            return TestClips < clips.Count ? new FirstClips(clips, TestClips) : clips;
        }
        return new MovingImages(Path, DatasetSplit.Test, options with { Clips = Math.Min(TestClips, 10_000), FixedSeed = TestSeed });
    }

    /// <summary>Whether the two parts are different ones; else testing would use the clips of training.</summary>
    public bool HasSeparateSplits =>
        Kind != Frames || (FramesPart(DatasetSplit.Test) is { } part && part.Folder != FramesFolder(DatasetSplit.Train));

    /// <summary>Where the test clips come from, in words; for frames the folder.</summary>
    public string DescribeTest() =>
        Kind == Frames
            ? FramesFolder(DatasetSplit.Test)
            : TestFile() ?? $"clips drawn from the test images in {Path} with the seed {TestSeed}, not the standard {StandardFile}";

    private FrameFolders OpenFrames(DatasetSplit split) =>
        new(
            FramesFolder(split),
            new FrameFolderOptions
            {
                InputFrames = InputFrames,
                OutputFrames = OutputFrames,
                Stride = Stride,
                IsGray = Options.ContainsKey("gray"),
                Size = Size,
            }
        );

    /// <summary>What was guessed to find a part: which folder it is, and what lies beside it.</summary>
    /// <param name="split">The part.</param>
    public IReadOnlyList<string> PartNotes(DatasetSplit split) => Kind == Frames ? FramesPart(split)?.Notes ?? [] : [];

    private string FramesFolder(DatasetSplit split) =>
        FramesPart(split)?.Folder ?? throw SplitFolders.NothingToTestWith(Path, FramesFolder(DatasetSplit.Train), "test");

    private SplitFolder? FramesPart(DatasetSplit split)
    {
        if (!Directory.Exists(Path))
            throw new DatasetSpecException($"There is no folder '{Path}'.");
        return SplitFolders.Find(Path, split, (Options.GetValueOrDefault("train"), Options.GetValueOrDefault("test")), "test", _ => true);
    }

    // As the user names it: from where he is, or in the folder of the images.
    private string? TestFile()
    {
        string? named = Options.GetValueOrDefault("test");
        string inFolder = System.IO.Path.Combine(Path, named ?? StandardFile);
        if (named is null)
            return File.Exists(inFolder) ? inFolder : null;
        return File.Exists(named) ? named
            : File.Exists(inFolder) ? inFolder
            : throw new DatasetSpecException($"There is no file '{named}' of test clips.");
    }

    private int Number(string name, int defaultValue, int most)
    {
        if (!Options.TryGetValue(name, out string? text))
            return defaultValue;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1 && number <= most)
            return number;
        throw new DatasetSpecException($"'{Text}': the option '{name}' takes a whole number from 1 to {most}, not '{text}'.");
    }

    private (int Height, int Width)? SizeOption()
    {
        if (!Options.TryGetValue("size", out string? text))
            return null;
        string[] sides = text.Split('x');
        if (
            sides.Length <= 2
            && sides.All(side => int.TryParse(side, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n is >= 1 and <= 16384)
        )
            return (int.Parse(sides[0], CultureInfo.InvariantCulture), int.Parse(sides[^1], CultureInfo.InvariantCulture));
        throw new DatasetSpecException($"'{Text}': the option 'size' takes N or HxW, each from 1 to 16384, not '{text}'.");
    }

    private sealed class FirstClips(NpyClips clips, int count) : IClipDataset, IDisposable
    {
        public int Count => count;

        public ClipShape Shape => clips.Shape;

        public IReadOnlyList<string> Notes => clips.Notes;

        public string NameOf(int index) => clips.NameOf(index);

        public void Read(int index, RandomStream random, Span<float> input, Span<float> output)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, count);
            clips.Read(index, random, input, output);
        }

        public void Dispose() => clips.Dispose();
    }
}
