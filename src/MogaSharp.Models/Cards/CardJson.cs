using System.Collections.Immutable;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>How cards are read and written: by generated code, so that trimmed and natively compiled programs can.</summary>
internal static class CardJson
{
    /// <summary>How to read and write the cards of a family.</summary>
    /// <typeparam name="T">The type of the family's options.</typeparam>
    /// <param name="family">Knows the options' form where <see cref="CardContext"/> does not.</param>
    public static JsonTypeInfo<ModelCard> For<T>(IJsonTypeInfoResolver? family)
        where T : ModelOptions, new()
    {
        var options = new JsonSerializerOptions(CardContext.Default.Options)
        {
            TypeInfoResolver = JsonTypeInfoResolver
                .Combine(CardContext.Default, family)
                .WithAddedModifier(KeepDefaults<T>)
                .WithAddedModifier(FixOptions<T>)
                .WithAddedModifier(LeaveOutWhatFollows),
        };
        foreach (JsonConverter converter in Converters)
            options.Converters.Add(converter);
        return (JsonTypeInfo<ModelCard>)options.GetTypeInfo(typeof(ModelCard));
    }

    private static JsonConverter[] Converters =>
        [
            new ArchConverter(),
            new BackboneConverter(),
            new FiniteNumber<double>((ref reader) => reader.GetDouble(), (writer, value) => writer.WriteNumberValue(value)),
            new FiniteNumber<float>((ref reader) => reader.GetSingle(), (writer, value) => writer.WriteNumberValue(value)),
            SnakeCase<ActivationKind>(),
            SnakeCase<ChannelMixerKind>(),
            SnakeCase<ChannelOrder>(),
            SnakeCase<ContextKind>(),
            SnakeCase<GateMode>(),
            SnakeCase<NormKind>(),
            SnakeCase<PatchEmbedKind>(),
            SnakeCase<ResizeFilter>(),
            SnakeCase<ResizeMode>(),
            SnakeCase<TranslatorKind>(),
        ];

    /// <summary>Enumerations as words in snake case, never as numbers.</summary>
    public static JsonConverter<T> SnakeCase<T>()
        where T : struct, Enum => new SnakeCaseEnum<T>();

    /// <summary>The family that a card names; the default when it names none or is not JSON (which the reading itself will tell).</summary>
    /// <exception cref="JsonException">A name or the family is not valid text.</exception>
    public static string FamilyOf(string json)
    {
        try
        {
            using JsonDocument card = JsonDocument.Parse(
                json,
                new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }
            );
            return
                card.RootElement.ValueKind == JsonValueKind.Object
                && card.RootElement.TryGetProperty("family", out JsonElement family)
                && family.ValueKind == JsonValueKind.String
                ? family.GetString()!
                : ModelFamilies.Default;
        }
        catch (JsonException)
        {
            return ModelFamilies.Default;
        }
        catch (InvalidOperationException problem)
        {
            // A text of its own, or a name before it, has half a surrogate pair.
            throw new JsonException(problem.Message, problem);
        }
    }

    /// <summary>What an exception says of a card, as a clause: the line, the property, and the reason without the parser's own
    /// coordinates.</summary>
    public static string Problem(JsonException exception)
    {
        int coordinates = exception.Message.IndexOf(" Path: ", StringComparison.Ordinal);
        string reason = coordinates < 0 ? exception.Message : exception.Message[..coordinates];
        string line = exception.LineNumber is { } number ? $"line {number + 1}: " : "";
        return exception.Path is { Length: > 1 } path ? $"{line}'{path.TrimStart('$', '.')}': {reason}" : line + reason;
    }

    private static void KeepDefaults<T>(JsonTypeInfo type)
        where T : ModelOptions, new()
    {
        Func<object>? create =
            type.Type == typeof(ModelCard)
                ? () =>
                    new ModelCard
                    {
                        Name = null!,
                        Options = null!,
                        Preprocess = null!,
                    }
            : type.Type == typeof(ClipCard) ? () => new ClipCard { OutFrames = 0 }
            : type.Type == typeof(PreprocessCard) ? () => new PreprocessCard { Width = 0, Height = 0 }
            : type.Type == typeof(T) ? () => new T()
            : null;
        if (create is not null)
            InitOnlyProperties.KeepDefaults(type, create);
    }

    // The card's options are read as the family's own record, by which messages keep line and path; a converter would lose them.
    private static void FixOptions<T>(JsonTypeInfo type)
        where T : ModelOptions
    {
        if (type.Type != typeof(ModelCard))
            return;
        JsonPropertyInfo general = type.Properties.Single(property => property.PropertyType == typeof(ModelOptions));
        JsonPropertyInfo fixedType = JsonMetadataServices.CreatePropertyInfo(
            type.Options,
            new JsonPropertyInfoValues<T>
            {
                IsProperty = true,
                IsPublic = true,
                DeclaringType = typeof(ModelCard),
                PropertyName = general.Name,
                Getter = card => (T)((ModelCard)card).Options,
            }
        );
        (fixedType.Name, fixedType.Set, fixedType.IsRequired, fixedType.IsSetNullable) = (
            general.Name,
            general.Set,
            general.IsRequired,
            general.IsSetNullable
        );
        type.Properties[type.Properties.IndexOf(general)] = fixedType;
    }

    // What a family knows of itself is not an option; an overriding property does not inherit that it is to be ignored.
    private static void LeaveOutWhatFollows(JsonTypeInfo type)
    {
        if (!type.Type.IsAssignableTo(typeof(ModelOptions)))
            return;
        foreach (JsonPropertyInfo property in type.Properties.Where(property => property.Set is null).ToArray())
            type.Properties.Remove(property);
    }
}

/// <summary>The generated code. Which of a family's records stands in a card, <see cref="CardJson.For{T}"/> says.</summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow
)]
[JsonSerializable(typeof(ModelCard))]
[JsonSerializable(typeof(Synset[]))]
[JsonSerializable(typeof(ColoredClass[]))]
[JsonSerializable(typeof(ArchSizes))]
[JsonSerializable(typeof(MogaNetOptions))]
[JsonSerializable(typeof(ConvNeXtOptions))]
[JsonSerializable(typeof(HorNetOptions))]
[JsonSerializable(typeof(SwinOptions))]
[JsonSerializable(typeof(ParCNetOptions))]
[JsonSerializable(typeof(SimVpOptions))]
[JsonSerializable(typeof(SemanticFpnOptions))]
[JsonSerializable(typeof(UperNetOptions))]
[JsonSerializable(typeof(HeatMapPoseOptions))]
[JsonSerializable(typeof(RetinaNetOptions))]
[JsonSerializable(typeof(MaskRcnnOptions))]
[JsonSerializable(typeof(CascadeMaskRcnnOptions))]
internal sealed partial class CardContext : JsonSerializerContext;

/// <summary>Custom sizes as they stand in a card.</summary>
internal sealed record ArchSizes(ImmutableArray<int> EmbedDims, ImmutableArray<int> Depths, ImmutableArray<double> FfnRatios);

/// <summary>Numbers that can be written again: a reader takes 1e999 for infinite, for which JSON has no text.</summary>
internal sealed class FiniteNumber<T>(FiniteNumber<T>.Reader read, Action<Utf8JsonWriter, T> write) : JsonConverter<T>
    where T : struct, INumberBase<T>
{
    internal delegate T Reader(ref Utf8JsonReader reader);

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        read(ref reader) is var number && T.IsFinite(number) ? number : throw new JsonException("The number is too large.");

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => write(writer, value);
}

/// <summary>An enumeration as words in snake case. Where the framework's own converter fails, says which words there are.</summary>
internal sealed class SnakeCaseEnum<T> : JsonConverter<T>
    where T : struct, Enum
{
    private static readonly JsonSerializerOptions NoOptions = new();

    private static readonly JsonConverter<T> Words =
        (JsonConverter<T>)
            new JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false).CreateConverter(
                typeof(T),
                NoOptions
            )!;

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return Words.Read(ref reader, typeToConvert, options);
        }
        catch (JsonException)
        {
            string value = reader.TokenType == JsonTokenType.String ? $"'{reader.GetString()}'" : "The value";
            throw new JsonException($"{value} is not one of {string.Join(", ", Enum.GetValues<T>().Select(Word))}.");
        }
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => Words.Write(writer, value, options);

    private static string Word(T value)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            Words.Write(writer, value, NoOptions);
        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(1, (int)stream.Length - 2));
    }
}

/// <summary>A backbone within a network's options: its family, and the options as the family's record.</summary>
internal sealed class BackboneConverter : JsonConverter<ClassifierOptions>
{
    private const string Family = "family";

    // The families' own records are read as they are.
    public override bool CanConvert(Type typeToConvert) => typeToConvert == typeof(ClassifierOptions);

    public override ClassifierOptions Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        JsonObject backbone = JsonNode.Parse(ref reader) as JsonObject ?? throw new JsonException("A backbone is an object.");
        string name = backbone[Family] is JsonValue value && value.TryGetValue(out string? text) ? text : ModelFamilies.Default;
        backbone.Remove(Family);
        return ModelFamilies.Find(name) is { } family && family.OptionsType.Type.IsAssignableTo(typeof(ClassifierOptions))
            ? (ClassifierOptions)(backbone.Deserialize(family.OptionsType) ?? throw new JsonException("A backbone is an object."))
            : throw new JsonException($"'{name}' is not a family of backbones.");
    }

    public override void Write(Utf8JsonWriter writer, ClassifierOptions value, JsonSerializerOptions options)
    {
        JsonObject fields = JsonSerializer.SerializeToNode(value, ModelFamilies.Of(value).OptionsType)!.AsObject();
        var backbone = new JsonObject { [Family] = value.Family };
        // What a network's options say of the backbone, and what means nothing without a head.
        foreach ((string name, JsonNode? field) in fields)
            if (name is not ("num_classes" or "drop_rate" or "drop_path_rate"))
                backbone[name] = field?.DeepClone();
        backbone.WriteTo(writer);
    }
}

/// <summary>An official size by its name, or the three lists.</summary>
internal sealed class ArchConverter : JsonConverter<MogaNetArch>
{
    public override MogaNetArch Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
            return MogaNetArch.Parse(reader.GetString()!);
        ArchSizes sizes = JsonSerializer.Deserialize(ref reader, Sizes(options)) ?? throw new JsonException("arch is null");
        if (sizes.EmbedDims.IsDefault || sizes.Depths.IsDefault || sizes.FfnRatios.IsDefault)
            throw new JsonException("arch needs embed_dims, depths and ffn_ratios");
        return new MogaNetArch(sizes.EmbedDims, sizes.Depths, sizes.FfnRatios);
    }

    public override void Write(Utf8JsonWriter writer, MogaNetArch value, JsonSerializerOptions options)
    {
        if (MogaNetArch.Names.FirstOrDefault(name => MogaNetArch.Parse(name) == value) is { } name)
            writer.WriteStringValue(name);
        else
            JsonSerializer.Serialize(writer, new ArchSizes(value.EmbedDims, value.Depths, value.FfnRatios), Sizes(options));
    }

    private static JsonTypeInfo<ArchSizes> Sizes(JsonSerializerOptions options) =>
        (JsonTypeInfo<ArchSizes>)options.GetTypeInfo(typeof(ArchSizes));
}
