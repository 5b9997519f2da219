using System.Globalization;
using MogaSharp.Models;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>The recipe that a command line asks for, made to fit epochs, data and device, and what is said of it.</summary>
internal static class TrainRecipes
{
    /// <summary>The recipe of a new run.</summary>
    /// <param name="request">The command line.</param>
    /// <param name="card">The model.</param>
    /// <param name="say">Hears what was changed to make it fit.</param>
    /// <exception cref="UsageException">There is none for the model.</exception>
    /// <exception cref="RecipeException">There is no such recipe, or it breaks a rule.</exception>
    public static TrainingRecipe New(TrainRequest request, ModelCard card, Action<string> say)
    {
        TrainingRecipe recipe =
            request.Recipe is { } file ? RecipeJson.Load(Paths.Existing(file))
            : request.Preset is { } preset ? RecipePresets.Find(preset, card)
            : RecipePresets.Of(card)
                ?? RecipePresets.TryFind(card.Name)
                ?? throw new UsageException(
                    $"there is no preset for '{card.Name}'; give --preset or --recipe (presets: {string.Join(", ", RecipePresets.Names)})"
                );
        return Changed(recipe, request, request.Recipe is null, say).Validated();
    }

    /// <summary>The recipe to go on with.</summary>
    /// <exception cref="RecipeException">It breaks a rule.</exception>
    /// <exception cref="RunFolderException">A field is changed that cannot be.</exception>
    public static TrainingRecipe Continued(TrainRequest request, TrainingRecipe begun)
    {
        TrainingRecipe recipe = Changed(begun, request, mayChangeAll: false, Shared.Notices.Add).Validated();
        foreach (string change in RecipeDiff.Changes(begun, recipe))
            Console.Error.WriteLine($"continuing with {change}");
        return recipe;
    }

    /// <summary>The recipe with a batch that the data fills, where nobody asked for another one.</summary>
    public static TrainingRecipe ForData(TrainingRecipe recipe, TrainRequest request, TrainData data, int processes)
    {
        int most = RecipeFit.LargestBatch(recipe, data.TrainCount, processes);
        if (recipe.BatchSize <= data.TrainCount || most == 0 || request.Recipe is not null || request.Sets("batch_size"))
            return recipe;
        TrainingTask task = TrainingTask.Create(recipe);
        Shared.Notices.Add(
            $"batch {recipe.BatchSize} -> {most}, as there are {data.TrainCount} training {task.Items}; --batch takes another one"
        );
        return recipe with { BatchSize = most };
    }

    /// <summary>The recipe in a number format that the device has; the official recipes of the smallest sizes train in float16, which only
    /// CUDA has.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="device">The device.</param>
    /// <param name="hasBfloat16">Whether the processor has instructions for bfloat16.</param>
    /// <param name="say">Hears of a change.</param>
    public static TrainingRecipe ForDevice(TrainingRecipe recipe, TorchDevice device, bool hasBfloat16, Action<string> say)
    {
        if (device.IsCuda || recipe.Amp == Precision.None || (recipe.Amp == Precision.Bf16 && hasBfloat16))
            return recipe;
        say(
            recipe.Amp == Precision.Bf16
                ? "this processor has no instructions for bfloat16, in which it would take several times as long; this run computes "
                    + "in float32"
                : $"the recipe's fp16 needs CUDA; this run computes in float32{(hasBfloat16 ? " (--amp bf16 is possible)" : "")}"
        );
        return recipe with { Amp = Precision.None };
    }

    /// <summary>Epochs, batch and learning rate for people, and how the last comes about.</summary>
    public static string Describe(TrainingRecipe recipe, TrainRequest request)
    {
        string epochs = $"{recipe.Epochs} epoch{(recipe.Epochs == 1 ? "" : "s")}";
        if (recipe.TotalEpochs() > recipe.Epochs)
            epochs += $" and {recipe.CooldownEpochs} of cool-down: {recipe.TotalEpochs()} in all";
        string rate = recipe.ScaledLearningRate().ToString("G4", CultureInfo.InvariantCulture),
            hint = "";
        if (recipe.BatchSize != recipe.LearningRateBatch)
        {
            rate = string.Create(
                CultureInfo.InvariantCulture,
                $"{recipe.LearningRate:G4} x {recipe.BatchSize}/{recipe.LearningRateBatch} = {rate}"
            );
            if (request.Sets("learning_rate"))
                hint = $" (--set learning_rate_batch={recipe.BatchSize} takes --lr as it is)";
        }

        return $"recipe {recipe.Name}: {epochs}, batch {recipe.BatchSize}, learning rate {rate}{hint}, {recipe.Optimizer}, amp "
            + $"{recipe.Amp}";
    }

    // A preset's warm-up and cool-down are for its own epochs; with others they shrink, unless they are asked for. Where a file or a begun
    // run gives them, they only change if the run could not be otherwise.
    private static TrainingRecipe Changed(TrainingRecipe recipe, TrainRequest request, bool mayChangeAll, Action<string> say)
    {
        TrainingRecipe changed = request.Changes.Aggregate(recipe, (one, change) => RecipeJson.With(one, change.Key, change.Value));
        if (!request.Sets("epochs"))
            return changed;
        bool warmup = !request.Sets("warmup_epochs") && (mayChangeAll || changed.WarmupEpochs >= changed.Epochs);
        changed = RecipeFit.ToEpochs(
            changed,
            warmup,
            cooldown: mayChangeAll && !request.Sets("cooldown_epochs"),
            out IReadOnlyList<string> changes
        );
        if (changes.Count > 0)
        {
            string[] fields =
            [
                .. changes.Select(change => change.StartsWith("warm", StringComparison.Ordinal) ? "warmup_epochs" : "cooldown_epochs"),
            ];
            string wish = string.Join(" and ", fields.Select(field => $"--set {field}=N"));
            say(
                $"{string.Join(", ", changes)}, because of {changed.Epochs} epoch{(changed.Epochs == 1 ? "" : "s")}; {wish} sets "
                    + "another number"
            );
        }

        return changed;
    }
}
