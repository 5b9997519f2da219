using System.Text.Json;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Training;

namespace MogaSharp.Cli.Tests;

/// <summary>What the contract of all tasks needs of one: a small model and data, and how the command uses it.</summary>
internal sealed record TaskCase
{
    /// <summary>All tasks; one that is missing here fails the contract.</summary>
    public static IReadOnlyDictionary<ModelTask, TaskCase> All { get; } =
        new Dictionary<ModelTask, TaskCase>
        {
            [ModelTask.Classification] = new()
            {
                Prepare = WriteImages,
                Figure = "top1",
                Verb = (folder, model) => ["classify", folder.File("item.png"), "--model", model, "--json"],
                BadItem = (folder, model) => ["classify", folder.File("card.json"), "--model", model, "--json"],
                Recipe = TrainFixture.Recipe with { EmaDecay = null },
            },
            [ModelTask.Video] = new()
            {
                Prepare = WriteClips,
                Figure = "mse",
                Verb = (folder, model) =>
                    ["predict", VideoFixtures.Sample("moving_mnist.gif"), "--model", model, "--output", folder.File("predicted"), "--json"],
                BadItem = (folder, model) => ["predict", folder.File("card.json"), "--model", model, "--json"],
                Recipe = RecipePresets.Find("mmnist") with { Name = "small", Epochs = 2, BatchSize = 4 },
            },
            [ModelTask.Segmentation] = new()
            {
                Prepare = folder => WriteScenes(folder, DenseModels.WriteSceneSegmentor),
                Figure = "aacc",
                Verb = (folder, model) => ["segment", folder.File("item.png"), "--model", model, "--json"],
                BadItem = (folder, model) => ["segment", folder.File("card.json"), "--model", model, "--json"],
                Recipe = RecipePresets.Find("fpn-80k-ade20k") with
                {
                    Name = "small",
                    Updates = null,
                    Epochs = 2,
                    BatchSize = 4,
                    Segmentation = new() { CropSize = [64, 64], Scale = [64, 64] },
                },
            },
            [ModelTask.Pose] = new()
            {
                Prepare = folder => WriteScenes(folder, DenseModels.WritePose),
                Figure = "loss",
                Verb = (folder, model) => ["pose", folder.File("item.png"), "--model", model, "--json"],
                BadItem = (folder, model) => ["pose", folder.File("card.json"), "--model", model, "--json"],
                Recipe = RecipePresets.Find("coco-pose-210e") with { Name = "small", Epochs = 2, BatchSize = 4, Milestones = [] },
            },
            [ModelTask.Detection] = new()
            {
                Prepare = folder => WriteScenes(folder, DenseModels.WriteSceneDetector),
                Figure = "box_ap",
                Verb = (folder, model) => ["detect", folder.File("item.png"), "--model", model, "--json"],
                BadItem = (folder, model) => ["detect", folder.File("card.json"), "--model", model, "--json"],
                Recipe = RecipePresets.Find("mask-rcnn-1x") with
                {
                    Name = "small",
                    Epochs = 2,
                    BatchSize = 4,
                    Milestones = [],
                    Detection = new()
                    {
                        Scale = [64, 64],
                        AnchorSamples = 2048,
                        RegionSamples = 16,
                        Proposals = 50,
                    },
                },
            },
        };

    /// <summary>Writes <c>card.json</c> and data into a folder and names the data.</summary>
    public required Func<TemporaryFolder, string> Prepare { get; init; }

    /// <summary>A figure that training and <c>moga eval --json</c> both have.</summary>
    public required string Figure { get; init; }

    /// <summary>A small recipe of at least 4 updates.</summary>
    public required TrainingRecipe Recipe { get; init; }

    /// <summary>The command line that uses a model on one item, printing JSON.</summary>
    public required Func<TemporaryFolder, string, string[]> Verb { get; init; }

    /// <summary>The same for something that is not an item.</summary>
    public required Func<TemporaryFolder, string, string[]> BadItem { get; init; }

    /// <summary>A number in JSON under a name, however deep.</summary>
    public static double Find(JsonElement json, string name)
    {
        if (json.ValueKind == JsonValueKind.Object)
        {
            if (json.TryGetProperty(name, out JsonElement found) && found.ValueKind == JsonValueKind.Number)
                return found.GetDouble();
            foreach (JsonProperty property in json.EnumerateObject())
                if (Find(property.Value, name) is var inner && !double.IsNaN(inner))
                    return inner;
        }

        return double.NaN;
    }

    private static string WriteImages(TemporaryFolder folder)
    {
        Fixtures.WriteModel(folder, Fixtures.Small with { NumClasses = 4 }, side: 16);
        TrainFixture.WriteIdx(folder, "idx", train: 48, classes: 4);
        File.Copy(Path.Combine(Fixtures.Samples, "bag_0018.png"), folder.File("item.png"));
        return $"idx:{folder.File("idx")}";
    }

    private static string WriteScenes(TemporaryFolder folder, Func<TemporaryFolder, string> write)
    {
        write(folder);
        TrainFixture.WriteIdx(folder, "digits", train: 20, classes: 10);
        File.Copy(Path.Combine(Fixtures.Samples, "bag_0018.png"), folder.File("item.png"));
        return $"scenes:{folder.File("digits")}?count=16&testcount=4&size=64x64";
    }

    private static string WriteClips(TemporaryFolder folder)
    {
        File.WriteAllText(
            folder.File("card.json"),
            """
            {
              "name": "custom", "family": "simvp",
              "options": { "in_shape": [10, 1, 64, 64], "hid_s": 4, "hid_t": 8, "n_s": 2, "n_t": 2, "model_type": "incepu" },
              "preprocess": { "width": 64, "height": 64, "mean": [0], "std": [1] }, "clip": { "out_frames": 10 }
            }
            """
        );
        Directory.CreateDirectory(folder.File("digits"));
        foreach ((string part, int seed) in new[] { ("train", 1), ("t10k", 2) })
        {
            byte[] pixels = new byte[20 * 100];
            new Random(seed).NextBytes(pixels);
            File.WriteAllBytes(folder.File($"digits/{part}-images-idx3-ubyte"), IdxWriter.Bytes([20, 10, 10], pixels));
        }

        return $"moving-mnist:{folder.File("digits")}?in=2&out=2&clips=16&testclips=4";
    }
}
