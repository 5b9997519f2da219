using MogaSharp.Data;

namespace MogaSharp.Training;

/// <summary>How a recipe's batch is divided.</summary>
internal static class PerRankBatch
{
    /// <summary>The items of one accumulation step of one process.</summary>
    /// <exception cref="RecipeException">The batch cannot be shared so.</exception>
    public static int Of(TrainingRecipe recipe, ProcessShare share)
    {
        int parts = recipe.AccumulationSteps * share.Count;
        return recipe.BatchSize % parts == 0
            ? recipe.BatchSize / parts
            : throw new RecipeException(
                $"batch_size {recipe.BatchSize} cannot be shared among {share.Count} processes of {recipe.AccumulationSteps} "
                    + $"accumulation steps; take a multiple of {parts}."
            );
    }

    /// <summary>Checks that an epoch has an update at all.</summary>
    /// <exception cref="RecipeException">It has none.</exception>
    public static void RequireOne(TrainingRecipe recipe, int count, Sampler sampler, string items)
    {
        if (Math.Min(count, (long)sampler.Length * sampler.Share.Count) < recipe.BatchSize)
            throw TooFew(recipe, count, items, sampler.Share.Count);
    }

    /// <summary>What to say where the items do not fill a batch.</summary>
    public static RecipeException TooFew(TrainingRecipe recipe, long count, string items, int processes)
    {
        string advice = RecipeFit.LargestBatch(recipe, count, processes) is > 0 and var most
            ? $"take a batch_size of {most} or less"
            : "there are too few for any batch";
        return new($"The {count} training {items} do not fill one batch of {recipe.BatchSize}; {advice}.");
    }
}
