using System.Runtime.InteropServices;
using MogaSharp.Graph;

namespace MogaSharp.Onnx.Tests;

/// <summary>What a model file says, by the ONNX standard's field numbers.</summary>
internal sealed class ModelReader
{
    private readonly WireReader _model;
    private readonly WireReader _graph;

    public ModelReader(byte[] file)
    {
        _model = new WireReader(file);
        _graph = _model.Message(7);
    }

    public long IrVersion => _model.Number(1);

    public string Producer => $"{_model.Text(2)} {_model.Text(3)}";

    public string Description => _model.Text(6);

    public long Opset => _model.Messages(8).Single(set => set.Text(1).Length == 0).Number(2);

    public string GraphName => _graph.Text(2);

    public IEnumerable<(string Key, string Value)> Metadata => _model.Messages(14).Select(entry => (entry.Text(1), entry.Text(2)));

    public IEnumerable<(string Type, string Name, string Domain, string Description)> Nodes =>
        _graph.Messages(1).Select(node => (node.Text(4), node.Text(3), node.Text(7), node.Text(6)));

    public IEnumerable<string> Inputs => _graph.Messages(11).Select(Describe);

    public IEnumerable<string> Outputs => _graph.Messages(12).Select(Describe);

    public IEnumerable<TensorEntry> Initializers =>
        _graph
            .Messages(5)
            .Select(tensor => new TensorEntry(
                tensor.Text(8),
                new Shape(tensor.PackedNumbers(1)),
                tensor.Number(2),
                tensor.Bytes(9).ToArray(),
                tensor.Number(14) == 1,
                tensor.Messages(13).ToDictionary(entry => entry.Text(1), entry => entry.Text(2))
            ));

    private static string Describe(WireReader value)
    {
        WireReader tensor = value.Message(2).Message(1);
        Assert.Equal(1, tensor.Number(1)); // float32
        IEnumerable<string> sizes = tensor.Message(2).Messages(1).Select(dim => dim.Has(2) ? dim.Text(2) : $"{dim.Number(1)}");
        return $"{value.Text(1)}:{string.Join('x', sizes)}";
    }
}

internal sealed record TensorEntry(
    string Name,
    Shape Shape,
    long Type,
    byte[] Raw,
    bool IsExternal,
    IReadOnlyDictionary<string, string> External
)
{
    public float[] Floats => MemoryMarshal.Cast<byte, float>(Raw).ToArray();
}
