using MogaSharp.Models;
using MogaSharp.Torch;

namespace MogaSharp.Training;

/// <summary>The recipe that a run is asked for, made to fit epochs, data and device.</summary>
internal static class RecipeChoice
{
    /// <summary>The recipe of a new run.</summary>
    /// <param name="options">What the run is asked for.</param>
    /// <param name="card">The model.</param>
    /// <param name="host">Receives what was changed to make it fit; null for nobody.</param>
    /// <exception cref="RecipeException">There is none for the model, or it breaks a rule.</exception>
    public static TrainingRecipe New(TrainingRunOptions options, ModelCard card, ITrainingHost? host)
    {
        TrainingRecipe recipe =
            options.Recipe
            ?? RecipePresets.Of(card)
            ?? RecipePresets.TryFind(card.Name)
            ?? throw new RecipeException(
                $"There is no preset for '{card.Name}'; a recipe is needed (presets: {string.Join(", ", RecipePresets.Names)})."
            );
        return Changed(recipe, options, options.FitRecipe, host).Validated();
    }

    /// <summary>The recipe to go on with.</summary>
    /// <exception cref="RecipeException">It breaks a rule.</exception>
    /// <exception cref="RunFolderException">A field is changed that cannot be.</exception>
    public static TrainingRecipe Continued(TrainingRunOptions options, TrainingRecipe begun, ITrainingHost host)
    {
        TrainingRecipe recipe = Changed(begun, options, mayChangeAll: false, host).Validated();
        foreach (string change in RecipeDiff.Changes(begun, recipe))
            host.OnMessage($"Continuing with {change}.");
        return recipe;
    }

    /// <summary>The recipe with a batch that the data fills, where nobody asked for another one.</summary>
    public static TrainingRecipe ForData(TrainingRecipe recipe, TrainingRunOptions options, TrainingSet data, ITrainingHost host)
    {
        int most = RecipeFit.LargestBatch(recipe, data.TrainCount, options.Group?.Size ?? 1);
        if (recipe.BatchSize <= data.TrainCount || most == 0 || !options.FitRecipe || options.Sets("batch_size"))
            return recipe;
        host.OnNote(
            $"The batch is {most} instead of {recipe.BatchSize}, as there are {data.TrainCount} training {recipe.Task.Items}.",
            "batch_size"
        );
        return recipe with { BatchSize = most };
    }

    /// <summary>The recipe in a number format that the device has; the official recipes of the smallest sizes train in float16, which only
    /// CUDA has.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="device">The device.</param>
    /// <param name="hasBfloat16">Whether the processor has instructions for bfloat16.</param>
    /// <param name="say">Receives a change.</param>
    public static TrainingRecipe ForDevice(TrainingRecipe recipe, TorchDevice device, bool hasBfloat16, Action<string> say)
    {
        if (device.IsCuda || recipe.Amp == Precision.None || (recipe.Amp == Precision.Bf16 && hasBfloat16))
            return recipe;
        say(
            recipe.Amp == Precision.Bf16
                ? "This processor has no instructions for bfloat16, in which it would take several times as long; this run computes "
                    + "in float32."
                : $"The recipe's fp16 needs CUDA; this run computes in float32{(hasBfloat16 ? " (amp bf16 is possible)" : "")}."
        );
        return recipe with { Amp = Precision.None };
    }

    // A preset's warm-up and cool-down are for its own epochs; with others they shrink, unless they are asked for. Where a file or a begun
    // run gives them, they only change if the run could not be otherwise.
    private static TrainingRecipe Changed(TrainingRecipe recipe, TrainingRunOptions options, bool mayChangeAll, ITrainingHost? host)
    {
        TrainingRecipe changed = options.Changes.Aggregate(recipe, (one, change) => RecipeJson.With(one, change.Key, change.Value));
        if (!options.Sets("epochs"))
            return changed;
        bool warmup = !options.Sets("warmup_epochs") && (mayChangeAll || changed.WarmupEpochs >= changed.Epochs);
        changed = RecipeFit.ToEpochs(
            changed,
            warmup,
            cooldown: mayChangeAll && !options.Sets("cooldown_epochs"),
            out IReadOnlyList<string> changes
        );
        if (changes.Count > 0)
        {
            string[] fields =
            [
                .. changes.Select(change => change.StartsWith("warm", StringComparison.Ordinal) ? "warmup_epochs" : "cooldown_epochs"),
            ];
            host?.OnNote($"For {changed.Epochs} epoch{(changed.Epochs == 1 ? "" : "s")}: {string.Join(", ", changes)}.", fields);
        }

        return changed;
    }
}
