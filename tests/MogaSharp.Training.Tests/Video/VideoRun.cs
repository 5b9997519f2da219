using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Training.Tests;

/// <summary>A SimVP, a recipe and clips so small that a run takes seconds.</summary>
internal static class VideoRun
{
    public const int Frames = 4,
        Side = 16;

    /// <summary>4 updates an epoch, of two parts each, under a one-cycle schedule.</summary>
    public static TrainingRecipe Recipe { get; } =
        RecipePresets.Find("mmnist") with
        {
            Name = "small",
            Epochs = 3,
            BatchSize = 8,
            AccumulationSteps = 2,
            LearningRate = 5e-3,
            LearningRateBatch = 8,
            EvalClips = null,
            DropPath = 0.1,
            Seed = 7,
        };

    public static ModelCard Card { get; } =
        new()
        {
            Name = "small",
            Options = new SimVpOptions
            {
                InShape = [Frames, 1, Side, Side],
                HidS = 4,
                HidT = 16,
                NS = 2,
                NT = 2,
                ModelType = TranslatorKind.Moga,
            },
            Preprocess = new PreprocessCard
            {
                Width = Side,
                Height = Side,
                Mean = [0],
                Std = [1],
            },
            Clip = new ClipCard { OutFrames = Frames },
        };

    public static ClipTrainingData Data(TrainingRecipe recipe, ProcessShare? share = null, int workers = 2, int outputFrames = Frames) =>
        new(new Bars(36, 1, outputFrames), new Bars(11, 2, outputFrames), recipe, workers, share);

    public static Trainer Start(
        TemporaryFolder folder,
        string run,
        ITrainingData data,
        TrainingRecipe recipe,
        ITrainingObserver? observer = null,
        TrainerOptions? options = null,
        ModelCard? card = null
    )
    {
        Directory.CreateDirectory(folder.File(run));
        options ??= new TrainerOptions { Folder = "" };
        card ??= Card;
        WeightSet weights = InitialWeights.Fresh(Trainer.BuildGraph(card, recipe).Parameters, recipe.Seed).Weights;
        return new Trainer(
            card,
            weights,
            recipe,
            data,
            options with
            {
                Folder = folder.File(run),
                LogEvery = 2,
            },
            observer ?? new SmallRun.Recorder()
        );
    }

    /// <summary>A bright bar that moves on by a pixel from frame to frame; where it starts depends on seed and clip, and in training on the
    /// epoch.</summary>
    internal sealed class Bars(int count, int seed, int outputFrames) : IClipDataset
    {
        public int Count => count;

        public ClipShape Shape => new(Frames, outputFrames, 1, Side, Side);

        public string NameOf(int index) => $"clip {index}";

        public void Read(int index, RandomStream random, Span<float> input, Span<float> output)
        {
            int start = seed == 1 ? random.NextInt(Side) : index * 5 % Side;
            input.Clear();
            output.Clear();
            for (int t = 0; t < Frames + outputFrames; t++)
            {
                Span<float> frame =
                    t < Frames ? input.Slice(t * Side * Side, Side * Side) : output.Slice((t - Frames) * Side * Side, Side * Side);
                for (int y = 0; y < Side; y++)
                    frame[(y * Side) + ((start + t) % Side)] = 0.9f;
            }
        }
    }
}
