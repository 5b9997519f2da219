using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using MogaSharp.Graph;
using MogaSharp.Onnx.Protocol;
using DataType = MogaSharp.Onnx.Protocol.TensorProto.Types.DataType;

namespace MogaSharp.Onnx.Export;

/// <summary>The small tensors that ONNX operators take instead of attributes, one for each distinct value.</summary>
internal sealed class ConstantStore(NameTable names)
{
    private readonly Dictionary<string, TensorProto> _byValue = new(StringComparer.Ordinal);
    private readonly List<TensorProto> _protos = [];

    public IEnumerable<TensorProto> Protos => _protos;

    /// <summary>The name of a scalar.</summary>
    public string Scalar(float value) =>
        Add(string.Create(CultureInfo.InvariantCulture, $"constant/{value:R}"), DataType.Float, [], MemoryMarshal.AsBytes([value]));

    /// <summary>The name of a vector of floats, all the same.</summary>
    public string Filled(int count, float value)
    {
        float[] data = new float[count];
        data.AsSpan().Fill(value);
        return Add(
            string.Create(CultureInfo.InvariantCulture, $"constant/{value:R}x{count}"),
            DataType.Float,
            [count],
            MemoryMarshal.AsBytes(data.AsSpan())
        );
    }

    /// <summary>The name of a 64-bit integer.</summary>
    public string Number(long value) => Add($"constant/{value}i0", DataType.Int64, [], MemoryMarshal.AsBytes([value]));

    /// <summary>The name of a tensor of floats, for which a name says what is in it.</summary>
    public string Table(string name, Shape shape, float[] data) =>
        Add(name, DataType.Float, shape.Extents.ToArray(), MemoryMarshal.AsBytes(data.AsSpan()));

    /// <summary>The name of a vector of 64-bit integers, for which a name says what is in it.</summary>
    public string Numbers(string name, long[] values) => Add(name, DataType.Int64, [values.Length], MemoryMarshal.AsBytes(values.AsSpan()));

    /// <summary>The name of a vector of 64-bit integers.</summary>
    public string Vector(params long[] values) =>
        Add("constant/" + string.Join('_', values) + "i", DataType.Int64, [values.Length], MemoryMarshal.AsBytes(values.AsSpan()));

    /// <summary>The name of a column of 64-bit integers, (n, 1).</summary>
    public string Column(params long[] values) =>
        Add("constant/" + string.Join('_', values) + "ix1", DataType.Int64, [values.Length, 1], MemoryMarshal.AsBytes(values.AsSpan()));

    private string Add(string value, DataType type, long[] dims, ReadOnlySpan<byte> bytes)
    {
        if (!_byValue.TryGetValue(value, out TensorProto? proto))
        {
            proto = new TensorProto
            {
                Name = names.Unique(value),
                DataType = type,
                Dims = { dims },
                RawData = ByteString.CopyFrom(bytes),
            };
            _byValue.Add(value, proto);
            _protos.Add(proto);
        }

        return proto.Name;
    }
}
