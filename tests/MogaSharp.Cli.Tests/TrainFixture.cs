using System.Diagnostics;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Cli.Tests;

/// <summary>A folder with a small data set, a small model and a recipe for it, and runs of <c>moga train</c> in it.</summary>
internal sealed class TrainFixture : IDisposable
{
    private const int Classes = 4,
        Side = 12;

    public TrainFixture(int train = 72)
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        WriteIdx("idx", train, Classes);
        Fixtures.WriteModel(Folder, Fixtures.Small with { NumClasses = Classes }, side: 16);
        File.WriteAllText(Folder.File("recipe.json"), RecipeJson.ToJson(Recipe));
    }

    public TemporaryFolder Folder { get; } = new();

    /// <summary>9 updates an epoch with 72 pictures, 3 epochs.</summary>
    public static TrainingRecipe Recipe { get; } =
        new()
        {
            Name = "small",
            ImageSize = 16,
            Squash = true,
            Epochs = 2,
            CooldownEpochs = 1,
            WarmupEpochs = 1,
            BatchSize = 8,
            LearningRateBatch = 8,
            LearningRate = 4e-3,
            DropPath = 0.1,
            RandAugment = "rand-m5-mstd0.5-inc1",
            EmaDecay = 0.9,
        };

    public string Run => Folder.File("run");

    public void Dispose() => Folder.Dispose();

    /// <summary>The arguments of a new run.</summary>
    public string[] Arguments(params string[] more) =>
        [
            "train",
            "--model",
            Folder.File("card.json"),
            "--data",
            $"idx:{Folder.File("idx")}",
            "--recipe",
            Folder.File("recipe.json"),
            "--output",
            Run,
            "--device",
            "cpu",
            "--threads",
            "1",
            .. more,
        ];

    public Task<Outcome> TrainAsync(params string[] more) => Moga.RunAsync(Arguments(more));

    public Task<Outcome> ResumeAsync(params string[] more) =>
        Moga.RunAsync(["train", "--resume", "--output", Run, "--device", "cpu", "--threads", "1", .. more]);

    /// <summary>Gray pictures with a bright bar whose place is the class.</summary>
    public void WriteIdx(string name, int train, int classes, int test = 12) => WriteIdx(Folder, name, train, classes, test);

    /// <inheritdoc cref="WriteIdx(string, int, int, int)"/>
    public static void WriteIdx(TemporaryFolder folder, string name, int train, int classes, int test = 12)
    {
        Directory.CreateDirectory(folder.File(name));
        foreach ((string part, int count, int seed) in new[] { ("train", train, 1), ("t10k", test, 2) })
        {
            var random = new Random(seed);
            byte[] labels = [.. Enumerable.Range(0, count).Select(i => (byte)(i % classes))];
            byte[] pixels = new byte[count * Side * Side];
            for (int i = 0; i < pixels.Length; i++)
                pixels[i] = (byte)(random.Next(80) + (i % (Side * Side) / Side * classes / Side == labels[i / (Side * Side)] ? 150 : 0));
            File.WriteAllBytes(Path.Combine(folder.File(name), $"{part}-images-idx3-ubyte"), IdxWriter.Bytes([count, Side, Side], pixels));
            File.WriteAllBytes(Path.Combine(folder.File(name), $"{part}-labels-idx1-ubyte"), IdxWriter.Bytes([count], labels));
        }
    }

    public static long UpdateOf(string path)
    {
        using LoadedTrainingCheckpoint checkpoint = LoadedTrainingCheckpoint.Open(path);
        checkpoint.Verify();
        return checkpoint.Content.Progress.Update;
    }

    public static Dictionary<string, byte[]> State(string path)
    {
        using LoadedTrainingCheckpoint checkpoint = LoadedTrainingCheckpoint.Open(path);
        return checkpoint.Content.Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.ToBytes());
    }

    /// <summary>Waits until a run's newest checkpoint has at least so many updates, or the process ends.</summary>
    public async Task UntilUpdateAsync(Process process, long update)
    {
        while (!process.HasExited)
        {
            if (Newest() >= update)
                return;
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    // The file may be given another name between the two looks at it.
    private long Newest()
    {
        string path = Path.Combine(Run, "last.safetensors");
        try
        {
            return File.Exists(path) ? UpdateOf(path) : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
