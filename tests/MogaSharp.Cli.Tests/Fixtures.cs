using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests;

/// <summary>Files that the tests give to the program.</summary>
internal static class Fixtures
{
    private static readonly string[] Classes =
    [
        "tshirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle_boot",
    ];

    public static string Samples { get; } = Path.Combine(Repository.Root, "samples");

    public static string ShippedFolder { get; } = Path.Combine(Repository.Root, "models", "moganet_xtiny_fashion");

    public static string ShippedWeights { get; } = Path.Combine(ShippedFolder, "model.safetensors");

    public static string ShippedCard { get; } = Path.Combine(ShippedFolder, "card.json");

    public static string Sample(string name) => Path.Combine(Samples, name);

    public static string Checkpoint(params string[] parts) => Repository.Fixture(["checkpoints", .. parts]);

    /// <summary>The samples and their classes, from their names.</summary>
    public static IReadOnlyList<(string Path, int Label)> LabelledSamples { get; } =
    [
        .. Directory
            .GetFiles(Samples, "*.png")
            .Order(StringComparer.Ordinal)
            .Select(path => (path, Array.IndexOf(Classes, Path.GetFileNameWithoutExtension(path)[..^5]))),
    ];

    /// <summary>Writes the samples as an idx set: t10k files in a folder.</summary>
    public static void WriteIdx(string folder, Func<int, int>? relabel = null)
    {
        Directory.CreateDirectory(folder);
        byte[] pixels = [.. LabelledSamples.SelectMany(sample => ImageDecoder.Load(sample.Path).Pixels.Where((_, i) => i % 3 == 0))];
        byte[] labels = [.. LabelledSamples.Select(sample => (byte)(relabel is null ? sample.Label : relabel(sample.Label)))];
        File.WriteAllBytes(
            Path.Combine(folder, "t10k-images-idx3-ubyte.gz"),
            IdxWriter.GZip(IdxWriter.Bytes([labels.Length, 28, 28], pixels))
        );
        File.WriteAllBytes(Path.Combine(folder, "t10k-labels-idx1-ubyte"), IdxWriter.Bytes([labels.Length], labels));
    }

    /// <summary>Writes a card for a network and its formula weights beside it.</summary>
    public static string WriteModel(
        TemporaryFolder folder,
        ClassifierOptions options,
        WeightSet? weights = null,
        WeightsCard? source = null,
        int side = 64
    )
    {
        weights ??= FormulaWeights.Create(options.CreateDefinition().Build(new Shape(1, options.InChannels, side, side)).Parameters);
        CheckpointWriter.SaveSafetensors(folder.File("weights.safetensors"), StateDict.From(weights).Tensors);
        ModelCard card = new()
        {
            Name = "custom",
            Options = options,
            Labels = [.. Enumerable.Range(0, options.NumClasses).Select(label => $"{label}")],
            Preprocess = new PreprocessCard { Width = side, Height = side },
            Weights = source ?? new WeightsCard { File = "weights.safetensors" },
        };
        File.WriteAllText(folder.File("card.json"), card.ToJson());
        return folder.File("card.json");
    }

    public static MogaNetOptions Small { get; } =
        new() { Arch = new MogaNetArch([8, 8, 16, 16], [1, 1, 1, 1], [4, 4, 2, 2]), NumClasses = 10 };
}
