using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace MogaSharp.Models;

/// <summary>How cards are read and written. By reflection: the source generator would lose the properties' default values.</summary>
internal static class CardJson
{
    private static readonly ConcurrentDictionary<Type, JsonSerializerOptions> ByOptions = new();

    /// <summary>How to read and write what is no card.</summary>
    public static JsonSerializerOptions Options { get; } = Create(null);

    /// <summary>How to read and write the cards of a family.</summary>
    /// <param name="type">The type of the family's options.</param>
    public static JsonSerializerOptions OptionsFor(Type type) => ByOptions.GetOrAdd(type, Create);

    /// <summary>The family that a card names; the default when it names none or cannot be read (which the reading itself will tell).</summary>
    public static string FamilyOf(string json)
    {
        try
        {
            using JsonDocument card = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return card.RootElement.ValueKind == JsonValueKind.Object && card.RootElement.TryGetProperty("family", out JsonElement family) && family.ValueKind == JsonValueKind.String
                ? family.GetString()!
                : ModelFamilies.Default;
        }
        catch (JsonException)
        {
            return ModelFamilies.Default;
        }
    }

    /// <summary>What an exception says of a card, as a clause: the line, the property, and the reason without the parser's own coordinates.</summary>
    public static string Problem(JsonException exception)
    {
        int coordinates = exception.Message.IndexOf(" Path: ", StringComparison.Ordinal);
        string reason = coordinates < 0 ? exception.Message : exception.Message[..coordinates];
        string line = exception.LineNumber is { } number ? $"line {number + 1}: " : "";
        return exception.Path is { Length: > 1 } path ? $"{line}'{path.TrimStart('$', '.')}': {reason}" : line + reason;
    }

    private static JsonSerializerOptions Create(Type? modelOptions) => new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new ArchConverter(), new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        TypeInfoResolver = modelOptions is null
            ? new DefaultJsonTypeInfoResolver()
            : new DefaultJsonTypeInfoResolver { Modifiers = { type => FixOptions(type, modelOptions), LeaveOutWhatFollows } },
    };

    // What a family knows of itself is no option; an overriding property does not inherit that it is to be ignored.
    private static void LeaveOutWhatFollows(JsonTypeInfo type)
    {
        if (!type.Type.IsAssignableTo(typeof(ModelOptions))) return;
        foreach (JsonPropertyInfo property in type.Properties.Where(property => property.Set is null).ToArray()) type.Properties.Remove(property);
    }

    // The card's options are read as the family's own record, by which messages keep line and path; a converter would lose them.
    private static void FixOptions(JsonTypeInfo type, Type modelOptions)
    {
        if (type.Type != typeof(ModelCard)) return;
        JsonPropertyInfo general = type.Properties.Single(property => property.PropertyType == typeof(ModelOptions));
        JsonPropertyInfo fixedType = type.CreateJsonPropertyInfo(modelOptions, general.Name);
        (fixedType.Get, fixedType.Set, fixedType.IsRequired, fixedType.IsSetNullable) = (general.Get, general.Set, general.IsRequired, general.IsSetNullable);
        type.Properties[type.Properties.IndexOf(general)] = fixedType;
    }
}

/// <summary>Custom sizes as they stand in a card.</summary>
internal sealed record ArchSizes(ImmutableArray<int> EmbedDims, ImmutableArray<int> Depths, ImmutableArray<double> FfnRatios);

/// <summary>An official size by its name, or the three lists.</summary>
internal sealed class ArchConverter : JsonConverter<MogaNetArch>
{
    public override MogaNetArch Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return MogaNetArch.Parse(reader.GetString()!);
        ArchSizes sizes = JsonSerializer.Deserialize<ArchSizes>(ref reader, options) ?? throw new JsonException("arch is null");
        if (sizes.EmbedDims.IsDefault || sizes.Depths.IsDefault || sizes.FfnRatios.IsDefault) throw new JsonException("arch needs embed_dims, depths and ffn_ratios");
        return new MogaNetArch(sizes.EmbedDims, sizes.Depths, sizes.FfnRatios);
    }

    public override void Write(Utf8JsonWriter writer, MogaNetArch value, JsonSerializerOptions options)
    {
        if (MogaNetArch.Names.FirstOrDefault(name => MogaNetArch.Parse(name) == value) is { } name) writer.WriteStringValue(name);
        else JsonSerializer.Serialize(writer, new ArchSizes(value.EmbedDims, value.Depths, value.FfnRatios), options);
    }
}
