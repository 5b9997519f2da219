using System.Text.Json.Nodes;

namespace MogaSharp.Training;

/// <summary>What may change when a run goes on.</summary>
public static class RecipeDiff
{
    // These decide which images the rest of an epoch consists of, or what the checkpoint's tensors mean.
    private static readonly string[] Fixed =
    [
        "task",
        "image_size",
        "batch_size",
        "accumulation_steps",
        "optimizer",
        "seed",
        "augmentation_repeats",
        "ema_decay",
        "layer_decay",
        "frozen_stages",
        "no_weight_decay",
    ];

    /// <summary>Checks a changed recipe against the one that the run was begun with.</summary>
    /// <param name="begun">The recipe of the checkpoint.</param>
    /// <param name="changed">The recipe to go on with.</param>
    /// <returns>The changes, for people; empty when there are none.</returns>
    /// <exception cref="RunFolderException">A field is changed that cannot be.</exception>
    public static IReadOnlyList<string> Changes(TrainingRecipe begun, TrainingRecipe changed)
    {
        JsonObject before = JsonNode.Parse(RecipeJson.ToJson(begun))!.AsObject(),
            after = JsonNode.Parse(RecipeJson.ToJson(changed))!.AsObject();
        var changes = new List<string>();
        foreach (string field in RecipeJson.FieldNames)
        {
            string old = Text(before[field]),
                now = Text(after[field]);
            if (old == now)
                continue;
            if (Fixed.Contains(field))
                throw new RunFolderException(
                    $"{field} cannot change within a run: it was begun with {old}, not {now}. Give another --output for a new run."
                );
            changes.Add($"{field} {now} instead of {old}");
        }

        return changes;

        static string Text(JsonNode? node) => node?.ToJsonString() ?? "none";
    }
}
