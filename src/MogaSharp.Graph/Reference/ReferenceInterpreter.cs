namespace MogaSharp.Graph;

/// <summary>
/// Computes a graph in eval mode, value by value, in double precision with plain loops. It is slow and meant to be
/// obviously right: every fast kernel and every rewriting pass is compared with it.
/// </summary>
public sealed class ReferenceInterpreter
{
    private readonly ComputationGraph _graph;
    private readonly WeightSet _weights;

    /// <summary>Prepares to run a graph.</summary>
    /// <exception cref="KeyNotFoundException">The weights lack a tensor that the graph needs.</exception>
    public ReferenceInterpreter(ComputationGraph graph, WeightSet weights)
    {
        _graph = graph;
        _weights = weights;
        foreach (ParameterSpec spec in graph.Parameters)
            if (!spec.IsOptional)
                _ = weights[spec.Name];
    }

    /// <summary>Runs the graph and returns every value.</summary>
    /// <param name="inputs">One tensor per input, in the order of the graph's inputs.</param>
    /// <returns>Results indexed by <see cref="Value.Index"/>, row-major.</returns>
    /// <exception cref="GraphException">An input does not fit.</exception>
    public ReferenceTensor[] RunAll(params ReadOnlySpan<Tensor> inputs)
    {
        var tensors = new ReferenceTensor[inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
            tensors[i] = new ReferenceTensor(inputs[i].Shape, Array.ConvertAll(inputs[i].Data, x => (double)x));
        return RunAll(tensors);
    }

    /// <summary>Computes one op alone.</summary>
    /// <param name="op">The op.</param>
    /// <param name="inputs">What it reads.</param>
    /// <param name="shape">The shape that it gives.</param>
    /// <param name="weights">The weights.</param>
    public static ReferenceTensor Compute(PrimitiveOp op, ReferenceTensor[] inputs, Shape shape, WeightSet weights) =>
        op.Accept(new ReferenceKernels(weights), (inputs, new ReferenceTensor(shape)));

    /// <inheritdoc cref="RunAll(ReadOnlySpan{Tensor})"/>
    public ReferenceTensor[] RunAll(IReadOnlyList<ReferenceTensor> inputs)
    {
        Shape[] shapes = _graph.InferShapes([.. inputs.Select(input => input.Shape)]);
        var results = new ReferenceTensor[shapes.Length];
        var kernels = new ReferenceKernels(_weights);
        int next = 0;
        foreach (Value value in _graph.Values)
        {
            ReferenceTensor[] arguments = [.. value.Inputs.Select(input => results[input.Index])];
            results[value.Index] = value.Op switch
            {
                Input => inputs[next++],
                CompositeOp op => Run(op, arguments),
                _ => value.Accept(kernels, (arguments, new ReferenceTensor(shapes[value.Index]))),
            };
        }

        return results;
    }

    // Here and not by lowering the graph, so that results keep the places of the graph's values.
    private ReferenceTensor Run(CompositeOp op, ReferenceTensor[] arguments)
    {
        ParameterSpec[] parameters = [.. _graph.Parameters.Where(spec => op.Parameters.Contains(spec.Name))];
        ComputationGraph composition = op.Expand([.. arguments.Select(argument => argument.Shape)], parameters);
        return new ReferenceInterpreter(composition, _weights).RunAll(arguments)[composition.Outputs[0].Value.Index];
    }

    /// <summary>Runs the graph and returns its outputs by name.</summary>
    /// <inheritdoc cref="RunAll(ReadOnlySpan{Tensor})"/>
    public IReadOnlyDictionary<string, ReferenceTensor> Run(params ReadOnlySpan<Tensor> inputs)
    {
        ReferenceTensor[] all = RunAll(inputs);
        return _graph.Outputs.ToDictionary(output => output.Name, output => all[output.Value.Index]);
    }
}

/// <summary>A dense double-precision tensor, row-major.</summary>
public sealed class ReferenceTensor
{
    /// <summary>Makes a tensor of zeros.</summary>
    public ReferenceTensor(Shape shape)
        : this(shape, new double[checked((int)shape.ElementCount)]) { }

    /// <summary>Wraps an array of the shape's element count.</summary>
    public ReferenceTensor(Shape shape, double[] data)
    {
        Shape = shape;
        Data = data;
    }

    /// <summary>The extents.</summary>
    public Shape Shape { get; }

    /// <summary>The elements, row-major.</summary>
    public double[] Data { get; }

    /// <summary>The elements rounded to float32.</summary>
    public Tensor ToTensor() => new(Shape, Array.ConvertAll(Data, x => (float)x));
}
