using MogaSharp.Onnx.Protocol;

namespace MogaSharp.Onnx.Export;

/// <summary>The nodes of a model and the constants that they read. Nodes and their results share the name <c>scope/Type</c>.</summary>
internal sealed class NodeWriter
{
    private readonly NameTable _names;
    private readonly List<NodeProto> _nodes = [];

    /// <summary>Nothing yet.</summary>
    /// <param name="taken">The names of inputs, outputs and parameters.</param>
    /// <exception cref="OnnxExportException">One is empty or taken twice.</exception>
    public NodeWriter(IReadOnlyCollection<string> taken)
    {
        if (
            taken.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1 || group.Key.Length == 0) is
            { } bad
        )
            throw new OnnxExportException($"Inputs, outputs and parameters need different names; '{bad.Key}' is empty or taken twice.");
        _names = new NameTable(taken);
        Constants = new ConstantStore(_names);
    }

    public ConstantStore Constants { get; }

    public IReadOnlyList<NodeProto> Nodes => _nodes;

    /// <summary>Adds a node; the first of its results has its name.</summary>
    /// <param name="scope">What it belongs to.</param>
    /// <param name="description">What it does.</param>
    /// <param name="type">The operator.</param>
    /// <param name="inputs">The tensors that it reads.</param>
    /// <param name="results">How many it gives.</param>
    /// <param name="attributes">The operator's attributes.</param>
    public string[] Add(string scope, string description, string type, string[] inputs, int results, params AttributeProto[] attributes)
    {
        string name = _names.Unique($"{scope}/{type}");
        string[] outputs = [name, .. Enumerable.Range(1, results - 1).Select(_ => _names.Unique(name))];
        _nodes.Add(
            new NodeProto
            {
                Name = name,
                OpType = type,
                DocString = description,
                Input = { inputs },
                Output = { outputs },
                Attribute = { attributes },
            }
        );
        return outputs;
    }

    /// <summary>Gives a tensor another name, which is taken already.</summary>
    public void AddIdentity(string tensor, string name) =>
        _nodes.Add(
            new NodeProto
            {
                Name = _names.Unique($"{name}/Identity"),
                OpType = "Identity",
                Input = { tensor },
                Output = { name },
            }
        );

    /// <summary>Renames a tensor; false where no node gives it.</summary>
    public bool Rename(string tensor, string name)
    {
        NodeProto? producer = _nodes.Find(node => node.Output.Contains(tensor));
        if (producer is null)
            return false;
        producer.Output[producer.Output.IndexOf(tensor)] = name;
        foreach (NodeProto node in _nodes)
            for (int i = 0; i < node.Input.Count; i++)
                if (node.Input[i] == tensor)
                    node.Input[i] = name;
        return true;
    }
}
