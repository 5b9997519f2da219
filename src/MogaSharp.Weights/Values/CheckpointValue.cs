using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace MogaSharp.Weights;

/// <summary>
/// One value of a checkpoint: a map, a list, a tensor or a plain value. Values may be shared between several places;
/// there are no cycles, and nesting is bounded by <see cref="CheckpointLimits.MaxNesting"/>.
/// </summary>
public abstract record CheckpointValue
{
    private protected CheckpointValue() { }

    /// <summary>
    /// The value as JSON text. Tensors become <c>{"__tensor__": "Float32 3x3"}</c>, objects <c>{"__Namespace__": {...}}</c>
    /// by their class, sets <c>{"__set__": [...]}</c>, bytes <c>{"__bytes_hex__": "00ff"}</c>; infinities and NaN texts.
    /// </summary>
    /// <param name="indented">True for one entry per line.</param>
    public string ToJson(bool indented = false)
    {
        using var stream = new MemoryStream();
        var options = new JsonWriterOptions { Indented = indented, MaxDepth = 1000 };
        using (var writer = new Utf8JsonWriter(stream, options))
            Write(writer);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    internal abstract void Write(Utf8JsonWriter writer);
}

/// <summary>A dictionary, or an object of a class that holds plain data.</summary>
/// <param name="Kind">"dict", or the object's class such as "argparse.Namespace".</param>
/// <param name="Entries">The entries in file order; keys that were numbers are texts here.</param>
public sealed record CheckpointMap(string Kind, IReadOnlyList<KeyValuePair<string, CheckpointValue>> Entries) : CheckpointValue
{
    /// <summary>The value of a key, or null.</summary>
    public CheckpointValue? this[string key]
    {
        get
        {
            foreach ((string name, CheckpointValue value) in Entries)
            {
                if (name == key)
                    return value;
            }

            return null;
        }
    }

    internal override void Write(Utf8JsonWriter writer)
    {
        bool isObject = Kind != "dict";
        writer.WriteStartObject();
        if (isObject)
            writer.WriteStartObject($"__{Kind[(Kind.LastIndexOf('.') + 1)..]}__");
        foreach ((string name, CheckpointValue value) in Entries)
        {
            writer.WritePropertyName(name);
            value.Write(writer);
        }

        if (isObject)
            writer.WriteEndObject();
        writer.WriteEndObject();
    }
}

/// <summary>A list, tuple, set or array.</summary>
/// <param name="Kind">"list", "tuple", "set", "frozenset", "deque", "ndarray", or the class of an object known by its arguments
/// only.</param>
/// <param name="Items">The items in file order; an array's in row-major order.</param>
public sealed record CheckpointList(string Kind, IReadOnlyList<CheckpointValue> Items) : CheckpointValue
{
    internal override void Write(Utf8JsonWriter writer)
    {
        bool isPlain = Kind is "list" or "tuple";
        if (!isPlain)
        {
            writer.WriteStartObject();
            writer.WritePropertyName($"__{Kind[(Kind.LastIndexOf('.') + 1)..]}__");
        }

        writer.WriteStartArray();
        foreach (CheckpointValue item in Items)
            item.Write(writer);
        writer.WriteEndArray();
        if (!isPlain)
            writer.WriteEndObject();
    }
}

/// <summary>A plain value.</summary>
/// <param name="Value">null, bool, long, BigInteger, double, string or byte[].</param>
public sealed record CheckpointScalar(object? Value) : CheckpointValue
{
    internal override void Write(Utf8JsonWriter writer)
    {
        switch (Value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case BigInteger number:
                writer.WriteRawValue(number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case double number:
                writer.WriteStringValue(number.ToString(CultureInfo.InvariantCulture));
                break;
            case byte[] bytes:
                writer.WriteStartObject();
                writer.WriteString("__bytes_hex__", Convert.ToHexStringLower(bytes));
                writer.WriteEndObject();
                break;
            default:
                writer.WriteStringValue((string)Value);
                break;
        }
    }
}

/// <summary>A tensor.</summary>
/// <param name="Tensor">Its entry, whose name is the path to its first place in the checkpoint.</param>
public sealed record CheckpointTensor(TensorEntry Tensor) : CheckpointValue
{
    internal override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("__tensor__", $"{Tensor.DType} {Tensor.Shape}");
        writer.WriteEndObject();
    }
}
