using System.Globalization;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Scenes as a user names them: <c>scenes</c> or <c>scenes:FOLDER</c> with the folder of MNIST's files, and options behind a question mark:
/// <c>scenes?seed=0&amp;size=192x256</c>.
/// <list type="bullet">
/// <item><c>seed</c> (0): another one gives other scenes.</item>
/// <item><c>count</c> (10,000) of the part to train on, <c>testcount</c> (1,000) of the other one. The two have no scene and no digit in
/// common.</item>
/// <item><c>size</c> (192x256): HxW, or one number for a square.</item>
/// </list>
/// </summary>
public sealed record SceneSpec
{
    internal const string Kind = "scenes";
    internal static readonly string[] OptionNames = ["seed", "count", "testcount", "size"];

    private readonly string _text;
    private readonly string _folder;
    private readonly IReadOnlyDictionary<string, string> _options;

    internal SceneSpec(string text, SpecText parts, Func<string, string?>? defaultPath, string usage)
    {
        (_text, _options) = (text, parts.Options);
        _folder =
            parts.Path.Length > 0
                ? parts.Path
                : defaultPath?.Invoke(Kind) ?? throw new DatasetSpecException($"'{text}' names no folder of MNIST's files; {usage}.");
        Seed = Number("seed", 0, 0, long.MaxValue);
        TrainCount = (int)Number("count", 10_000, 1, int.MaxValue);
        TestCount = (int)Number("testcount", 1000, 1, int.MaxValue);
        Size = SizeOption();
    }

    /// <summary>The seed.</summary>
    public long Seed { get; }

    /// <summary>The number of scenes of the part to train on.</summary>
    public int TrainCount { get; }

    /// <summary>The number of scenes of the part to test with.</summary>
    public int TestCount { get; }

    /// <summary>The size of the scenes.</summary>
    public ImageSize Size { get; }

    /// <summary>Reads a specification. Nothing is opened.</summary>
    /// <param name="text">The text.</param>
    /// <param name="defaultPath">Gives the folder of MNIST's files where the text does not (it gets <c>scenes</c>), or null.</param>
    /// <exception cref="DatasetSpecException">The text is none; the message says what to write.</exception>
    public static SceneSpec Parse(string text, Func<string, string?>? defaultPath = null)
    {
        const string Usage = "write scenes or scenes:FOLDER";
        return new(text, SpecText.Parse(text, [Kind], OptionNames, [], Usage, needsPath: false), defaultPath, Usage);
    }

    /// <summary>Whether a text names scenes; else it may be another kind of data set.</summary>
    /// <param name="text">The text.</param>
    public static bool IsScenes(string text) =>
        text == Kind || text.StartsWith($"{Kind}:", StringComparison.Ordinal) || text.StartsWith($"{Kind}?", StringComparison.Ordinal);

    /// <summary>Opens a part: reads the digits.</summary>
    /// <param name="split">The part.</param>
    /// <param name="view">What is told of the scenes.</param>
    /// <exception cref="DatasetSpecException">There is no such folder.</exception>
    /// <exception cref="DatasetException">The digits are missing or broken.</exception>
    public SceneDataset Open(DatasetSplit split, SceneView view)
    {
        if (!Directory.Exists(_folder))
            throw new DatasetSpecException($"There is no folder '{_folder}'.");
        var digits = new IdxDataset(_folder, split);
        return new(new SceneGenerator(digits, Seed, split, Size), split == DatasetSplit.Train ? TrainCount : TestCount, view);
    }

    private long Number(string name, long defaultValue, long least, long most)
    {
        if (!_options.TryGetValue(name, out string? text))
            return defaultValue;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= least && number <= most)
            return number;
        throw new DatasetSpecException($"'{_text}': the option '{name}' takes a whole number from {least} to {most}, not '{text}'.");
    }

    private ImageSize SizeOption()
    {
        if (!_options.TryGetValue("size", out string? text))
            return SceneGenerator.DefaultSize;
        int[] sides =
        [
            .. text.Split('x').Select(side => int.TryParse(side, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 0),
        ];
        if (sides.Length <= 2 && sides.All(side => side is >= SceneGenerator.MinSide and <= SceneGenerator.MaxSide))
            return new ImageSize(sides[^1], sides[0]);
        throw new DatasetSpecException(
            $"'{_text}': the option 'size' takes N or HxW, each from {SceneGenerator.MinSide} to {SceneGenerator.MaxSide}, not '{text}'."
        );
    }
}
