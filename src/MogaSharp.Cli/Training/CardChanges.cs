using System.Text.Json;
using System.Text.Json.Nodes;
using MogaSharp.Models;

namespace MogaSharp.Cli;

/// <summary>Changes a model's options as a command line gives them, by the names that they have in its card.</summary>
internal static class CardChanges
{
    /// <summary>The card with other options.</summary>
    /// <param name="card">The card.</param>
    /// <param name="changes">Options by name, with or without capitals and underscores, and their values: a number, <c>true</c>, a word,
    /// numbers with commas between for lists.</param>
    /// <exception cref="UsageException">There is no such option, the text is not a value of it, or the options describe no
    /// network.</exception>
    public static ModelCard Apply(ModelCard card, IReadOnlyList<KeyValuePair<string, string>> changes)
    {
        if (changes.Count == 0)
            return card;
        JsonObject json = JsonNode.Parse(card.ToJson())!.AsObject();
        JsonObject options = json["options"]!.AsObject();
        foreach ((string key, string text) in changes)
        {
            string name =
                options.Select(option => option.Key).FirstOrDefault(known => Plain(known) == Plain(key))
                ?? throw new UsageException(
                    $"{card.Name} has no option '{key}'; {NameDistance.Choices(key, [.. options.Select(option => option.Key)])}."
                );
            options[name] = Value(options[name], name, text.Trim());
        }

        try
        {
            return ModelCard.Parse(json.ToJsonString(), card.Name) with { Folder = card.Folder };
        }
        catch (ModelCardException e)
        {
            throw new UsageException($"{card.Name} cannot be changed so. {e.Problem}");
        }
    }

    // As the official code spells them (hid_T, N_S) and as the card does.
    private static string Plain(string name) =>
        name.Trim().Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();

    private static JsonNode? Value(JsonNode? now, string name, string text)
    {
        try
        {
            return now switch
            {
                JsonArray => JsonNode.Parse(text.StartsWith('[') ? text : $"[{text}]"),
                JsonValue value when value.GetValueKind() == JsonValueKind.String => JsonValue.Create(text),
                _ => JsonNode.Parse(text),
            };
        }
        catch (JsonException)
        {
            throw new UsageException($"'{text}' is not a value of the model's option {name}.");
        }
    }
}
