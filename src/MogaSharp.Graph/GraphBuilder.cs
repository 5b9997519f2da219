namespace MogaSharp.Graph;

/// <summary>In which order a graph lists its parameters; the seed's numbers go to fresh weights in this order.</summary>
public enum ParameterOrder
{
    /// <summary>As they were declared.</summary>
    Declaration,

    /// <summary>As PyTorch's <c>state_dict</c> lists them: a module's own parameters, its buffers, then its submodules in the order in
    /// which they were first named.</summary>
    Modules,
}

/// <summary>Collects values and parameters and makes a <see cref="ComputationGraph"/> of them. Used by one thread.</summary>
/// <param name="order">The order of the finished graph's parameters.</param>
public sealed class GraphBuilder(ParameterOrder order = ParameterOrder.Declaration)
{
    private readonly List<Value> _values = [];
    private readonly List<ParameterSpec> _parameters = [];
    private readonly Dictionary<string, ParameterSpec> _byName = new(StringComparer.Ordinal);
    private readonly ModuleTree? _modules = order == ParameterOrder.Modules ? new() : null;

    /// <summary>The outermost scope, with the empty name.</summary>
    public Scope Root => new(this, "");

    /// <summary>What has been added so far.</summary>
    public IReadOnlyList<Value> Values => _values;

    /// <summary>False where only shapes are asked for, so that ops may name parameters that nobody declares.</summary>
    internal bool KnowsParameters { get; init; } = true;

    /// <summary>Declares an input.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">Its shape; channels are fixed, the rest may differ at run time.</param>
    public Value Input(string name, Shape shape) => Add("", new Input(name, shape));

    /// <summary>Appends a node.</summary>
    /// <param name="scope">The module that it belongs to.</param>
    /// <param name="op">What is computed.</param>
    /// <param name="inputs">From what; values of this builder.</param>
    /// <exception cref="GraphException">The inputs do not fit the op, belong to another graph, or a parameter is not declared.</exception>
    public Value Add(string scope, Op op, params Value[] inputs)
    {
        foreach (Value input in inputs)
            if (input.Builder != this)
                throw new GraphException($"{input} belongs to another graph.");
        foreach (string parameter in op.Parameters)
            if (KnowsParameters && !_byName.ContainsKey(parameter))
                throw new GraphException($"{op.Kind} reads the parameter '{parameter}', which is not declared.");
        var value = new Value(this, _values.Count, scope, op, inputs, op.InferShape([.. inputs.Select(input => input.Shape)]));
        _values.Add(value);
        return value;
    }

    /// <summary>Declares a parameter or buffer.</summary>
    /// <exception cref="GraphException">Another one has the same name.</exception>
    public string Declare(ParameterSpec spec)
    {
        if (!_byName.TryAdd(spec.Name, spec))
            throw new GraphException($"The parameter '{spec.Name}' is declared twice.");
        _parameters.Add(spec);
        _modules?.Add(spec);
        return spec.Name;
    }

    internal void Name(string module) => _modules?.Name(module);

    /// <summary>Ends the building.</summary>
    /// <param name="outputs">The outputs with their names; values of this builder.</param>
    /// <exception cref="GraphException">An output belongs to another graph.</exception>
    public ComputationGraph Build(params GraphOutput[] outputs)
    {
        foreach ((_, Value output) in outputs)
            if (output.Builder != this)
                throw new GraphException($"{output} belongs to another graph.");
        return new([.. _values], outputs, [.. _modules?.Parameters ?? _parameters]);
    }
}
