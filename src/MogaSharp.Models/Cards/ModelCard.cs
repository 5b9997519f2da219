using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// What is needed to use trained weights: architecture, preprocessing, labels, where they come from. A JSON file beside the
/// weights; the catalogue's entries are cards too. Names in the file are the properties' in snake case.
/// </summary>
public sealed record ModelCard
{
    /// <summary>The model's name, such as <c>moganet_tiny</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Which definition builds it; <c>moganet</c>.</summary>
    public string Family { get; init; } = "moganet";

    /// <summary>A sentence for people.</summary>
    public string? Description { get; init; }

    /// <summary>The architecture's options.</summary>
    public required MogaNetOptions Options { get; init; }

    /// <summary>How a picture becomes the input tensor.</summary>
    public required PreprocessCard Preprocess { get; init; }

    /// <summary>Class names in the order of the outputs; empty when <see cref="LabelSet"/> says it.</summary>
    public ImmutableArray<string> Labels { get; init; } = [];

    /// <summary>A well-known list of classes: <c>imagenet1k</c>.</summary>
    public string? LabelSet { get; init; }

    /// <summary>Where the weights are.</summary>
    public WeightsCard Weights { get; init; } = new();

    /// <summary>The weights' licence.</summary>
    public string? License { get; init; }

    /// <summary>Who made them and how.</summary>
    public string? Origin { get; init; }

    /// <summary>Published or measured figures by name, such as <c>imagenet1k_top1</c> (percent).</summary>
    public ImmutableDictionary<string, double> Metrics { get; init; } = ImmutableDictionary<string, double>.Empty;

    /// <summary>The folder that relative file names start from; not part of the file.</summary>
    [JsonIgnore]
    public string? Folder { get; init; }

    /// <summary>Reads a card from a file.</summary>
    /// <exception cref="ModelCardException">The file is no card; the message names it and says why.</exception>
    public static ModelCard Load(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            ModelCard card = JsonSerializer.Deserialize<ModelCard>(stream, CardJson.Options) ?? throw new ModelCardException(path, "it is empty");
            card = card with { Folder = Path.GetDirectoryName(Path.GetFullPath(path)) };
            card.Validate(path);
            return card;
        }
        catch (JsonException e)
        {
            throw new ModelCardException(path, e.Message, e);
        }
        catch (GraphException e)
        {
            throw new ModelCardException(path, e.Message, e);
        }
    }

    /// <summary>The card as JSON text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, CardJson.Options);

    /// <summary>The definition that the card describes.</summary>
    public IModelDefinition CreateDefinition() => new MogaNet(Options);

    /// <summary>The class names in the order of the outputs; numbers when the card has none.</summary>
    public ImmutableArray<string> GetLabels() =>
        !Labels.IsEmpty ? Labels
        : LabelSet is null ? [.. Enumerable.Range(0, Options.NumClasses).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))]
        : [.. Models.LabelSet.Find(LabelSet).Select(label => label.Names[0])];

    /// <summary>The weights' file when the card names one, as a full path.</summary>
    public string? GetWeightsPath() => Weights.File is null ? null : Path.GetFullPath(Path.Combine(Folder ?? ".", Weights.File));

    private void Validate(string path)
    {
        if (Family != "moganet") throw new ModelCardException(path, $"it names the family '{Family}'; there is moganet");
        Options.Validate();
        if (Preprocess.Width < 1 || Preprocess.Height < 1) throw new ModelCardException(path, "the preprocessing size is not positive");
        if (Preprocess.Crop is not (> 0 and <= 1)) throw new ModelCardException(path, "the crop is not above 0 and at most 1");
        int labels = LabelSet is null ? Labels.Length : Models.LabelSet.Find(LabelSet).Length;
        if (labels > 0 && Options.NumClasses > 0 && labels != Options.NumClasses)
            throw new ModelCardException(path, $"it has {labels} labels for {Options.NumClasses} classes");
    }
}

/// <summary>How a picture becomes the input tensor.</summary>
public sealed record PreprocessCard
{
    /// <summary>Columns of the input.</summary>
    public required int Width { get; init; }

    /// <summary>Rows of the input.</summary>
    public required int Height { get; init; }

    /// <summary>The share of the resized picture that the centre crop keeps, above 0 to 1 (timm's <c>crop_pct</c>).</summary>
    public double Crop { get; init; } = 0.9;

    /// <summary><c>keep_aspect</c>: shorter side to size / crop, then centre crop; <c>squash</c>: resize to the size as it is.</summary>
    public string Mode { get; init; } = "keep_aspect";

    /// <summary>Pillow's filter: <c>bicubic</c>, <c>bilinear</c>, <c>lanczos</c>, <c>box</c>, <c>hamming</c>, <c>nearest</c>.</summary>
    public string Filter { get; init; } = "bicubic";

    /// <summary>Means per channel of values scaled to 0..1: three, or one for all.</summary>
    public ImmutableArray<float> Mean { get; init; } = [0.485f, 0.456f, 0.406f];

    /// <summary>Standard deviations likewise.</summary>
    public ImmutableArray<float> Std { get; init; } = [0.229f, 0.224f, 0.225f];
}

/// <summary>Where weights are.</summary>
public sealed record WeightsCard
{
    /// <summary>A file name, relative to the card.</summary>
    public string? File { get; init; }

    /// <summary>The address to download from.</summary>
    public string? Url { get; init; }

    /// <summary>The file's SHA-256 in hexadecimal, where known.</summary>
    public string? Sha256 { get; init; }

    /// <summary>True to take the moving average where the file holds both.</summary>
    public bool Ema { get; init; }
}

/// <summary>A card that cannot be used.</summary>
public sealed class ModelCardException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="path">The card's file.</param>
    /// <param name="problem">What is wrong, as a clause.</param>
    /// <param name="inner">The cause, or null.</param>
    public ModelCardException(string path, string problem, Exception? inner = null)
        : base($"'{path}' is no model card: {problem}", inner)
    {
    }
}

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
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new ArchConverter(), new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };
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
