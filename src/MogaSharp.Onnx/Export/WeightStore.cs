using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using MogaSharp.Graph;
using MogaSharp.Onnx.Protocol;

namespace MogaSharp.Onnx.Export;

/// <summary>
/// The parameters that a graph's nodes read, each under its own name; where their bytes go is decided when all are known.
/// </summary>
internal sealed class WeightStore(ComputationGraph graph, WeightSet weights)
{
    // Consumers look at small tensors while they load a model, so those stay in it; ONNX's own tools draw the same line.
    private const int SmallestExternal = 1024;

    // ONNX asks for pages, so that files can be mapped.
    private const int Alignment = 4096;

    private readonly Dictionary<string, ParameterSpec> _specs = graph.Parameters.ToDictionary(spec => spec.Name, StringComparer.Ordinal);
    private readonly Dictionary<string, (TensorProto Proto, float[] Data)> _used = new(StringComparer.Ordinal);
    private readonly List<TensorProto> _protos = [];

    /// <summary>In the order of first use.</summary>
    public IEnumerable<TensorProto> Protos => _protos;

    /// <summary>Bytes of all parameters used.</summary>
    public long ByteCount => _used.Values.Sum(entry => entry.Data.LongLength * sizeof(float));

    /// <summary>Makes sure that a parameter is written, and returns its shape.</summary>
    public Shape Use(string name)
    {
        Shape shape = _specs[name].Shape;
        if (_used.ContainsKey(name))
            return shape;
        if (!weights.TryGet(name, out Tensor? tensor))
            throw new OnnxExportException($"The weights hold no tensor '{name}', which the graph needs.");
        if (tensor.Shape != shape)
            throw new OnnxExportException($"The tensor '{name}' has the shape {tensor.Shape}, the graph needs {shape}.");
        var proto = new TensorProto
        {
            Name = name,
            DataType = TensorProto.Types.DataType.Float,
            Dims = { shape.Extents.ToArray() },
        };
        _used.Add(name, (proto, tensor.Data));
        _protos.Add(proto);
        return shape;
    }

    /// <summary>Puts the bytes into the model.</summary>
    public void StoreInline()
    {
        foreach ((TensorProto proto, float[] data) in _used.Values)
            StoreInline(proto, data);
    }

    /// <summary>Puts the bytes into a data file, small tensors excepted.</summary>
    /// <param name="stream">The data file, empty.</param>
    /// <param name="location">Its name, relative to the model.</param>
    public void StoreExternally(Stream stream, string location)
    {
        long end = 0;
        foreach (TensorProto proto in _protos)
        {
            float[] data = _used[proto.Name].Data;
            long length = data.LongLength * sizeof(float);
            if (length < SmallestExternal)
            {
                StoreInline(proto, data);
                continue;
            }

            long offset = (end + Alignment - 1) / Alignment * Alignment;
            stream.Write(new byte[offset - end]);
            Write(stream, data);
            end = offset + length;
            proto.DataLocation = TensorProto.Types.DataLocation.External;
            proto.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
            proto.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = offset.ToString(CultureInfo.InvariantCulture) });
            proto.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = length.ToString(CultureInfo.InvariantCulture) });
        }
    }

    private static void StoreInline(TensorProto proto, float[] data) =>
        proto.RawData = UnsafeByteOperations.UnsafeWrap(new FloatMemory(data).Memory);

    // A tensor may have more bytes than a span can.
    private static void Write(Stream stream, ReadOnlySpan<float> data)
    {
        const int Chunk = 1 << 24;
        for (; data.Length > Chunk; data = data[Chunk..])
            stream.Write(MemoryMarshal.AsBytes(data[..Chunk]));
        stream.Write(MemoryMarshal.AsBytes(data));
    }
}
