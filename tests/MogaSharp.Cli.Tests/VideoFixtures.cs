using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests;

/// <summary>Clips and a small model for them.</summary>
internal static class VideoFixtures
{
    public static SimVpOptions Small { get; } =
        new()
        {
            InShape = [3, 1, 16, 16],
            HidS = 8,
            HidT = 16,
            NS = 2,
            NT = 2,
            ModelType = TranslatorKind.Moga,
            MlpRatio = 2,
        };

    public static string Sample(string name) => Path.Combine(Fixtures.Samples, "clips", name);

    /// <summary>Writes a card with fresh weights beside it.</summary>
    public static string WriteModel(
        TemporaryFolder folder,
        SimVpOptions? options = null,
        int outFrames = 3,
        params IEnumerable<KeyValuePair<string, double>> metrics
    )
    {
        options ??= Small;
        ModelCard card = new()
        {
            Name = "custom_video",
            Options = options,
            Preprocess = new PreprocessCard
            {
                Width = options.InShape[3],
                Height = options.InShape[2],
                Mean = [0],
                Std = [1],
            },
            Clip = new ClipCard { OutFrames = outFrames },
            Weights = new WeightsCard { File = "video.safetensors" },
        };
        card = card with { Metrics = card.Metrics.AddRange(metrics) };
        WeightSet weights = FormulaWeights.Create(card.CreateDefinition().Build(card.InputShape()).Parameters);
        CheckpointWriter.SaveSafetensors(folder.File("video.safetensors"), StateDict.From(weights).Tensors);
        File.WriteAllText(folder.File("video.json"), card.ToJson());
        return folder.File("video.json");
    }
}
