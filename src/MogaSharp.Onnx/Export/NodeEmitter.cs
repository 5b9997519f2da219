using MogaSharp.Graph;
using MogaSharp.Onnx.Protocol;
using Result = (string Name, MogaSharp.Onnx.Export.Form Form);

namespace MogaSharp.Onnx.Export;

/// <summary>
/// Writes every value of a graph as one or more nodes. A visit returns the tensor that holds the value and the form it has there; the other
/// forms are made when a reader asks, once. Nodes and their results share the name <c>scope/Type</c>.
/// </summary>
internal sealed partial class NodeEmitter : IOpVisitor<Value, Result>
{
    private static readonly int FormCount = Enum.GetValues<Form>().Length;

    private readonly ComputationGraph _graph;
    private readonly WeightStore _weights;
    private readonly OpenExtents _open;
    private readonly FormWishes _wishes;
    private readonly int _opset;
    private readonly NameTable _names;
    private readonly ConstantStore _constants;
    private readonly string?[,] _results;
    private readonly List<NodeProto> _nodes = [];

    public NodeEmitter(ComputationGraph graph, WeightStore weights, OpenExtents open, int opset)
    {
        _graph = graph;
        _weights = weights;
        _open = open;
        _wishes = new FormWishes(graph);
        _opset = opset;
        string[] fixedNames =
        [
            .. graph.Inputs.Select(value => ((Input)value.Op).Name),
            .. graph.Outputs.Select(output => output.Name),
            .. graph.Parameters.Select(spec => spec.Name),
        ];
        if (
            fixedNames.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1 || group.Key.Length == 0) is
            { } bad
        )
            throw new OnnxExportException($"Inputs, outputs and parameters need different names; '{bad.Key}' is empty or taken twice.");
        _names = new NameTable(fixedNames);
        _constants = new ConstantStore(_names);
        _results = new string?[graph.Values.Count, FormCount];
    }

    public IEnumerable<TensorProto> Constants => _constants.Protos;

    public IReadOnlyList<NodeProto> Emit()
    {
        foreach (Value value in _graph.Values)
        {
            (string name, Form form) = value.Accept(this, value);
            _results[value.Index, (int)form] = name;
        }

        foreach ((string name, Value value) in _graph.Outputs)
            NameOutput(name, Tensor(value, Form.Map));
        return _nodes;
    }

    public Result Visit(Input op, Value at) => (op.Name, Form.Map);

    // The node that computes an output takes the output's name; only what has no node of its own, or two names, is handed on by an
    // Identity.
    private void NameOutput(string name, string tensor)
    {
        NodeProto? producer = _nodes.Find(node => node.Output.Contains(tensor));
        if (producer is null || _graph.Outputs.Any(output => output.Name == tensor))
        {
            _nodes.Add(
                new NodeProto
                {
                    Name = _names.Unique($"{name}/Identity"),
                    OpType = "Identity",
                    Input = { tensor },
                    Output = { name },
                }
            );
            return;
        }

        producer.Output[producer.Output.IndexOf(tensor)] = name;
        foreach (NodeProto node in _nodes)
            for (int i = 0; i < node.Input.Count; i++)
                if (node.Input[i] == tensor)
                    node.Input[i] = name;
        for (int i = 0; i < _results.Length; i++)
            if (_results[i / FormCount, i % FormCount] == tensor)
                _results[i / FormCount, i % FormCount] = name;
    }

    /// <summary>The tensor of an input of a value in a form.</summary>
    private string X(Value at, Form form = Form.Map, int input = 0) => Tensor(at.Inputs[input], form);

    private bool Has(Value value, Form form) => _results[value.Index, (int)form] is not null;

    private string Tensor(Value value, Form form) => _results[value.Index, (int)form] ??= Converted(value, form);

    private string Converted(Value value, Form form)
    {
        Form from = Enum.GetValues<Form>().First(other => Has(value, other));
        return (from, form) switch
        {
            (Form.Map, Form.Last) => Transpose(value, Tensor(value, from), 0, 2, 3, 1),
            (Form.Last, Form.Map) => Transpose(value, Tensor(value, from), 0, 3, 1, 2),
            (Form.Map, Form.Spectrum) => ToSpectrum(value, Tensor(value, from)),
            (Form.Spectrum, Form.Map) => FromSpectrum(value, Tensor(value, from)),
            _ => throw new InvalidOperationException($"{value} is not read {form} from {from}."),
        };
    }

    /// <summary>The form, <see cref="Form.Map"/> or <see cref="Form.Last"/>, in which an op that can do both needs fewer transposes, before
    /// it and after it.</summary>
    private Form Choose(Value at)
    {
        if (at.Shape.Rank != 4 || at.Inputs.Any(input => input.Shape.Rank != 4))
            return Form.Map;
        return (Cost(Form.Last), Lacking(Form.Last)).CompareTo((Cost(Form.Map), Lacking(Form.Map))) < 0 ? Form.Last : Form.Map;

        int Cost(Form form) => Lacking(form) + (_wishes.Asks(at, form == Form.Map ? Form.Last : Form.Map) ? 1 : 0);
        int Lacking(Form form) => at.Inputs.Count(input => !Has(input, form));
    }

    private static int ChannelAxis(Form form) => form == Form.Last ? 3 : 1;

    private IEnumerable<string> Parameters(params string?[] names)
    {
        foreach (string name in names.OfType<string>())
        {
            _weights.Use(name);
            yield return name;
        }
    }

    // Initializers keep their official shape; one that does not lie along the channels as it is gets reshaped in the graph.
    private string PerChannel(Value at, string name, Form form = Form.Map)
    {
        Shape shape = _weights.Use(name);
        Shape along = form == Form.Last ? new Shape(shape.ElementCount) : new Shape(1, shape.ElementCount, 1, 1);
        return shape == along ? name : Node(at, "Reshape", [name, _constants.Vector(along.Extents.ToArray())]);
    }

    private string Transpose(Value at, string x, params long[] order) => Node(at, "Transpose", [x], Attributes.Ints("perm", order));

    private string Node(Value at, string type, string[] inputs, params AttributeProto[] attributes) =>
        Nodes(at, type, inputs, 1, attributes)[0];

    // A node with several results; the first has the node's name.
    private string[] Nodes(Value at, string type, string[] inputs, int results, params AttributeProto[] attributes)
    {
        string name = _names.Unique($"{at.Scope}/{type}");
        string[] outputs = [name, .. Enumerable.Range(1, results - 1).Select(_ => _names.Unique(name))];
        _nodes.Add(
            new NodeProto
            {
                Name = name,
                OpType = type,
                DocString = at.Op.Kind,
                Input = { inputs },
                Output = { outputs },
                Attribute = { attributes },
            }
        );
        return outputs;
    }
}
