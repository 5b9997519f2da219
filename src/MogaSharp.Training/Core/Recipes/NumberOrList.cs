using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MogaSharp.Training;

/// <summary>A list of numbers that is written as a number when it has one only, and read from either.</summary>
internal sealed class NumberOrList : JsonConverter<ImmutableArray<double>>
{
    public override ImmutableArray<double> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number)
            return [reader.GetDouble()];
        // Without a message of its own an exception gets the place in the file.
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException();
        var numbers = new List<double>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            numbers.Add(reader.TokenType == JsonTokenType.Number ? reader.GetDouble() : throw new JsonException());
        return [.. numbers];
    }

    public override void Write(Utf8JsonWriter writer, ImmutableArray<double> value, JsonSerializerOptions options)
    {
        if (value is [double single])
        {
            writer.WriteNumberValue(single);
            return;
        }

        writer.WriteStartArray();
        foreach (double number in value)
            writer.WriteNumberValue(number);
        writer.WriteEndArray();
    }
}
