using System.Collections.Immutable;
using System.Globalization;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>Parameters that the optimizer treats alike.</summary>
/// <param name="Name">For logs: <c>decay</c>, <c>no_decay</c>, or with layer decay <c>layer_3_decay</c>.</param>
/// <param name="Parameters">Their names, in the order of the graph.</param>
/// <param name="WeightDecay">Their weight decay.</param>
/// <param name="RateScale">Factor on the schedule's learning rate.</param>
public sealed record ParameterGroupSpec(string Name, ImmutableArray<string> Parameters, double WeightDecay, double RateScale);

/// <summary>Divides a network's parameters for the optimizer.</summary>
public static class ParameterGroups
{
    /// <summary>
    /// The groups of a recipe. Parameters of at most one dimension and biases get no weight decay (timm 0.6,
    /// <c>param_groups_weight_decay</c>); the official network excludes nothing else, so layer scales, which have four dimensions, do.
    /// Frozen parameters are in no group. With layer decay a layer's rate is the recipe's times <c>LayerDecay ^ (layers above it)</c>
    /// (<c>param_groups_layer_decay</c>).
    /// </summary>
    /// <param name="specs">The graph's parameters and buffers; buffers are skipped.</param>
    /// <param name="options">The network's options, whose family knows where parameters stand.</param>
    /// <param name="recipe">Weight decay, layer decay, frozen stages.</param>
    /// <exception cref="RecipeException">There are fewer stages than are to be frozen, or nothing is left to train.</exception>
    public static ImmutableArray<ParameterGroupSpec> Create(IEnumerable<ParameterSpec> specs, ModelOptions options, TrainingRecipe recipe)
    {
        ParameterSpec[] all = [.. specs.Where(spec => spec.Kind == ParameterKind.Parameter)];
        var map = new LayerMap(all, name => ModelFamilies.Of(options).LayerOf(options, name));
        if (recipe.FrozenStages > map.Stages)
            throw new RecipeException($"frozen_stages is {recipe.FrozenStages}, but the network has {map.Stages} stages.");
        ParameterGroupSpec[] groups =
        [
            .. all.Where(spec => !IsFrozen(spec.Name, options, recipe))
                .GroupBy(spec => (Layer: recipe.LayerDecay is null ? -1 : map.LayerOf(spec.Name), Decays: Decays(spec, recipe)))
                .OrderBy(group => group.Key)
                .Select(group => new ParameterGroupSpec(
                    Label(group.Key.Layer, group.Key.Decays),
                    [.. group.Select(spec => spec.Name)],
                    group.Key.Decays ? recipe.WeightDecay : 0,
                    recipe.LayerDecay is { } decay ? Math.Pow(decay, map.Last - group.Key.Layer) : 1
                )),
        ];
        if (groups.Length == 0)
            throw new RecipeException("The recipe freezes every parameter; nothing is left to train.");
        return [.. groups];
    }

    /// <summary>Whether a parameter or buffer belongs to a frozen stage: it stays as it is, and its batch norms use their running
    /// statistics.</summary>
    /// <param name="name">Its official name.</param>
    /// <param name="options">The network's options, whose family knows where it stands.</param>
    /// <param name="recipe">The frozen stages.</param>
    public static bool IsFrozen(string name, ModelOptions options, TrainingRecipe recipe) =>
        ModelFamilies.Of(options).LayerOf(options, name)?.Stage <= recipe.FrozenStages;

    private static bool Decays(ParameterSpec spec, TrainingRecipe recipe) =>
        (recipe.DecayVectors || (spec.Shape.Rank > 1 && !spec.Name.EndsWith(".bias", StringComparison.Ordinal)))
        && !recipe.NoWeightDecay.Any(part => spec.Name.Contains(part, StringComparison.Ordinal));

    private static string Label(int layer, bool decays) =>
        (layer < 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"layer_{layer}_")) + (decays ? "decay" : "no_decay");
}
