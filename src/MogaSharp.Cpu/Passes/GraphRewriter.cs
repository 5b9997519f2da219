using System.Runtime.CompilerServices;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Passes;

/// <summary>
/// A graph while passes rewrite it, with its weights. All passes work in one builder: values that a pass leaves alone stay the same
/// objects, so a pass that finds no work costs a walk over the graph and nothing else.
/// </summary>
internal sealed class GraphRewriter
{
    private readonly GraphBuilder _builder = new();
    private readonly WeightSet _weights;
    private readonly Dictionary<string, Tensor> _constants = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly List<ParameterSpec> _parameters;
    private readonly Dictionary<Value, int> _uses = [];
    private List<Value> _values,
        _next = [];
    private GraphOutput[] _outputs;

    /// <summary>Begins with a graph; neither it nor its weights are changed.</summary>
    public GraphRewriter(ComputationGraph graph, WeightSet weights)
    {
        _weights = weights;
        _names.UnionWith(weights.Names);
        (_values, _outputs, _parameters) = ([.. graph.Values], [.. graph.Outputs], [.. graph.Parameters]);
        Prune();
        Move(_builder);
        Prune();
    }

    /// <summary>The elements of a parameter or constant.</summary>
    public float[] Weight(string name) => (_constants.TryGetValue(name, out Tensor? tensor) ? tensor : _weights[name]).Data;

    /// <summary>How many values read this one, or did before the pass began; 1 for one that the pass has just made.</summary>
    public int Uses(Value value) => _uses.GetValueOrDefault(value, 1);

    /// <summary>Adds a node.</summary>
    public Value Add(string scope, Op op, params Value[] inputs)
    {
        Value value = _builder.Add(scope, op, inputs);
        _next.Add(value);
        return value;
    }

    /// <summary>Adds a constant and returns its name, which tells what it was made from.</summary>
    /// <returns>Null when an element is not finite: rewriting such weights would change which results are NaN.</returns>
    public string? Constant(string origin, string what, Shape shape, float[] elements)
    {
        if (!AreFinite(elements))
            return null;
        string name = $"{origin}|{what}";
        while (!_names.Add(name))
            name += "'";
        _constants[name] = new Tensor(shape, elements);
        _parameters.Add(new ParameterSpec(name, shape, ParameterKind.Parameter, Initializer.Zeros));
        return _builder.Declare(_parameters[^1]);
    }

    /// <summary>Asks a pass for every value, from the inputs downwards.</summary>
    /// <returns>True when the pass has replaced a value.</returns>
    public bool Apply(GraphPass pass)
    {
        var replaced = new Dictionary<Value, Value>();
        bool found = false;
        _next = new List<Value>(_values.Count);
        foreach (Value value in _values)
        {
            bool isMoved = value.Inputs.Any(replaced.ContainsKey);
            IReadOnlyList<Value> inputs = value.Inputs;
            if (isMoved)
                inputs = [.. inputs.Select(input => replaced.GetValueOrDefault(input, input))];
            Value? replacement = pass.Rewrite(value.Op, value.Scope, inputs, this);
            found |= replacement is not null;
            if (replacement is null && isMoved)
                replacement = Add(value.Scope, value.Op, [.. inputs]);
            if (replacement is null)
            {
                _next.Add(value);
                continue;
            }

            replaced[value] = replacement;
            _uses[replacement] = Math.Max(_uses[value], _uses.GetValueOrDefault(replacement));
        }

        // Without a replacement, what the pass has added is of no use.
        if (!found)
            return false;
        (_values, _outputs) = (_next, Map(replaced));
        Prune();
        return true;
    }

    /// <summary>The graph as it stands and the weights that it reads, without what nobody reads. Ends the work.</summary>
    public (ComputationGraph Graph, WeightSet Weights) Finish()
    {
        Prune();
        var builder = new GraphBuilder();
        Move(builder);
        ComputationGraph graph = builder.Build(_outputs);
        var weights = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (ParameterSpec spec in graph.Parameters)
        {
            if (_constants.TryGetValue(spec.Name, out Tensor? tensor) || _weights.TryGet(spec.Name, out tensor))
                weights.Add(spec.Name, tensor);
        }

        return (graph, new WeightSet(weights));
    }

    private GraphOutput[] Map(Dictionary<Value, Value> replaced) =>
        [.. _outputs.Select(output => new GraphOutput(output.Name, replaced.GetValueOrDefault(output.Value, output.Value)))];

    // Leaves out what no output needs (inputs stay), counts who reads the rest, and lets go of constants that went into others.
    private void Prune()
    {
        _uses.Clear();
        foreach ((_, Value output) in _outputs)
            Use(output);
        var live = new List<Value>(_values.Count);
        for (int i = _values.Count - 1; i >= 0; i--)
        {
            Value value = _values[i];
            if (value.Op is Input)
                _uses.TryAdd(value, 0);
            if (!_uses.ContainsKey(value))
                continue;
            live.Add(value);
            foreach (Value input in value.Inputs)
                Use(input);
        }

        live.Reverse();
        _values = live;
        HashSet<string> read = [.. live.SelectMany(value => value.Op.Parameters)];
        _parameters.RemoveAll(spec => !read.Contains(spec.Name));
        foreach (string name in _constants.Keys)
            if (!read.Contains(name))
                _constants.Remove(name);

        void Use(Value value) => _uses[value] = _uses.GetValueOrDefault(value) + 1;
    }

    // Rebuilds the graph in a builder of its own.
    private void Move(GraphBuilder builder)
    {
        foreach (ParameterSpec spec in _parameters)
            builder.Declare(spec);
        var moved = new Dictionary<Value, Value>(_values.Count);
        foreach (Value value in _values)
            moved[value] = builder.Add(value.Scope, value.Op, [.. value.Inputs.Select(input => moved[input])]);
        (_values, _outputs) = ([.. _values.Select(value => moved[value])], Map(moved));
    }

    // Compiled fully at its first call, like the passes' other loops over weights.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool AreFinite(ReadOnlySpan<float> elements)
    {
        foreach (float x in elements)
            if (!float.IsFinite(x))
                return false;
        return true;
    }
}
