using System.Buffers.Binary;
using System.Text.Json;
using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>Reads the header of a safetensors file and holds it to every rule of the format.</summary>
internal sealed class SafetensorsHeader
{
    private const int LengthSize = 8;
    private const int MaxDepth = 4;
    private const int MaxRank = 64;

    private readonly FileBytes _file;
    private readonly CheckpointLimits _limits;
    private readonly List<Entry> _entries = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    private SafetensorsHeader(FileBytes file, CheckpointLimits limits)
    {
        _file = file;
        _limits = limits;
    }

    /// <summary>Texts that the writer added; nothing in them is interpreted.</summary>
    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>The tensors in header order.</summary>
    public IReadOnlyList<TensorEntry> Tensors { get; private set; } = [];

    public static SafetensorsHeader Read(FileBytes file, CheckpointLimits limits)
    {
        var header = new SafetensorsHeader(file, limits);
        byte[] json = header.ReadJson();
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
            header.ReadEntries(ref reader);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            // The second type is what the JSON reader throws for text that is not valid UTF-8 or of another kind than asked.
            throw file.Reject($"The safetensors header is not the JSON it should be: {problem.Message}", problem);
        }

        header.Locate(LengthSize + json.Length);
        return header;
    }

    private byte[] ReadJson()
    {
        if (_file.Length < LengthSize)
            throw _file.Reject($"A safetensors file begins with a length of 8 bytes; this file is too short ({_file.Length} bytes).");
        Span<byte> prefix = stackalloc byte[LengthSize];
        _file.Read(0, prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > (ulong)_limits.MaxHeaderBytes)
            throw _file.Reject($"The safetensors header length is {length} bytes; the format allows {_limits.MaxHeaderBytes}.");
        if (length > (ulong)(_file.Length - LengthSize))
            throw _file.Reject($"The safetensors header of {length} bytes goes past the end of the file: it was cut off.");
        byte[] json = new byte[length];
        _file.Read(LengthSize, json);
        return json is [(byte)'{', ..] ? json : throw _file.Reject("The safetensors header is not JSON: it does not begin with '{'.");
    }

    private void ReadEntries(ref Utf8JsonReader reader)
    {
        reader.Read();
        while (NextName(ref reader) is { } name)
        {
            if (!_names.Add(name))
                throw _file.Reject($"The safetensors header has the key '{name}' twice.");
            if (name == SafetensorsTypes.MetadataKey)
                ReadMetadata(ref reader);
            else
                ReadEntry(name, ref reader);
            if (_entries.Count > _limits.MaxValues)
                throw _file.Reject($"The file holds more than {_limits.MaxValues} tensors.");
        }

        // Nothing but white space may follow; the reader throws at anything else.
        reader.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, SafetensorsTypes.MetadataKey);
        while (NextName(ref reader) is { } key)
        {
            Expect(ref reader, JsonTokenType.String, SafetensorsTypes.MetadataKey);
            if (!Metadata.TryAdd(key, reader.GetString()!))
                throw _file.Reject($"The safetensors metadata has the key '{key}' twice.");
        }
    }

    private void ReadEntry(string name, ref Utf8JsonReader reader)
    {
        if (name.Length > TensorPath.MaxLength)
            throw _file.Reject($"A tensor's name has more than {TensorPath.MaxLength} characters.");
        Expect(ref reader, JsonTokenType.StartObject, name);
        string? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (NextName(ref reader) is { } field)
        {
            bool isNew = field switch
            {
                "dtype" => type is null,
                "shape" => shape is null,
                "data_offsets" => offsets is null,
                _ => false,
            };
            if (!isNew)
                throw _file.Reject($"The safetensors entry '{name}' has the field '{field}' twice, or where it does not belong.");
            if (field == "dtype")
            {
                Expect(ref reader, JsonTokenType.String, name);
                type = reader.GetString();
            }
            else if (field == "shape")
            {
                shape = Numbers(name, ref reader);
            }
            else
            {
                offsets = Numbers(name, ref reader);
            }
        }

        if (type is null || shape is null || offsets is not [long start, long end])
            throw _file.Reject($"The safetensors entry '{name}' lacks its dtype, shape or pair of data_offsets.");
        DType element = SafetensorsTypes.Parse(type) ?? throw _file.Reject($"The dtype '{type}' of tensor '{name}' is not supported.");
        if (shape.Length > MaxRank)
            throw _file.Reject($"Tensor '{name}' has {shape.Length} dimensions.");
        _entries.Add(new Entry(name, element, shape, start, end));
    }

    private long[] Numbers(string name, ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray, name);
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                throw _file.Reject($"The safetensors entry '{name}' has an extent or offset that is negative, too large or no number.");
            numbers.Add(number);
        }

        return [.. numbers];
    }

    /// <summary>The next property name, or null at the end of the object.</summary>
    private static string? NextName(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null;

    private void Expect(ref Utf8JsonReader reader, JsonTokenType type, string name)
    {
        if (!reader.Read() || reader.TokenType != type)
            throw _file.Reject($"The safetensors entry '{name}' is not of the form it should be.");
    }

    /// <summary>Checks that the tensors fill the rest of the file exactly, one after the other, and makes their entries.</summary>
    private void Locate(long dataStart)
    {
        long position = 0;
        foreach (Entry entry in _entries.OrderBy(entry => entry.Start).ThenBy(entry => entry.End))
        {
            if (entry.Start != position)
                throw _file.Reject(
                    $"Tensor '{entry.Name}' starts at {entry.Start}, the one before it ends at {position}: tensors overlap or leave a hole."
                );
            long size = ByteCount(entry);
            if (entry.End - entry.Start != size)
                throw _file.Reject($"The shape of tensor '{entry.Name}' needs {size} bytes, its offsets give {entry.End - entry.Start}.");
            if (size > Array.MaxLength)
                throw _file.Reject($"Tensor '{entry.Name}' is larger than 2 GiB.");
            position = entry.End;
        }

        long available = _file.Length - dataStart;
        if (position > available)
            throw _file.Reject($"The tensors need {position} bytes, the file has {available}: it was cut off.");
        if (position < available)
            throw _file.Reject($"The file has {available - position} bytes that belong to no tensor.");
        Tensors = [.. _entries.Select(entry => Tensor(entry, dataStart))];
    }

    private long ByteCount(Entry entry)
    {
        try
        {
            long count = entry.Type.Size();
            foreach (long extent in entry.Shape)
                count = checked(count * extent);
            return count;
        }
        catch (OverflowException)
        {
            throw _file.Reject($"The shape of tensor '{entry.Name}' overflows 64 bits.");
        }
    }

    private StoredTensor Tensor(Entry entry, long dataStart)
    {
        var range = new ByteRange(_file, dataStart + entry.Start, entry.End - entry.Start, entry.Name);
        long[] strides = new long[entry.Shape.Length];
        long step = 1;
        for (int d = strides.Length - 1; d >= 0; d--)
        {
            strides[d] = step;
            step *= entry.Shape[d];
        }

        return new StoredTensor(entry.Name, entry.Type, new Shape(entry.Shape), range, 0, strides);
    }

    private sealed record Entry(string Name, DType Type, long[] Shape, long Start, long End);
}
