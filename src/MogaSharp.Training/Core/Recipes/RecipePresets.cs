using System.Collections.Immutable;
using System.Text.Json.Nodes;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>
/// Recipes by name, which lie with the families of networks that they train (<see cref="ModelFamily.OpenPresets"/>). A model's card names
/// its own.
/// </summary>
public static class RecipePresets
{
    private static Known? _known;

    /// <summary>All presets, in the order of listing.</summary>
    public static ImmutableArray<TrainingRecipe> All => [.. Presets().Select(preset => preset.Recipe)];

    /// <summary>The names of all presets, without reading the rest of them.</summary>
    public static IReadOnlyList<string> Names =>
        [.. ModelFamilies.All.SelectMany(family => Entries(family).Select(entry => entry[Preset.NameField]!.GetValue<string>()))];

    /// <summary>A preset by name, in any case; or that of a model, by the model's name.</summary>
    /// <param name="name">The preset, or a model of the catalogue.</param>
    /// <param name="model">The model to train; some presets take fields from its own, such as <c>rsb-a3</c> its drop path.</param>
    /// <exception cref="RecipeException">There is none; the message lists those there are.</exception>
    public static TrainingRecipe Find(string name, ModelCard? model = null)
    {
        if (Named(name) is not { } preset)
        {
            return TryFind(name)
                ?? throw new RecipeException(
                    $"There is no preset '{name}'; {NameDistance.Choices(name, [.. All.Select(recipe => recipe.Name)])}."
                );
        }

        return model is not null && Of(model) is { } own ? RecipeJson.WithFieldsOf(preset.Recipe, own, preset.FromModel) : preset.Recipe;
    }

    /// <summary>A preset by name, or that of a model of the catalogue by the model's name; null when there is none.</summary>
    /// <param name="name">The preset, or a model or its alias, in any case.</param>
    public static TrainingRecipe? TryFind(string name) =>
        Named(name)?.Recipe ?? (ModelCatalogue.Official.TryFind(name) is { } card ? Of(card) : null);

    /// <summary>The recipe that a model's card names; null when it names none.</summary>
    /// <param name="model">The card.</param>
    /// <exception cref="RecipeException">It names a preset that does not exist, or settings that are none.</exception>
    public static TrainingRecipe? Of(ModelCard model)
    {
        if (model.Recipe is null)
            return null;
        Preset preset =
            Named(model.Recipe)
            ?? throw new RecipeException($"The card of {model.Name} names the preset '{model.Recipe}', which does not exist.");
        IEnumerable<KeyValuePair<string, string>> settings = model.RecipeSettings ?? ImmutableDictionary<string, string>.Empty;
        return settings.Aggregate(preset.Recipe, (recipe, setting) => RecipeJson.With(recipe, setting.Key, setting.Value));
    }

    private static Preset? Named(string name)
    {
        string plain = name.Trim().ToLowerInvariant().Replace('_', '-');
        return Presets().FirstOrDefault(preset => preset.Recipe.Name == plain);
    }

    // Families may be registered later.
    private static ImmutableArray<Preset> Presets()
    {
        ImmutableArray<ModelFamily> families = ModelFamilies.All;
        if (_known is { } known && known.Families == families)
            return known.Presets;
        _known = new Known(families, [.. families.SelectMany(family => Preset.Read(Entries(family), family.Name))]);
        return _known.Presets;
    }

    private static IEnumerable<JsonObject> Entries(ModelFamily family)
    {
        using Stream? stream = family.OpenPresets();
        return stream is null ? [] : JsonNode.Parse(stream)!.AsArray().Select(entry => entry!.AsObject()).ToArray();
    }

    private sealed record Known(ImmutableArray<ModelFamily> Families, ImmutableArray<Preset> Presets);

    private sealed record Preset(TrainingRecipe Recipe, ImmutableArray<string> FromModel)
    {
        public const string NameField = "name";

        private const string BaseField = "base",
            FromModelField = "from_model";

        public static IEnumerable<Preset> Read(IEnumerable<JsonObject> entries, string family)
        {
            Dictionary<string, JsonObject> byName = entries.ToDictionary(entry => entry[NameField]!.GetValue<string>());
            foreach (JsonObject entry in byName.Values)
            {
                ImmutableArray<string> fromModel = [.. entry[FromModelField]?.AsArray().Select(field => field!.GetValue<string>()) ?? []];
                yield return new Preset(RecipeJson.Parse(Whole(entry).ToJsonString(), $"the presets of {family}"), fromModel);
            }

            // What an entry does not say is its base's, and in the end the default.
            JsonObject Whole(JsonObject entry)
            {
                JsonObject whole = entry[BaseField] is { } known ? Whole(byName[known.GetValue<string>()]) : [];
                foreach ((string field, JsonNode? value) in entry)
                    if (field is not (BaseField or FromModelField))
                        whole[field] = value?.DeepClone();
                return whole;
            }
        }
    }
}
