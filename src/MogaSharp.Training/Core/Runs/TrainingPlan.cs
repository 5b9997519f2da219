using System.Text.Json;
using System.Text.Json.Serialization;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>What all processes of a run have to know.</summary>
/// <param name="Model">The model, before it is fitted to the data.</param>
/// <param name="Data">The data, as its task names it.</param>
/// <param name="Recipe">The recipe.</param>
internal sealed record TrainingPlan(ModelCard Model, string Data, TrainingRecipe Recipe)
{
    /// <summary>The plan of a new run.</summary>
    /// <exception cref="TrainingSetupException">Something is missing, or does not fit.</exception>
    /// <exception cref="RecipeException">There is not a recipe, or it breaks a rule.</exception>
    public static TrainingPlan New(TrainingRunOptions options, ITrainingHost? host)
    {
        ModelCard model = options.Model ?? throw new TrainingSetupException("A new run needs a model.");
        string data = options.Data ?? throw new TrainingSetupException("A new run needs data.");
        RequireTask(options, model);
        TrainingRecipe recipe = RecipeChoice.New(options, model, host);
        if (recipe.Task != model.Options.Task)
            throw new TrainingSetupException(
                $"The recipe {recipe.Name} is for {recipe.Task}; {model.Name} is a model for {model.Options.Task}."
            );
        return new TrainingPlan(model, data, recipe);
    }

    /// <summary>The plan of a run that goes on.</summary>
    /// <exception cref="RunFolderException">Another run is asked for than the one in the folder.</exception>
    public static TrainingPlan Continued(TrainingRunOptions options, TrainingCheckpoint run, ITrainingHost host)
    {
        if (options.Model is { } model && model.Name != run.Card.Name)
            throw new RunFolderException(
                $"The run in '{options.Folder}' trains {run.Card.Name}, not {model.Name}; a new run needs another folder."
            );
        RequireTask(options, run.Card);
        if (options.InitialWeights is not null || options.LoadPretrained is not null)
            throw new RunFolderException("Initial weights are for a new run; one that is resumed goes on with its own.");
        if (options.Recipe is { } recipe && recipe.Name != run.Recipe.Name)
            throw new RunFolderException($"The run was begun with the recipe {run.Recipe.Name}, not {recipe.Name}.");
        return new TrainingPlan(run.Card, options.Data ?? run.Data, RecipeChoice.Continued(options, run.Recipe, host));
    }

    private static void RequireTask(TrainingRunOptions options, ModelCard model)
    {
        if (options.Task is { } task && task != model.Options.Task)
            throw new TrainingSetupException($"{model.Name} is a model for {model.Options.Task}, not for {task}.");
    }

    public byte[] ToBytes() =>
        JsonSerializer.SerializeToUtf8Bytes([Model.ToJson(), Data, RecipeJson.ToJson(Recipe)], PlanContext.Default.StringArray);

    public static TrainingPlan Parse(byte[] bytes)
    {
        string[] texts = JsonSerializer.Deserialize(bytes, PlanContext.Default.StringArray)!;
        return new TrainingPlan(ModelCard.Parse(texts[0], "rank 0's card"), texts[1], RecipeJson.Parse(texts[2], "rank 0's recipe"));
    }
}

/// <summary>The generated code to read and write plans.</summary>
[JsonSerializable(typeof(string[]))]
internal sealed partial class PlanContext : JsonSerializerContext;
