using System.Collections.Immutable;
using System.Text.Json;
using MogaSharp.Data;

namespace MogaSharp.Training;

/// <summary>What must hold of a recipe.</summary>
internal static class RecipeRules
{
    public static void Check(TrainingRecipe r)
    {
        Require(r.ImageSize is >= 8 and <= 4096, "image_size", "lies from 8 to 4096");
        Require(r.EvalImageSize is null or (>= 8 and <= 4096), "eval_image_size", "lies from 8 to 4096");
        Require(r.EvalCrop is > 0 and <= 1, "eval_crop", "lies above 0 and at most at 1");
        Require(
            !r.Mean.IsDefault && r.Mean.Length is 0 or 1 or 3 && r.Mean.All(double.IsFinite),
            "mean",
            "is empty, or one finite number or three"
        );
        Require(!r.Std.IsDefault && r.Std.Length is 0 or 1 or 3 && r.Std.All(Positive), "std", "is empty, or one number above 0 or three");
        Require(r.Epochs is >= 1 and <= 100_000, "epochs", "is 1 or more");
        Require(r.Updates is null or (>= 1 and <= 1_000_000_000), "updates", "is 1 or more");
        Require(r.WarmupUpdates is null or >= 0, "warmup_updates", "is not negative");
        Require(
            r.WarmupUpdates is null || r.ScheduleUnit == ScheduleUnit.Update,
            "warmup_updates",
            "is for schedules that change with every update"
        );
        Require(
            !r.Milestones.IsDefault && r.Milestones.All(Positive) && r.Milestones.Order().SequenceEqual(r.Milestones),
            "milestones",
            "are numbers above 0 in ascending order"
        );
        Require(Positive(r.PolyPower), "poly_power", "is above 0");
        Require(r.CooldownEpochs is >= 0 and <= 100_000, "cooldown_epochs", "is not negative");
        Require(r.BatchSize is >= 1 and <= 1_000_000, "batch_size", "is 1 or more");
        Require(
            r.AccumulationSteps >= 1 && r.BatchSize % r.AccumulationSteps == 0,
            "accumulation_steps",
            $"divides the batch of {r.BatchSize}"
        );
        Require(Positive(r.LearningRate), "learning_rate", "is above 0");
        Require(r.LearningRateBatch >= 1, "learning_rate_batch", "is 1 or more");
        Require(
            !r.Betas.IsDefault && r.Betas.Length == 2 && r.Betas.All(b => b is >= 0 and < 1),
            "betas",
            "are two numbers from 0 to below 1"
        );
        Require(Positive(r.Epsilon), "epsilon", "is above 0");
        Require(r.Momentum is >= 0 and < 1, "momentum", "lies from 0 to below 1");
        Require(r.WeightDecay is >= 0 and < 1e3, "weight_decay", "is not negative");
        Require(r.ClipGradient is null || Positive(r.ClipGradient.Value), "clip_gradient", "is above 0");
        Require(r.WarmupEpochs >= 0 && r.WarmupEpochs < r.Epochs, "warmup_epochs", $"is not negative and below the {r.Epochs} epochs");
        Require(r.WarmupLearningRate is >= 0 and < 1e3, "warmup_learning_rate", "is not negative");
        Require(r.MinLearningRate is >= 0 and < 1e3, "min_learning_rate", "is not negative");
        Require(Positive(r.DecayEpochs), "decay_epochs", "is above 0");
        Require(Positive(r.DecayRate), "decay_rate", "is above 0");
        Require(r.DropPath is >= 0 and < 1, "drop_path", "lies from 0 to below 1");
        Require(r.Drop is >= 0 and < 1, "drop", "lies from 0 to below 1");
        CheckPolicy(r.RandAugment);
        Require(
            !r.ColorJitter.IsDefault && r.ColorJitter.Length is 1 or 3 or 4 && r.ColorJitter.All(strength => strength is >= 0 and <= 1),
            "color_jitter",
            "is one number from 0 to 1, or three or four"
        );
        Require(r.ColorJitter.Length < 4 || r.ColorJitter[3] <= 0.5, "color_jitter", "has a hue of at most 0.5");
        Require(IsRange(r.CropScale) && r.CropScale[1] <= 1, "crop_scale", "are two numbers in order, above 0 and at most 1");
        Require(IsRange(r.CropRatio), "crop_ratio", "are two numbers in order, above 0");
        Require(r.Shift is >= 0 and <= 1024, "shift", "is not negative");
        Require(r.Interpolation is "random" or "bilinear" or "bicubic", "interpolation", "is random, bilinear or bicubic");
        foreach (
            (string name, double value) in new[]
            {
                ("horizontal_flip", r.HorizontalFlip),
                ("vertical_flip", r.VerticalFlip),
                ("random_erasing", r.RandomErasing),
                ("mix_probability", r.MixProbability),
                ("mix_switch_probability", r.MixSwitchProbability),
            }
        )
            Require(value is >= 0 and <= 1, name, "is a probability from 0 to 1");
        Require(r.Mixup is >= 0 and < 1e3, "mixup", "is not negative");
        Require(r.Cutmix is >= 0 and < 1e3, "cutmix", "is not negative");
        Require(r.MixOffEpoch >= 0, "mix_off_epoch", "is not negative");
        Require(r.LabelSmoothing is >= 0 and < 1, "label_smoothing", "lies from 0 to below 1");
        Require(r.BinaryTargetThreshold is null or (>= 0 and < 1), "binary_target_threshold", "lies from 0 to below 1");
        Require(r.AugmentationRepeats is >= 0 and <= 64, "augmentation_repeats", "lies from 0 to 64");
        Require(r.EmaDecay is null or (> 0 and < 1), "ema_decay", "lies between 0 and 1");
        Require(r.LayerDecay is null or (> 0 and <= 1), "layer_decay", "lies above 0 and at most at 1");
        Require(r.FrozenStages is >= 0 and <= 16, "frozen_stages", "lies from 0 to 16");
        Require(r.EvalClips is null or >= 1, "eval_clips", "is 1 or more");
        ImmutableArray<LossKind> losses = TaskTraining.Of(r.Task).Losses;
        Require(
            losses.Contains(r.Loss),
            "loss",
            $"is {string.Join(" or ", losses.Select(loss => JsonNamingPolicy.SnakeCaseLower.ConvertName(loss.ToString())))} for {r.Task}"
        );
        r.Segmentation?.Check(Require);
        r.Pose?.Check(Require);
        r.Detection?.Check(Require);
        Require(r.MaxNonFinite >= 1, "max_non_finite", "is 1 or more");
    }

    private static bool Positive(double value) => value > 0 && double.IsFinite(value);

    private static bool IsRange(ImmutableArray<double> range) =>
        !range.IsDefault && range.Length == 2 && range[0] > 0 && range[0] <= range[1] && double.IsFinite(range[1]);

    private static void Require(bool condition, string field, string rule)
    {
        if (!condition)
            throw new RecipeException($"The recipe breaks a rule: {field} {rule}.");
    }

    private static void CheckPolicy(string policy)
    {
        try
        {
            if (policy.Length > 0)
                _ = RandAugment.Parse(policy);
        }
        catch (FormatException e)
        {
            throw new RecipeException($"The recipe breaks a rule: rand_augment {e.Message}.", e);
        }
    }
}

/// <summary>A recipe that cannot be used, or a name or value that is none.</summary>
public sealed class RecipeException : MogaException
{
    /// <summary>Keeps the message.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="inner">The cause, or null.</param>
    public RecipeException(string message, Exception? inner = null)
        : base(message, inner) { }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidRequest;
}
