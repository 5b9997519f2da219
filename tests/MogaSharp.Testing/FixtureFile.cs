using System.Runtime.InteropServices;
using System.Text.Json;
using MogaSharp.Graph;

namespace MogaSharp.Testing;

/// <summary>
/// A fixture in safetensors form, read without the code under test. Tensors are full, or samples with
/// <c>.sample</c> and <c>.stats</c> as the fixtures' README says.
/// </summary>
public sealed class FixtureFile
{
    private readonly byte[] _bytes;
    private readonly int _data;
    private readonly Dictionary<string, JsonElement> _entries = new(StringComparer.Ordinal);

    public FixtureFile(string path)
    {
        _bytes = File.ReadAllBytes(path);
        int length = (int)BitConverter.ToInt64(_bytes, 0);
        _data = 8 + length;
        using var header = JsonDocument.Parse(_bytes.AsMemory(8, length));
        foreach (JsonProperty property in header.RootElement.EnumerateObject())
        {
            if (property.Name == "__metadata__")
                Metadata = property.Value.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetString()!);
            else
                _entries[property.Name] = property.Value.Clone();
        }
    }

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    public IReadOnlyCollection<string> Names => _entries.Keys;

    public bool Has(string name) => _entries.ContainsKey(name);

    public Shape ShapeOf(string name) => new([.. _entries[name].GetProperty("shape").EnumerateArray().Select(e => e.GetInt64())]);

    public float[] Floats(string name) => Read<float>(name);

    public double[] Doubles(string name) => Read<double>(name);

    public byte[] Bytes(string name) => Read<byte>(name);

    public long[] Longs(string name) => Read<long>(name);

    /// <summary>The largest absolute difference between a result and what the fixture holds of it, full or sampled.</summary>
    public double Difference(string name, ReadOnlySpan<float> result)
    {
        if (Has(name))
            return Largest(Floats(name), result, 1);
        int stride = int.Parse(Metadata[name + ".stride"]);
        return Largest(Floats(name + ".sample"), result, stride);
    }

    /// <summary>The shape that the fixture states for a tensor, full or sampled.</summary>
    public Shape StatedShape(string name) =>
        Has(name) ? ShapeOf(name) : new Shape(JsonSerializer.Deserialize<long[]>(Metadata[name + ".shape"])!);

    /// <summary>The float32 noise of the official code for a tensor.</summary>
    public double Noise(string name) => double.Parse(Metadata[name + ".f32_noise"]);

    private static double Largest(float[] expected, ReadOnlySpan<float> result, int stride)
    {
        if (expected.Length != (result.Length + stride - 1) / stride)
            throw new InvalidOperationException(
                $"The fixture has {expected.Length} values, the result gives {(result.Length + stride - 1) / stride}."
            );
        double largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs((double)expected[i] - result[i * stride]);
            if (!(difference <= largest))
                largest = difference;
        }

        return largest;
    }

    private T[] Read<T>(string name)
        where T : struct
    {
        JsonElement offsets = _entries[name].GetProperty("data_offsets");
        int start = offsets[0].GetInt32(),
            end = offsets[1].GetInt32();
        return MemoryMarshal.Cast<byte, T>(_bytes.AsSpan(_data + start, end - start)).ToArray();
    }
}
