using System.Globalization;

namespace MogaSharp.Training;

/// <summary>Makes a recipe fit where it is used otherwise than it was meant: for fewer epochs, on fewer images.</summary>
public static class RecipeFit
{
    /// <summary>
    /// Shortens warm-up and cool-down to a recipe's number of epochs: the warm-up to a fifth of them, the cool-down of a cosine to a tenth.
    /// Whole epochs where the learning rate changes by epochs.
    /// </summary>
    /// <param name="recipe">The recipe, with its new number of epochs.</param>
    /// <param name="warmup">Whether the warm-up may change.</param>
    /// <param name="cooldown">Whether the cool-down may change.</param>
    /// <param name="changes">What was changed, such as "warm-up 5 -> 0 epochs"; empty when nothing was.</param>
    public static TrainingRecipe ToEpochs(TrainingRecipe recipe, bool warmup, bool cooldown, out IReadOnlyList<string> changes)
    {
        double rise = recipe.Epochs / 5.0;
        if (recipe.ScheduleUnit == ScheduleUnit.Epoch)
            rise = Math.Floor(rise);
        TrainingRecipe fitted = recipe with
        {
            WarmupEpochs = warmup ? Math.Min(recipe.WarmupEpochs, rise) : recipe.WarmupEpochs,
            CooldownEpochs =
                cooldown && recipe.Schedule == ScheduleKind.Cosine
                    ? Math.Min(recipe.CooldownEpochs, recipe.Epochs / 10)
                    : recipe.CooldownEpochs,
        };
        List<string> said = [];
        Change("warm-up", recipe.WarmupEpochs, fitted.WarmupEpochs);
        Change("cool-down", recipe.CooldownEpochs, fitted.CooldownEpochs);
        changes = said;
        return fitted;

        void Change(string what, double from, double to)
        {
            if (from != to)
                said.Add(string.Create(CultureInfo.InvariantCulture, $"{what} {from} -> {to} epochs"));
        }
    }

    /// <summary>The largest batch of a recipe that a number of items fills, shared evenly among processes and accumulation steps, in pairs
    /// where images are mixed; 0 for none.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="count">Items of the training set.</param>
    /// <param name="processes">Processes that train together.</param>
    public static int LargestBatch(TrainingRecipe recipe, long count, int processes = 1)
    {
        long unit = (long)recipe.AccumulationSteps * processes * (recipe.Mixup > 0 || recipe.Cutmix > 0 ? 2 : 1);
        return (int)Math.Min(recipe.BatchSize, count / unit * unit);
    }
}
