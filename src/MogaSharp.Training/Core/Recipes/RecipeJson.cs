using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>Recipes as JSON files and fields by name.</summary>
public static class RecipeJson
{
    private static readonly JsonTypeInfo<TrainingRecipe> Type = CreateType();

    /// <summary>The names of all fields, in snake case.</summary>
    public static IReadOnlyList<string> FieldNames { get; } = [.. Type.Properties.Select(property => property.Name)];

    /// <summary>A recipe as JSON text, all fields in it.</summary>
    public static string ToJson(TrainingRecipe recipe) => JsonSerializer.Serialize(recipe, Type);

    /// <summary>Reads a recipe; fields that are missing have their default.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <exception cref="RecipeException">The text is not a recipe, names an unknown field, or breaks a rule.</exception>
    public static TrainingRecipe Parse(string json, string source)
    {
        try
        {
            TrainingRecipe recipe =
                JsonSerializer.Deserialize(json, Type) ?? throw new RecipeException($"{source} is not a recipe: it is empty.");
            return recipe.Validated();
        }
        catch (JsonException e)
        {
            throw new RecipeException($"{source} is not a recipe: {CardJson.Problem(e)}", e);
        }
    }

    /// <summary>Reads a recipe's file.</summary>
    /// <exception cref="RecipeException">The file is not a recipe.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TrainingRecipe Load(string path) => Parse(File.ReadAllText(path), $"'{path}'");

    /// <summary>A recipe with one field changed by texts, as a command line gives them; rules are checked when all changes are
    /// made.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="field">The field's name in snake case; a dash may stand for an underscore.</param>
    /// <param name="text">Its value: a number, <c>true</c>, a word, numbers with commas between for lists, <c>none</c> for no
    /// value.</param>
    /// <exception cref="RecipeException">There is no such field, or the text is not a value of it.</exception>
    public static TrainingRecipe With(TrainingRecipe recipe, string field, string text)
    {
        string name = field.Trim().Replace('-', '_');
        JsonObject fields = JsonSerializer.SerializeToNode(recipe, Type)!.AsObject(),
            owner = fields;
        JsonTypeInfo type = Type;
        string last = name;
        // A task's own fields stand under its name.
        if (name.Split('.') is [string task, string inner] && Own(task) is { } own)
        {
            if (fields[task] is null)
                fields[task] = new JsonObject();
            (owner, type, last) = (fields[task]!.AsObject(), own, inner);
        }

        JsonPropertyInfo property =
            type.Properties.FirstOrDefault(property => property.Name == last && Own(last) is null)
            ?? throw new RecipeException($"A recipe has no field '{field}'; {NameDistance.Choices(name, [.. Settable])}.");
        try
        {
            owner[last] = Value(property.PropertyType, text.Trim());
            return fields.Deserialize(Type)!;
        }
        catch (JsonException e)
        {
            throw new RecipeException($"'{text}' is not a value of the recipe's field {name}{Hint(property.PropertyType)}.", e);
        }
    }

    /// <summary>A recipe with some fields of another one.</summary>
    internal static TrainingRecipe WithFieldsOf(TrainingRecipe recipe, TrainingRecipe other, ImmutableArray<string> names)
    {
        if (names.IsEmpty)
            return recipe;
        JsonObject fields = JsonSerializer.SerializeToNode(recipe, Type)!.AsObject(),
            others = JsonSerializer.SerializeToNode(other, Type)!.AsObject();
        foreach (string name in names)
            fields[name] = others[name]?.DeepClone();
        return fields.Deserialize(Type)!;
    }

    // Everything that can be given as a text.
    private static IEnumerable<string> Settable =>
        Type.Properties.SelectMany(property =>
            Own(property.Name) is { } own ? own.Properties.Select(inner => $"{property.Name}.{inner.Name}") : [property.Name]
        );

    private static JsonTypeInfo? Own(string field) =>
        Type.Properties.FirstOrDefault(property => property.Name == field)?.PropertyType is { } type
        && (type == typeof(SegmentationRecipe) || type == typeof(PoseRecipe) || type == typeof(DetectionRecipe))
            ? Type.Options.GetTypeInfo(type)
            : null;

    private const StringSplitOptions Splitting = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;

    private static JsonNode? Value(Type type, string text)
    {
        if (type == typeof(string))
            return JsonValue.Create(text == "none" ? "" : text);
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        if (plain != type && text == "none")
            return null;
        if (plain.IsEnum || plain == typeof(ModelTask))
            return JsonValue.Create(text.ToLowerInvariant().Replace('-', '_'));
        if (plain == typeof(ImmutableArray<string>))
            return new JsonArray([.. text.Split(',', Splitting).Select(word => JsonValue.Create(word))]);
        return JsonNode.Parse(plain.IsGenericType ? $"[{text}]" : text);
    }

    private static string Hint(Type type)
    {
        Type plain = Nullable.GetUnderlyingType(type) ?? type;
        if (plain.IsEnum)
            return $"; it takes {string.Join(", ", Enum.GetNames(plain).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName))}";
        if (plain == typeof(ModelTask))
            return $"; it takes {string.Join(", ", ModelTask.All)}";
        if (plain == typeof(bool))
            return "; it takes true or false";
        if (plain == typeof(int))
            return "; it takes a whole number";
        return plain == typeof(double) ? "; it takes a number" : "; it takes numbers with commas between";
    }

    private static JsonTypeInfo<TrainingRecipe> CreateType()
    {
        var options = new JsonSerializerOptions(RecipeContext.Default.Options)
        {
            TypeInfoResolver = RecipeContext.Default.WithAddedModifier(type =>
            {
                Func<object>? create =
                    type.Type == typeof(TrainingRecipe) ? () => new TrainingRecipe()
                    : type.Type == typeof(SegmentationRecipe) ? () => new SegmentationRecipe()
                    : type.Type == typeof(PoseRecipe) ? () => new PoseRecipe()
                    : type.Type == typeof(DetectionRecipe) ? () => new DetectionRecipe()
                    : null;
                if (create is not null)
                    InitOnlyProperties.KeepDefaults(type, create);
            }),
            Converters =
            {
                CardJson.SnakeCase<BoxLossKind>(),
                CardJson.SnakeCase<LossKind>(),
                CardJson.SnakeCase<OptimizerKind>(),
                CardJson.SnakeCase<Precision>(),
                CardJson.SnakeCase<ScheduleKind>(),
                CardJson.SnakeCase<ScheduleUnit>(),
            },
        };
        return (JsonTypeInfo<TrainingRecipe>)options.GetTypeInfo(typeof(TrainingRecipe));
    }
}

/// <summary>The generated code to read and write recipes.</summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow
)]
[JsonSerializable(typeof(TrainingRecipe))]
internal sealed partial class RecipeContext : JsonSerializerContext;
