using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace MogaSharp.Weights;

/// <summary>Writes the safetensors layout.</summary>
internal static class SafetensorsWriter
{
    // The reference implementation pads its header so that the data begins at a multiple of this.
    private const int Alignment = 8;

    public static void Write(Stream stream, IReadOnlyList<TensorEntry> tensors, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        byte[] header = MakeHeader(tensors, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (TensorEntry tensor in tensors)
            stream.Write(tensor.ToBytes());
    }

    private static byte[] MakeHeader(IReadOnlyList<TensorEntry> tensors, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        using var header = new MemoryStream();
        // Nothing here is embedded in a web page, so names stay readable.
        using (var writer = new Utf8JsonWriter(header, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            WriteMetadata(writer, metadata);
            long position = 0;
            foreach (TensorEntry tensor in tensors)
                position = WriteEntry(writer, tensor, position);
            writer.WriteEndObject();
        }

        while (header.Length % Alignment != 0)
            header.WriteByte((byte)' ');
        return header.ToArray();
    }

    private static void WriteMetadata(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        KeyValuePair<string, string>[] texts = [.. metadata];
        if (texts.Length == 0)
            return;
        writer.WriteStartObject(SafetensorsTypes.MetadataKey);
        foreach ((string key, string text) in texts)
            writer.WriteString(key, text);
        writer.WriteEndObject();
    }

    private static long WriteEntry(Utf8JsonWriter writer, TensorEntry tensor, long position)
    {
        if (tensor.Name == SafetensorsTypes.MetadataKey)
            throw new ArgumentException($"A tensor cannot be named '{tensor.Name}' in a safetensors file.");
        writer.WriteStartObject(tensor.Name);
        writer.WriteString("dtype", SafetensorsTypes.NameOf(tensor.DType));
        writer.WriteStartArray("shape");
        foreach (long extent in tensor.Shape.Extents)
            writer.WriteNumberValue(extent);
        writer.WriteEndArray();
        writer.WriteStartArray("data_offsets");
        writer.WriteNumberValue(position);
        position += tensor.ByteCount;
        writer.WriteNumberValue(position);
        writer.WriteEndArray();
        writer.WriteEndObject();
        return position;
    }
}
