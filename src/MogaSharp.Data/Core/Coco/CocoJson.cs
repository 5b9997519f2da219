using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace MogaSharp.Data;

/// <summary>A file of annotations. What else such a file has is not read.</summary>
internal sealed record CocoFileJson(CocoEntry<CocoImageJson>[] Images, CocoEntry<CocoAnnotationJson>[] Annotations);

/// <summary>An image of a file of annotations.</summary>
internal sealed record CocoImageJson(long Id, int Width, int Height, string FileName);

/// <summary>An annotation of a person.</summary>
internal sealed record CocoAnnotationJson(
    long Id,
    long ImageId,
    long CategoryId,
    double[] Bbox,
    double Area,
    double[] Keypoints,
    int? NumKeypoints = null,
    int Iscrowd = 0
);

/// <summary>A pose in a file of results.</summary>
internal sealed record CocoResultJson(long ImageId, long CategoryId, double[] Keypoints, double Score, double[]? Bbox = null);

/// <summary>Numbers of one box or one skeleton: so few that no file makes arrays larger than itself.</summary>
internal sealed class FewNumbers : JsonConverter<double[]>
{
    private const int Most = 1000;

    public override double[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException("A list of numbers is needed.");
        var numbers = new List<double>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (numbers.Count == Most)
                throw new JsonException($"The list has more than {Most} numbers.");
            numbers.Add(Finite(ref reader));
        }

        return [.. numbers];
    }

    /// <summary>The number at which a reader is.</summary>
    /// <exception cref="JsonException">It is none, or is too large.</exception>
    public static double Finite(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.GetDouble() is var number && double.IsFinite(number)
            ? number
            : throw new JsonException("A finite number is needed.");

    public override void Write(Utf8JsonWriter writer, double[] value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (double number in value)
            writer.WriteNumberValue(number);
        writer.WriteEndArray();
    }
}

/// <summary>The generated code to read and write COCO's files.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [
        typeof(FewNumbers),
        typeof(CocoOutlineConverter),
        typeof(CocoEntryConverter<CocoImageJson>),
        typeof(CocoEntryConverter<CocoAnnotationJson>),
        typeof(CocoEntryConverter<CocoObjectJson>),
        typeof(CocoEntryConverter<CocoCategoryJson>),
        typeof(CocoEntryConverter<CocoDetectionJson>),
    ]
)]
[JsonSerializable(typeof(CocoFileJson))]
[JsonSerializable(typeof(CocoResultJson[]))]
[JsonSerializable(typeof(CocoObjectsFileJson))]
[JsonSerializable(typeof(CocoEntry<CocoDetectionJson>[]))]
[JsonSerializable(typeof(CocoAnnotationJson))]
[JsonSerializable(typeof(CocoObjectJson))]
[JsonSerializable(typeof(CocoCategoryJson))]
[JsonSerializable(typeof(CocoDetectionJson))]
internal sealed partial class CocoContext : JsonSerializerContext
{
    // The largest official file, that of all objects, has 450 MB.
    private const long MostBytes = 1L << 30;

    /// <summary>Reads a file.</summary>
    /// <exception cref="DatasetException">The file is too large, or is not such JSON.</exception>
    public static T Read<T>(string path, JsonTypeInfo<T> type)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        if (stream.Length > MostBytes)
            throw new DatasetException(path, $"The file has {stream.Length} bytes; the limit is {MostBytes}.");
        try
        {
            return JsonSerializer.Deserialize(stream, type) ?? throw new DatasetException(path, "The file is nothing but 'null'.");
        }
        catch (JsonException problem)
        {
            throw new DatasetException(path, Reason(problem, $"Line {problem.LineNumber + 1}"), problem);
        }
    }

    /// <summary>What is wrong, as a sentence.</summary>
    /// <param name="problem">The parser's exception.</param>
    /// <param name="where">What stands before the place in the value; nothing where the value itself is named elsewhere.</param>
    public static string Reason(JsonException problem, string where)
    {
        if (problem.Path is { Length: > 1 } entry)
            where += where.Length == 0 ? $"'{entry.TrimStart('$', '.')}'" : $" in '{entry.TrimStart('$', '.')}'";
        string reason = Reason(problem.Message);
        return where.Length == 0 ? reason : $"{where}: {reason}";
    }

    // The parser's messages name our types, of which readers of the message know nothing.
    private static string Reason(string message)
    {
        const string Missing = "missing required properties including: ";
        int coordinates = message.IndexOf(" Path: ", StringComparison.Ordinal),
            missing = message.IndexOf(Missing, StringComparison.Ordinal);
        string reason = coordinates < 0 ? message : message[..coordinates];
        return missing >= 0 ? $"There is no {reason[(missing + Missing.Length)..]}"
            : reason.Contains(nameof(MogaSharp), StringComparison.Ordinal) ? "The value is of another kind than is needed here."
            : reason;
    }
}
