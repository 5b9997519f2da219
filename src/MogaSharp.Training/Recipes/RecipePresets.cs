using System.Collections.Immutable;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>
/// Recipes by name: the official ImageNet-1k settings of each size (Westlake-AI/MogaNet, <c>TRAINING.md</c>), the RSB A3 settings
/// (Westlake-AI/openmixup, <c>configs/classification/imagenet/moganet</c>), those of SimVP on Moving MNIST (Westlake-AI/MogaNet,
/// <c>video_prediction/configs/mmnist/simvp</c>), and the one that trained the classifier shipped here.
/// </summary>
public static class RecipePresets
{
    private const string MovingMnistName = "mmnist";

    private static readonly TrainingRecipe Small = new()
    {
        Name = "s",
        WeightDecay = 0.05,
        DropPath = 0.1,
        MinLearningRate = 1e-5,
        EmaDecay = 0.9999,
    };

    private static readonly TrainingRecipe Tiny = new()
    {
        Name = "t",
        WeightDecay = 0.04,
        DropPath = 0.1,
        RandAugment = "rand-m7-mstd0.5-inc1",
        Mixup = 0.1,
        Amp = Precision.Fp16,
    };

    private static readonly TrainingRecipe RsbA3 = new()
    {
        Name = "rsb-a3",
        ImageSize = 160,
        EvalImageSize = 224,
        EvalCrop = 0.95,
        Epochs = 100,
        CooldownEpochs = 0,
        BatchSize = 2048,
        LearningRate = 6e-3,
        LearningRateBatch = 2048,
        Optimizer = OptimizerKind.Lamb,
        Epsilon = 1e-6,
        WeightDecay = 0.02,
        NoWeightDecay = ["scale"],
        ScheduleUnit = ScheduleUnit.Update,
        WarmupLearningRate = 6e-8,
        MinLearningRate = 1e-6,
        RandAugment = "rand-m6-mstd0.5-inc1",
        Interpolation = "bicubic",
        RandomErasing = 0,
        Mixup = 0.1,
        LabelSmoothing = 0,
        Loss = LossKind.BinaryCrossEntropy,
    };

    private static readonly TrainingRecipe Fashion = new()
    {
        Name = "fashion-mnist",
        ImageSize = 64,
        EvalCrop = 1,
        Mean = [0.2860],
        Std = [0.3530],
        Squash = true,
        Epochs = 36,
        CooldownEpochs = 0,
        BatchSize = 512,
        LearningRate = 1e-3,
        LearningRateBatch = 512,
        ScheduleUnit = ScheduleUnit.Update,
        WarmupEpochs = 2,
        WarmupLearningRate = 0,
        MinLearningRate = 1e-6,
        WeightDecay = 0.05,
        DropPath = 0.05,
        ClipGradient = 5,
        RandAugment = "",
        ColorJitter = [0],
        Interpolation = "bicubic",
        Shift = 6,
        RandomErasing = 0,
        Mixup = 0,
        Cutmix = 0,
        Seed = 0,
    };

    // One rate for every update, no decay, no clipping; the official loop looks at about the first thousand test clips after each epoch.
    private static readonly TrainingRecipe MovingMnist = new()
    {
        Name = MovingMnistName,
        Task = ModelTask.Video,
        ImageSize = 64,
        Epochs = 200,
        CooldownEpochs = 0,
        BatchSize = 16,
        LearningRate = 1e-3,
        LearningRateBatch = 16,
        Optimizer = OptimizerKind.Adam,
        WeightDecay = 0,
        Schedule = ScheduleKind.OneCycle,
        ScheduleUnit = ScheduleUnit.Update,
        WarmupEpochs = 0,
        RandAugment = "",
        ColorJitter = [0],
        HorizontalFlip = 0,
        RandomErasing = 0,
        Mixup = 0,
        Cutmix = 0,
        LabelSmoothing = 0,
        Loss = LossKind.MeanSquaredError,
        EvalClips = 1000,
    };

    /// <summary>All presets, in the order of listing.</summary>
    public static ImmutableArray<TrainingRecipe> All { get; } =
    [
        Tiny with { Name = "xt", WeightDecay = 0.03, DropPath = 0.05 },
        Tiny,
        Small,
        Small with { Name = "b", DropPath = 0.2 },
        Small with { Name = "l", DropPath = 0.3 },
        // The official command runs 8 x 64 pictures at the same learning rate.
        Small with { Name = "xl", DropPath = 0.4, BatchSize = 512, LearningRateBatch = 512 },
        RsbA3,
        .. ComparatorPresets.All,
        Fashion,
        MovingMnist,
        // For a processor: fewer epochs and clips to look at; the model is made smaller by its own options.
        MovingMnist with { Name = "mmnist-small", Epochs = 10, EvalClips = 200 },
    ];

    /// <summary>A preset by name, in any case; the sizes also by their longer names (<c>tiny</c>, <c>moganet_tiny</c>).</summary>
    /// <param name="name">The preset.</param>
    /// <param name="model">The model to train: <c>rsb-a3</c> takes its drop path from the model's size, <c>mmnist</c> its learning rate from the translator.</param>
    /// <exception cref="RecipeException">There is none; the message lists those there are.</exception>
    public static TrainingRecipe Find(string name, string? model = null)
    {
        TrainingRecipe found = TryFind(name) ?? throw new RecipeException(
            $"There is no preset '{name}'; {NameDistance.Choices(name, [.. All.Select(recipe => recipe.Name)])}.");
        if (found == RsbA3 && model is not null && TryFind(model) is { } size) return found with { DropPath = size.DropPath };
        return found.Task == ModelTask.Video && model is not null ? found with { LearningRate = VideoLearningRate(model) } : found;
    }

    /// <summary>The preset of a model's size, or of a video model's data; null when there is none for it.</summary>
    /// <param name="model">The model's name, such as <c>moganet_tiny</c> or <c>simvp_moga_mmnist</c>.</param>
    public static TrainingRecipe? TryFind(string model)
    {
        string plain = model.Trim().ToLowerInvariant().Replace('_', '-');
        if (plain.StartsWith("simvp-", StringComparison.Ordinal) && plain.EndsWith($"-{MovingMnistName}", StringComparison.Ordinal)) return Find(MovingMnistName, plain);
        if (plain.StartsWith("simvp-", StringComparison.Ordinal) && plain.EndsWith($"-{MovingMnistName}-ep2000", StringComparison.Ordinal)) return Find(MovingMnistName, plain) with { Epochs = 2000 };
        if (plain.StartsWith("moganet-", StringComparison.Ordinal)) plain = plain["moganet-".Length..];
        plain = plain switch
        {
            "xtiny" or "x-tiny" => "xt",
            "tiny" => "t",
            "small" => "s",
            "base" => "b",
            "large" => "l",
            "xlarge" or "x-large" => "xl",
            _ => ComparatorPresets.NameOf(plain),
        };
        return All.FirstOrDefault(recipe => recipe.Name == plain);
    }

    // The official configurations differ in nothing else.
    private static double VideoLearningRate(string model) =>
        model.Contains("convmixer", StringComparison.OrdinalIgnoreCase) || model.Contains("convnext", StringComparison.OrdinalIgnoreCase) ? 1e-2
        : model.Contains("uniformer", StringComparison.OrdinalIgnoreCase) ? 5e-4
        : MovingMnist.LearningRate;
}
