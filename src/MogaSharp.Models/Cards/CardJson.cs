using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MogaSharp.Models;

/// <summary>How cards are read and written. By reflection: the source generator would lose the properties' default values.</summary>
internal static class CardJson
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new ArchConverter(), new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>What an exception says of a card, as a clause: the line, the property, and the reason without the parser's own coordinates.</summary>
    public static string Problem(JsonException exception)
    {
        int coordinates = exception.Message.IndexOf(" Path: ", StringComparison.Ordinal);
        string reason = coordinates < 0 ? exception.Message : exception.Message[..coordinates];
        string line = exception.LineNumber is { } number ? $"line {number + 1}: " : "";
        return exception.Path is { Length: > 1 } path ? $"{line}'{path.TrimStart('$', '.')}': {reason}" : line + reason;
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
