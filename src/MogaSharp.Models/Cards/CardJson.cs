using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace MogaSharp.Models;

/// <summary>How cards are read and written. By reflection: the source generator would lose the properties' default values.</summary>
internal static class CardJson
{
    private static readonly ConcurrentDictionary<Type, JsonSerializerOptions> ByOptions = new();

    /// <summary>For everything but cards.</summary>
    public static JsonSerializerOptions Options { get; } = Create(null);

    /// <summary>Reads a card; the family that it names says what its options are.</summary>
    /// <exception cref="JsonException">The text is no card.</exception>
    public static ModelCard? ReadCard(string json) => JsonSerializer.Deserialize<ModelCard>(json, For(OptionsType(json)));

    /// <summary>Reads a list of cards.</summary>
    /// <exception cref="JsonException">The stream is none.</exception>
    public static IEnumerable<ModelCard> ReadCards(Stream stream) =>
        JsonSerializer.Deserialize<JsonElement[]>(stream, Options)!.Select(card => ReadCard(card.GetRawText())!);

    /// <summary>Writes a card.</summary>
    public static string Write(ModelCard card) => JsonSerializer.Serialize(card, For(card.Options.GetType()));

    /// <summary>What an exception says of a card, as a clause: the line, the property, and the reason without the parser's own coordinates.</summary>
    public static string Problem(JsonException exception)
    {
        int coordinates = exception.Message.IndexOf(" Path: ", StringComparison.Ordinal);
        string reason = coordinates < 0 ? exception.Message : exception.Message[..coordinates];
        string line = exception.LineNumber is { } number ? $"line {number + 1}: " : "";
        return exception.Path is { Length: > 1 } path ? $"{line}'{path.TrimStart('$', '.')}': {reason}" : line + reason;
    }

    private static JsonSerializerOptions For(Type options) => ByOptions.GetOrAdd(options, Create);

    private static JsonSerializerOptions Create(Type? options) => new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new ArchConverter(), new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { card => SetOptions(card, options) } },
    };

    // A card's options have the type of its family, so that a mistake in them is told with its place like any other.
    private static void SetOptions(JsonTypeInfo card, Type? options)
    {
        if (card.Type != typeof(ModelCard) || options is null) return;
        int index = card.Properties.ToList().FindIndex(property => property.PropertyType == typeof(ModelOptions));
        PropertyInfo member = typeof(ModelCard).GetProperty(nameof(ModelCard.Options))!;
        JsonPropertyInfo typed = card.CreateJsonPropertyInfo(options, card.Properties[index].Name);
        typed.Get = member.GetValue;
        typed.Set = member.SetValue;
        typed.IsRequired = true;
        typed.IsSetNullable = false;
        card.Properties[index] = typed;
    }

    private static Type OptionsType(string json)
    {
        string family = ModelFamilies.Default;
        // Text that is no JSON, and names of no family, are told by those who read the card next.
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("family", out JsonElement named) && named.ValueKind == JsonValueKind.String)
                family = named.GetString()!;
        }
        catch (JsonException)
        {
        }

        return ModelFamilies.OptionsOf(family) ?? throw new JsonException($"it names the family '{family}'; there are {string.Join(", ", ModelFamilies.Names)}");
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
