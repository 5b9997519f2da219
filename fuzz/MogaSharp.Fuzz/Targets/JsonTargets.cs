using MogaSharp.Models;
using MogaSharp.Training;

namespace MogaSharp.Fuzz;

/// <summary>
/// What people and downloads bring as JSON: model cards and recipes. What was read is written, read again and must then be written alike.
/// </summary>
internal static class JsonTargets
{
    public static FuzzTarget[] All { get; } =
    [new("card", "card.json", typeof(ModelCardException), ReadCard), new("recipe", "recipe.json", typeof(RecipeException), ReadRecipe)];

    private static void ReadCard(FuzzInput input)
    {
        ModelCard card = ModelCard.Parse(input.Text, input.Name);
        card.GetLabels();
        card.InputShape();
        Compare(input.Name, card.ToJson(), json => ModelCard.Parse(json, input.Name).ToJson());
    }

    private static void ReadRecipe(FuzzInput input)
    {
        TrainingRecipe recipe = RecipeJson.Parse(input.Text, input.Name);
        Compare(input.Name, RecipeJson.ToJson(recipe), json => RecipeJson.ToJson(RecipeJson.Parse(json, input.Name)));
    }

    private static void Compare(string name, string written, Func<string, string> readAgain)
    {
        string again;
        try
        {
            again = readAgain(written);
        }
        catch (Exception refusal) when (refusal is ModelCardException or RecipeException)
        {
            throw new FuzzException($"{name} was read, but not what was written of it: {refusal.Message}");
        }

        if (again != written)
            throw new FuzzException($"{name} was written otherwise when read again: {again}");
    }
}
