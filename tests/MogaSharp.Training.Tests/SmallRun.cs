using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Torch;

namespace MogaSharp.Training.Tests;

/// <summary>A network, a recipe and pictures so small that a run takes a second.</summary>
internal static class SmallRun
{
    public const int Classes = 4;

    /// <summary>Everything random is on: drop path, augmentation, mixing, erasing; 4 updates an epoch, of two parts each.</summary>
    public static TrainingRecipe Recipe { get; } =
        new()
        {
            Name = "small",
            ImageSize = 16,
            Squash = true,
            EvalCrop = 1,
            Epochs = 4,
            CooldownEpochs = 1,
            WarmupEpochs = 1,
            BatchSize = 8,
            AccumulationSteps = 2,
            LearningRate = 4e-3,
            LearningRateBatch = 8,
            ScheduleUnit = ScheduleUnit.Update,
            DropPath = 0.2,
            Drop = 0.1,
            RandAugment = "rand-m5-mstd0.5-inc1",
            Shift = 2,
            EmaDecay = 0.9,
            ClipGradient = 5,
            Seed = 7,
        };

    public static ModelCard Card { get; } =
        new()
        {
            Name = "small",
            Options = new MogaNetOptions { Arch = new MogaNetArch([8, 8, 16, 16], [1, 1, 1, 1], [4, 4, 2, 2]), NumClasses = Classes },
            Preprocess = ImageTrainingData.Preprocessing(
                Recipe,
                new PreprocessCard
                {
                    Width = 16,
                    Height = 16,
                    Mean = [0.5f],
                    Std = [0.25f],
                }
            ),
        };

    public static void RequireTorch() => Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);

    /// <summary>Gray pictures with a bright bar whose place is the class, and noise.</summary>
    public static void WriteIdx(string folder, int train = 36, int test = 10)
    {
        Directory.CreateDirectory(folder);
        foreach ((string name, int count, int seed) in new[] { ("train", train, 1), ("t10k", test, 2) })
        {
            var random = new Random(seed);
            byte[] labels = [.. Enumerable.Range(0, count).Select(i => (byte)(i % Classes))];
            byte[] pixels = new byte[count * 144];
            for (int i = 0; i < pixels.Length; i++)
                pixels[i] = (byte)(random.Next(80) + (i % 144 / 12 / 3 == labels[i / 144] ? 150 : 0));
            File.WriteAllBytes(Path.Combine(folder, $"{name}-images-idx3-ubyte"), IdxWriter.Bytes([count, 12, 12], pixels));
            File.WriteAllBytes(Path.Combine(folder, $"{name}-labels-idx1-ubyte"), IdxWriter.Bytes([count], labels));
        }
    }

    public static ImageTrainingData Data(string folder, TrainingRecipe recipe, int workers = 2, ProcessShare? share = null) =>
        new(new IdxDataset(folder, DatasetSplit.Train), new IdxDataset(folder, DatasetSplit.Test), recipe, Card.Preprocess, workers, share);

    public static WeightSet Weights(TrainingRecipe recipe) =>
        InitialWeights.Fresh(Trainer.BuildGraph(Card, recipe).Parameters, recipe.Seed).Weights;

    public static Trainer Start(
        TemporaryFolder folder,
        string run,
        ITrainingData data,
        TrainingRecipe recipe,
        ITrainingObserver? observer = null,
        TrainerOptions? options = null
    )
    {
        Directory.CreateDirectory(folder.File(run));
        options ??= new TrainerOptions { Folder = "" };
        return new Trainer(
            Card,
            Weights(recipe),
            recipe,
            data,
            options with
            {
                Folder = folder.File(run),
                LogEvery = 2,
            },
            observer ?? new Recorder()
        );
    }

    /// <summary>The bytes of everything that a run consists of.</summary>
    public static Dictionary<string, byte[]> State(Trainer trainer) =>
        trainer.Capture().Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.ToBytes());

    internal sealed class Recorder : ITrainingObserver
    {
        public List<string> Messages { get; } = [];

        public List<EpochRecord> Epochs { get; } = [];

        public List<TrainingStatus> Statuses { get; } = [];

        public Action<TrainingStatus>? OnStatus { get; init; }

        public void OnProgress(in TrainingStatus status)
        {
            Statuses.Add(status);
            OnStatus?.Invoke(status);
        }

        public void OnEpoch(EpochRecord record) => Epochs.Add(record);

        public void OnMessage(string message) => Messages.Add(message);
    }
}
