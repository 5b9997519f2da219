using MogaSharp.Graph;
using MogaSharp.Onnx.Protocol;
using Result = (string Name, MogaSharp.Onnx.Export.Layout Layout);

namespace MogaSharp.Onnx.Export;

/// <summary>
/// Writes every value of a graph as one or more nodes. A visit returns the tensor that holds the value and the layout it has there; the
/// other layouts are made when a reader asks, once. Nodes and their results share the name <c>scope/Type</c>.
/// </summary>
internal sealed partial class NodeEmitter : IOpVisitor<Value, Result>
{
    private static readonly int LayoutCount = Enum.GetValues<Layout>().Length;

    private readonly ComputationGraph _graph;
    private readonly WeightStore _weights;
    private readonly DynamicDimensions _dynamic;
    private readonly LayoutRequests _requests;
    private readonly int _opset;
    private readonly ConstantStore _constants;
    private readonly NodeWriter _writer;
    private readonly Func<string, string> _inputs;
    private readonly string?[,] _results;

    /// <summary>Writes a graph into a model, which may have others.</summary>
    /// <param name="graph">The graph, lowered.</param>
    /// <param name="weights">Where its parameters are.</param>
    /// <param name="dynamic">What is left open.</param>
    /// <param name="opset">The operator set.</param>
    /// <param name="writer">The model's nodes; the names of the graph's inputs, outputs and parameters are taken there.</param>
    /// <param name="inputs">The tensor for an input of the graph; null where it has the input's name.</param>
    public NodeEmitter(
        ComputationGraph graph,
        WeightStore weights,
        DynamicDimensions dynamic,
        int opset,
        NodeWriter writer,
        Func<string, string>? inputs = null
    )
    {
        _graph = graph;
        _weights = weights;
        _dynamic = dynamic;
        _requests = new LayoutRequests(graph);
        _opset = opset;
        _writer = writer;
        _constants = writer.Constants;
        _inputs = inputs ?? (name => name);
        _results = new string?[graph.Values.Count, LayoutCount];
    }

    public void Emit()
    {
        foreach (Value value in _graph.Values)
        {
            (string name, Layout layout) = value.Accept(this, value);
            _results[value.Index, (int)layout] = name;
        }

        foreach ((string name, Value value) in _graph.Outputs)
            NameOutput(name, Tensor(value, Layout.Map));
    }

    public Result Visit(Input op, Value at) => (_inputs(op.Name), Layout.Map);

    // The node that computes an output takes the output's name; only what has no node of its own, or two names, is handed on by an
    // Identity.
    private void NameOutput(string name, string tensor)
    {
        if (_graph.Outputs.Any(output => output.Name == tensor) || !_writer.Rename(tensor, name))
        {
            _writer.AddIdentity(tensor, name);
            return;
        }

        for (int i = 0; i < _results.Length; i++)
            if (_results[i / LayoutCount, i % LayoutCount] == tensor)
                _results[i / LayoutCount, i % LayoutCount] = name;
    }

    /// <summary>The tensor of an input of a value in a layout.</summary>
    private string X(Value at, Layout layout = Layout.Map, int input = 0) => Tensor(at.Inputs[input], layout);

    private bool Has(Value value, Layout layout) => _results[value.Index, (int)layout] is not null;

    private string Tensor(Value value, Layout layout) => _results[value.Index, (int)layout] ??= Converted(value, layout);

    private string Converted(Value value, Layout layout)
    {
        Layout from = Enum.GetValues<Layout>().First(other => Has(value, other));
        return (from, layout) switch
        {
            (Layout.Map, Layout.Last) => Transpose(value, Tensor(value, from), 0, 2, 3, 1),
            (Layout.Last, Layout.Map) => Transpose(value, Tensor(value, from), 0, 3, 1, 2),
            (Layout.Map, Layout.Spectrum) => ToSpectrum(value, Tensor(value, from)),
            (Layout.Spectrum, Layout.Map) => FromSpectrum(value, Tensor(value, from)),
            _ => throw new InvalidOperationException($"{value} is not read {layout} from {from}."),
        };
    }

    /// <summary>The layout, <see cref="Layout.Map"/> or <see cref="Layout.Last"/>, in which an op that can do both needs fewer transposes,
    /// before it and after it.</summary>
    private Layout Choose(Value at)
    {
        if (at.Shape.Rank != 4 || at.Inputs.Any(input => input.Shape.Rank != 4))
            return Layout.Map;
        return (Cost(Layout.Last), Lacking(Layout.Last)).CompareTo((Cost(Layout.Map), Lacking(Layout.Map))) < 0 ? Layout.Last : Layout.Map;

        int Cost(Layout layout) => Lacking(layout) + (_requests.Asks(at, layout == Layout.Map ? Layout.Last : Layout.Map) ? 1 : 0);
        int Lacking(Layout layout) => at.Inputs.Count(input => !Has(input, layout));
    }

    private static int ChannelAxis(Layout layout) => layout == Layout.Last ? 3 : 1;

    private IEnumerable<string> Parameters(params string?[] names)
    {
        foreach (string name in names.OfType<string>())
        {
            _weights.Use(name);
            yield return name;
        }
    }

    // Initializers keep their official shape; one that does not lie along the channels as it is gets reshaped in the graph.
    private string PerChannel(Value at, string name, Layout layout = Layout.Map)
    {
        Shape shape = _weights.Use(name);
        Shape along = layout == Layout.Last ? new Shape(shape.ElementCount) : new Shape(1, shape.ElementCount, 1, 1);
        return shape == along ? name : Node(at, "Reshape", [name, _constants.Vector(along.Extents.ToArray())]);
    }

    private string Transpose(Value at, string x, params long[] order) => Node(at, "Transpose", [x], Attributes.Ints("perm", order));

    private string Node(Value at, string type, string[] inputs, params AttributeProto[] attributes) =>
        Nodes(at, type, inputs, 1, attributes)[0];

    // A node with several results; the first has the node's name.
    private string[] Nodes(Value at, string type, string[] inputs, int results, params AttributeProto[] attributes) =>
        _writer.Add(at.Scope, at.Op.Kind, type, inputs, results, attributes);
}
