using System.Collections.Immutable;

namespace MogaSharp.Training;

/// <summary>
/// The official ImageNet-1k settings of the networks that MogaNet is measured against, under the networks' own names: facebookresearch/ConvNeXt
/// (<c>TRAINING.md</c>, <c>main.py</c>), raoyongming/HorNet (likewise), microsoft/Swin-Transformer (<c>config.py</c>, <c>configs/swin</c>), hkzhang91/ParC-Net
/// (<c>edgeformer_s.yaml</c>). What they share with timm's script is the recipe's default.
/// </summary>
internal static class ComparatorPresets
{
    private static readonly TrainingRecipe ConvNeXt = new()
    {
        BatchSize = 4096,
        LearningRate = 4e-3,
        LearningRateBatch = 4096,
        ScheduleUnit = ScheduleUnit.Update,
        WarmupEpochs = 20,
        WarmupLearningRate = 0,
        MinLearningRate = 1e-6,
        CooldownEpochs = 0,
        Interpolation = "bicubic",
        EvalCrop = 0.875,
        EmaDecay = 0.9999,
    };

    // HorNet's script is ConvNeXt's with clipped gradients.
    private static readonly TrainingRecipe HorNetLarge = ConvNeXt with { Epochs = 90, WarmupEpochs = 5, WeightDecay = 0.1, DropPath = 0.2, EmaDecay = null };

    // The smallest rates are given for 512 pictures there, and scale with the batch of 1024.
    private static readonly TrainingRecipe Swin = new()
    {
        LearningRate = 5e-4,
        LearningRateBatch = 512,
        ScheduleUnit = ScheduleUnit.Update,
        WarmupEpochs = 20,
        WarmupLearningRate = 1e-6,
        MinLearningRate = 1e-5,
        CooldownEpochs = 0,
        ClipGradient = 5,
        NoWeightDecay = ["relative_position_bias_table"],
        Interpolation = "bicubic",
        Amp = Precision.Fp16,
    };

    // The official sampler also varies the pictures' size from 160 to 320 pixels; here it is 256 throughout.
    private static readonly TrainingRecipe ParCNet = new()
    {
        Name = "parcnet-s",
        ImageSize = 256,
        EvalCrop = 256.0 / 288,
        LearningRate = 4e-3,
        WeightDecay = 0.025,
        WarmupEpochs = 2.4,
        WarmupLearningRate = 4e-4,
        MinLearningRate = 4e-4,
        CooldownEpochs = 0,
        Drop = 0.2,
        RandAugment = "",
        ColorJitter = [0],
        Interpolation = "bilinear",
        RandomErasing = 0,
        Mixup = 0,
        Cutmix = 0,
        EmaDecay = 0.9995,
        Amp = Precision.Fp16,
    };

    /// <summary>All, in the order of listing.</summary>
    public static ImmutableArray<TrainingRecipe> All { get; } =
    [
        ConvNeXt with { Name = "convnext-tiny", DropPath = 0.1 },
        ConvNeXt with { Name = "convnext-small", DropPath = 0.4 },
        ConvNeXt with { Name = "convnext-base", DropPath = 0.5 },
        ConvNeXt with { Name = "convnext-large", DropPath = 0.5 },
        ConvNeXt with { Name = "hornet-tiny-7x7", DropPath = 0.2, ClipGradient = 100 },
        ConvNeXt with { Name = "hornet-tiny-gf", DropPath = 0.2, ClipGradient = 1 },
        ConvNeXt with { Name = "hornet-small-7x7", DropPath = 0.4, ClipGradient = 5 },
        ConvNeXt with { Name = "hornet-small-gf", DropPath = 0.4, ClipGradient = 1, RandAugment = "rand-m12-mstd0.5-inc1" },
        ConvNeXt with { Name = "hornet-base-7x7", DropPath = 0.5, ClipGradient = 5 },
        ConvNeXt with { Name = "hornet-base-gf", DropPath = 0.5, ClipGradient = 1, RandAugment = "rand-m15-mstd0.5-inc1" },
        // The settings of pre-training on ImageNet-22k; from scratch on ImageNet-1k there are none.
        HorNetLarge with { Name = "hornet-large-7x7", ClipGradient = 5 },
        HorNetLarge with { Name = "hornet-large-gf", ClipGradient = 1 },
        Swin with { Name = "swin-tiny", DropPath = 0.2 },
        Swin with { Name = "swin-small", DropPath = 0.3 },
        Swin with { Name = "swin-base", DropPath = 0.5 },
        ParCNet,
    ];

    /// <summary>The preset's name of a model; the model's own when it is none of these.</summary>
    /// <param name="model">A model's name with hyphens, such as <c>swin-tiny-patch4-window7-224</c>.</param>
    public static string NameOf(string model) =>
        model.StartsWith("swin-", StringComparison.Ordinal) && model.IndexOf("-patch", StringComparison.Ordinal) is > 0 and var end ? model[..end] : model;
}
