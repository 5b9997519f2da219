using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>A file of annotated objects. What else such a file has is not read.</summary>
internal sealed record CocoObjectsFileJson(
    CocoEntry<CocoImageJson>[] Images,
    CocoEntry<CocoObjectJson>[] Annotations,
    CocoEntry<CocoCategoryJson>[] Categories
);

/// <summary>A category of a file of annotations.</summary>
internal sealed record CocoCategoryJson(int Id, string Name);

/// <summary>An annotated object.</summary>
internal sealed record CocoObjectJson(
    long Id,
    long ImageId,
    long CategoryId,
    double[] Bbox,
    double? Area = null,
    int Iscrowd = 0,
    CocoOutline? Segmentation = null
);

/// <summary>A detection in a file of results.</summary>
internal sealed record CocoDetectionJson(
    long ImageId,
    long CategoryId,
    double Score,
    double[]? Bbox = null,
    CocoOutline? Segmentation = null
);

/// <summary>An entry of a list, which is read on its own: a wrong one has a problem in place of a value.</summary>
/// <param name="Value">The entry; null when it is wrong.</param>
/// <param name="Problem">What is wrong with it.</param>
internal readonly record struct CocoEntry<T>(T? Value, string? Problem)
    where T : class;

/// <summary>Reads entries one by one.</summary>
internal sealed class CocoEntryConverter<T> : JsonConverter<CocoEntry<T>>
    where T : class
{
    public override bool HandleNull => true;

    public override CocoEntry<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return new CocoEntry<T>(null, "It is null.");
        // The whole entry was read before, so what is wrong with it is not the JSON.
        Utf8JsonReader start = reader;
        try
        {
            return new CocoEntry<T>(
                ((JsonConverter<T>)options.GetTypeInfo(typeof(T)).Converter).Read(ref reader, typeof(T), options),
                null
            );
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or FormatException)
        {
            reader = start;
        }

        // Slower, and it tells what is wrong and where.
        try
        {
            return new CocoEntry<T>(JsonSerializer.Deserialize(ref reader, (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T))), null);
        }
        catch (JsonException problem)
        {
            reader = start;
            reader.TrySkip();
            return new CocoEntry<T>(null, CocoContext.Reason(problem, ""));
        }
    }

    public override void Write(Utf8JsonWriter writer, CocoEntry<T> value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.Value!, (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T)));
}

/// <summary>The pixels of an object as files have them: polygons, or runs with the size of their image, compressed or not.</summary>
internal sealed record CocoOutline
{
    /// <summary>Lists of coordinates; null for runs.</summary>
    public double[][]? Polygons { get; init; }

    /// <summary>The lengths of runs; null where they are compressed.</summary>
    public uint[]? Runs { get; init; }

    /// <summary>Compressed runs.</summary>
    public string? Code { get; init; }

    /// <summary>The size that the runs state.</summary>
    public ImageSize Size { get; init; }

    /// <summary>Makes the mask.</summary>
    /// <param name="image">The size of the image.</param>
    /// <returns>The mask, or what is wrong as a whole sentence. Neither where there are no polygons.</returns>
    public (RunLengthMask? Mask, string? Problem) ToMask(ImageSize image)
    {
        if (Polygons is { Length: 0 })
            return default;
        if (Polygons is null && Size != image)
            return (null, $"The mask is of {Size}, its image of {image}.");
        try
        {
            RunLengthMask mask =
                Polygons is not null ? RunLengthMask.FromPolygons(Polygons.Select(one => (ReadOnlyMemory<double>)one), image)
                : Runs is not null ? RunLengthMask.FromRuns(image, Runs)
                : RunLengthMask.Parse(image, Code);
            return (mask, null);
        }
        catch (FormatException wrong)
        {
            return (null, wrong.Message);
        }
    }
}

/// <summary>Reads and writes outlines; those that are written are compressed runs.</summary>
internal sealed class CocoOutlineConverter : JsonConverter<CocoOutline>
{
    public override CocoOutline Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
            return new CocoOutline { Polygons = Polygons(ref reader) };
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("Polygons or runs are needed.");
        ImageSize? size = null;
        uint[]? runs = null;
        string? code = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isSize = reader.ValueTextEquals("size"u8),
                isCounts = reader.ValueTextEquals("counts"u8);
            reader.Read();
            if (isSize)
                size = SizeOf(ref reader);
            else if (!isCounts)
                reader.TrySkip();
            else if (reader.TokenType == JsonTokenType.String)
                (code, runs) = (reader.GetString(), null);
            else
                (code, runs) = (null, Numbers(ref reader).Select(RunOf).ToArray());
        }

        return size is { } stated && (runs is not null || code is not null)
            ? new CocoOutline
            {
                Runs = runs,
                Code = code,
                Size = stated,
            }
            : throw new JsonException("Runs have a 'size' and 'counts'.");
    }

    public override void Write(Utf8JsonWriter writer, CocoOutline value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("size"u8);
        writer.WriteNumberValue(value.Size.Height);
        writer.WriteNumberValue(value.Size.Width);
        writer.WriteEndArray();
        writer.WriteString("counts"u8, value.Code);
        writer.WriteEndObject();
    }

    private static double[][] Polygons(ref Utf8JsonReader reader)
    {
        List<double[]> polygons = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            polygons.Add(Numbers(ref reader));
        return [.. polygons];
    }

    private static double[] Numbers(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException("A list of numbers is needed.");
        List<double> numbers = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            numbers.Add(FewNumbers.Finite(ref reader));
        return [.. numbers];
    }

    private static uint RunOf(double number) =>
        number is >= 0 and <= int.MaxValue && number == Math.Floor(number)
            ? (uint)number
            : throw new JsonException($"A run of {number} pixels is impossible.");

    private static ImageSize SizeOf(ref Utf8JsonReader reader) =>
        Numbers(ref reader) is [var height, var width] && IsSide(height) && IsSide(width)
            ? new ImageSize((int)width, (int)height)
            : throw new JsonException("The 'size' is not height and width.");

    private static bool IsSide(double number) => number is >= 1 and <= int.MaxValue && number == Math.Floor(number);
}
