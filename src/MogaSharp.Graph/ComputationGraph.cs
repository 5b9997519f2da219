namespace MogaSharp.Graph;

/// <summary>
/// A model as data: values in the order of computation, named outputs, and the parameters that the ops name. Not changed
/// after construction; every interpreter reads the same graph. Channels are fixed; batch, rows and columns are those of
/// the input (<see cref="InferShapes"/>).
/// </summary>
public sealed class ComputationGraph
{
    private GraphReaders? _readers;

    internal ComputationGraph(Value[] values, GraphOutput[] outputs, ParameterSpec[] parameters)
    {
        Values = values;
        Outputs = outputs;
        Parameters = parameters;
        Inputs = [.. values.Where(value => value.Op is Input)];
    }

    /// <summary>All values; each stands after its inputs.</summary>
    public IReadOnlyList<Value> Values { get; }

    /// <summary>The values whose op is <see cref="Input"/>, in order of declaration.</summary>
    public IReadOnlyList<Value> Inputs { get; }

    /// <summary>The outputs with their names, in the order in which engines return them.</summary>
    public IReadOnlyList<GraphOutput> Outputs { get; }

    /// <summary>The parameters and buffers, in the order in which the model declares them.</summary>
    public IReadOnlyList<ParameterSpec> Parameters { get; }

    /// <summary>Who reads each value; found at the first call.</summary>
    public GraphReaders Readers => _readers ??= new GraphReaders(this);

    /// <summary>The same graph with other outputs, such as the feature maps inside of it.</summary>
    /// <param name="outputs">The outputs with their names; values of this graph.</param>
    /// <exception cref="GraphException">An output belongs to another graph.</exception>
    public ComputationGraph WithOutputs(params GraphOutput[] outputs)
    {
        foreach ((_, Value output) in outputs)
            if (output.Index >= Values.Count || Values[output.Index] != output)
                throw new GraphException($"{output} belongs to another graph.");
        return new([.. Values], outputs, [.. Parameters]);
    }

    /// <summary>The same graph without the values that no output needs. Inputs and parameters stay.</summary>
    public ComputationGraph Pruned()
    {
        var needed = new HashSet<Value>(Inputs);
        var open = new Stack<Value>(Outputs.Select(output => output.Value));
        while (open.TryPop(out Value? value))
            if (needed.Add(value))
                foreach (Value input in value.Inputs)
                    open.Push(input);
        if (needed.Count == Values.Count)
            return this;
        var moved = new Dictionary<Value, Value>();
        foreach (Value value in Values.Where(needed.Contains))
        {
            Value[] arguments = [.. value.Inputs.Select(from => moved[from])];
            moved[value] = new Value(value.Builder, moved.Count, value.Scope, value.Op, arguments, value.Shape);
        }

        return new([.. moved.Values], [.. Outputs.Select(output => new GraphOutput(output.Name, moved[output.Value]))], [.. Parameters]);
    }

    /// <summary>The same graph, declared for other shapes of its inputs.</summary>
    /// <param name="inputs">One shape per input, in the order of <see cref="Inputs"/>.</param>
    /// <exception cref="GraphException">A shape does not fit: wrong rank or channels, or an image too small.</exception>
    public ComputationGraph WithInputs(params ReadOnlySpan<Shape> inputs)
    {
        Shape[] shapes = InferShapes(inputs);
        var values = new Value[Values.Count];
        foreach (Value value in Values)
        {
            Shape shape = shapes[value.Index];
            Op op = value.Op is Input input ? input with { Declared = shape } : value.Op;
            Value[] arguments = [.. value.Inputs.Select(from => values[from.Index])];
            values[value.Index] = new Value(value.Builder, value.Index, value.Scope, op, arguments, shape);
        }

        return new(values, [.. Outputs.Select(output => new GraphOutput(output.Name, values[output.Value.Index]))], [.. Parameters]);
    }

    /// <summary>The same function by fewer kinds of ops: every composite op is replaced by what it stands for.</summary>
    /// <param name="keep">Which composite ops stay, since the caller computes them itself; none when null.</param>
    /// <returns>A graph with the same inputs, outputs and parameters; this one when there is nothing to replace.</returns>
    public ComputationGraph Lower(Predicate<CompositeOp>? keep = null)
    {
        if (!Values.Any(IsLowered))
            return this;
        var builder = new GraphBuilder();
        foreach (ParameterSpec spec in Parameters)
            builder.Declare(spec);
        var moved = new Value[Values.Count];
        foreach (Value value in Values)
        {
            Value[] inputs = [.. value.Inputs.Select(input => moved[input.Index])];
            moved[value.Index] = IsLowered(value)
                ? ((CompositeOp)value.Op).Lower(new Scope(builder, value.Scope), inputs)
                : builder.Add(value.Scope, value.Op, inputs);
        }

        // What an op stands for may have composite ops in it.
        return builder.Build([.. Outputs.Select(output => new GraphOutput(output.Name, moved[output.Value.Index]))]).Lower(keep);

        bool IsLowered(Value value) => value.Op is CompositeOp op && keep?.Invoke(op) != true;
    }

    /// <summary>The number of trained elements; buffers are not counted.</summary>
    public long ParameterCount => Parameters.Where(spec => spec.Kind == ParameterKind.Parameter).Sum(spec => spec.Shape.ElementCount);

    /// <summary>The shape of every value for given input shapes.</summary>
    /// <param name="inputs">One shape per input, in the order of <see cref="Inputs"/>.</param>
    /// <returns>Shapes indexed by <see cref="Value.Index"/>.</returns>
    /// <exception cref="GraphException">A shape does not fit: wrong rank or channels, or an image too small.</exception>
    public Shape[] InferShapes(params ReadOnlySpan<Shape> inputs)
    {
        if (inputs.Length != Inputs.Count)
            throw new GraphException($"The graph has {Inputs.Count} input(s), {inputs.Length} shape(s) were given.");
        var shapes = new Shape[Values.Count];
        int next = 0;
        foreach (Value value in Values)
        {
            if (value.Op is Input declared)
            {
                shapes[value.Index] = inputs[next++];
                RequireFit(declared, shapes[value.Index]);
                continue;
            }

            Shape[] arguments = [.. value.Inputs.Select(input => shapes[input.Index])];
            shapes[value.Index] = value.Op.InferShape(arguments);
        }

        return shapes;
    }

    /// <summary>The shapes of the outputs, in their order, for given input shapes.</summary>
    /// <param name="inputs">One shape per input, in the order of <see cref="Inputs"/>.</param>
    /// <exception cref="GraphException">A shape does not fit: wrong rank or channels, or an image too small.</exception>
    public Shape[] InferOutputShapes(params ReadOnlySpan<Shape> inputs)
    {
        Shape[] shapes = InferShapes(inputs);
        return [.. Outputs.Select(output => shapes[output.Value.Index])];
    }

    /// <summary>The cost of every value, indexed by <see cref="Value.Index"/>.</summary>
    /// <param name="shapes">The result of <see cref="InferShapes"/>.</param>
    public Cost[] Costs(IReadOnlyList<Shape> shapes) =>
        [.. Values.Select(value => value.Op.Cost([.. value.Inputs.Select(input => shapes[input.Index])], shapes[value.Index]))];

    /// <summary>The cost of the whole graph for given input shapes.</summary>
    public Cost TotalCost(params ReadOnlySpan<Shape> inputs) =>
        Costs(InferShapes(inputs)).Aggregate(default(Cost), (sum, cost) => sum + cost);

    private static void RequireFit(Input declared, Shape shape)
    {
        bool fits =
            shape.Rank == declared.Declared.Rank
            && (shape.Rank < 2 || shape[1] == declared.Declared[1])
            && (shape.Rank < 5 || shape[2] == declared.Declared[2]);
        if (!fits)
            throw new GraphException(
                $"Input '{declared.Name}' is declared as {declared.Declared} "
                    + $"(channels{(declared.Declared.Rank == 5 ? " and frames" : "")} are fixed), it got {shape}."
            );
        if (shape.ElementCount == 0)
            throw new GraphException($"Input '{declared.Name}' is empty: {shape}.");
    }
}
