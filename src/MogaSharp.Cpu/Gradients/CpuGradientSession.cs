using MogaSharp.Graph;

namespace MogaSharp.Cpu;

internal sealed class CpuGradientSession : IGradientSession
{
    private readonly ComputationGraph _graph;
    private readonly WeightSet _weights;
    private readonly IInferenceSession _session;

    // By the values' indices: whether it depends on a wanted value.
    private readonly bool[] _depends;
    private readonly HashSet<Value> _wanted;

    // Compositions are graphs of their own, which are gone through in their place.
    private readonly Dictionary<Value, CpuGradientSession> _compositions = [];

    public CpuGradientSession(IInferenceEngine engine, ComputationGraph graph, WeightSet weights, IReadOnlyCollection<Value> wanted)
    {
        (_graph, _weights) = (graph, weights);
        _wanted = [.. wanted];
        if (_wanted.FirstOrDefault(value => value.Index >= graph.Values.Count || graph.Values[value.Index] != value) is { } other)
            throw new GraphException($"{other} belongs to another graph.");
        _depends = new bool[graph.Values.Count];
        var known = new HashSet<Value>(graph.Outputs.Select(output => output.Value).Concat(_wanted));
        foreach (Value value in graph.Values)
        {
            bool reads = value.Inputs.Any(input => _depends[input.Index]);
            _depends[value.Index] = reads || _wanted.Contains(value);
            if (!reads)
                continue;
            if (value.Op is CompositeOp and not TrainingOp)
                _compositions[value] = Composition(engine, graph, value, weights);
            foreach (Value needed in GradientKernels.Needs(value))
                known.Add(needed);
        }

        known.RemoveWhere(value => value.Op is Input);
        ComputationGraph all = graph.WithOutputs([
            .. known.OrderBy(value => value.Index).Select(value => new GraphOutput(Name(value), value)),
        ]);
        _session = engine.CreateSession(all, weights);
    }

    public IGradientPass Run(IReadOnlyList<Tensor> inputs, CancellationToken cancellationToken)
    {
        Tensor[] given = [.. inputs];
        Tensor[] outputs = _session.CreateOutputs([.. given.Select(input => input.Shape)]);
        _session.Run(given, outputs, cancellationToken);
        var values = _session.Graph.Outputs.Zip(outputs).ToDictionary(pair => pair.First.Value, pair => pair.Second);
        foreach ((Value input, Tensor tensor) in _graph.Inputs.Zip(given))
            values[input] = tensor;
        return new Pass(this, values, _graph.InferShapes([.. given.Select(input => input.Shape)]));
    }

    public void Dispose()
    {
        foreach (CpuGradientSession composition in _compositions.Values)
            composition.Dispose();
        _session.Dispose();
    }

    private static CpuGradientSession Composition(IInferenceEngine engine, ComputationGraph graph, Value value, WeightSet weights)
    {
        var builder = new GraphBuilder();
        foreach (ParameterSpec spec in graph.Parameters.Where(spec => value.Op.Parameters.Contains(spec.Name)))
            builder.Declare(spec);
        Value[] inputs = [.. value.Inputs.Select((input, i) => builder.Input($"{i}", input.Shape))];
        ComputationGraph lowered = builder.Build(new GraphOutput("output", builder.Add(value.Scope, value.Op, inputs))).Lower();
        return new(engine, lowered, weights, [.. lowered.Inputs]);
    }

    // The gradients of a composition's inputs.
    private static void Back(CpuGradientSession composition, GradientStep step, CancellationToken cancellationToken)
    {
        Tensor[] inputs = [.. step.Value.Inputs.Select((_, i) => new Tensor(step.From(i), step.Input(i)))];
        var factor = new Tensor(step.To, Array.ConvertAll(step.Gradient, x => (float)x));
        ComputationGraph graph = composition._graph;
        IReadOnlyDictionary<Value, Tensor> gradients = composition
            .Run(inputs, cancellationToken)
            .Back(new Dictionary<Value, Tensor> { [graph.Outputs[0].Value] = factor }, cancellationToken);
        for (int i = 0; i < inputs.Length; i++)
            if (step.Into(i) is { } target)
                for (int j = 0; j < target.Length; j++)
                    target[j] += gradients[graph.Inputs[i]].Data[j];
    }

    private static string Name(Value value) => $"%{value.Index}";

    private sealed class Pass(CpuGradientSession session, Dictionary<Value, Tensor> values, Shape[] shapes) : IGradientPass
    {
        public Tensor this[Value value] =>
            session._wanted.Contains(value) || session._graph.Readers.IsOutput(value)
                ? values[value]
                : throw new KeyNotFoundException($"{value} is neither an output nor was its gradient asked for.");

        public IReadOnlyDictionary<Value, Tensor> Back(IReadOnlyDictionary<Value, Tensor> factors, CancellationToken cancellationToken)
        {
            var gradients = new double[shapes.Length][];
            foreach ((Value output, Tensor factor) in factors)
            {
                if (
                    output.Index >= shapes.Length
                    || session._graph.Values[output.Index] != output
                    || !session._graph.Readers.IsOutput(output)
                )
                    throw new GraphException($"{output} is not an output of the graph.");
                if (factor.Shape != shapes[output.Index])
                    throw new GraphException($"The factors of {output} have shape {factor.Shape}; it is {shapes[output.Index]}.");
                gradients[output.Index] = Array.ConvertAll(factor.Data, x => (double)x);
            }

            var kernels = new GradientKernels(session._weights);
            for (int i = shapes.Length - 1; i >= 0; i--)
            {
                Value value = session._graph.Values[i];
                if (gradients[i] is not { } gradient || !value.Inputs.Any(input => session._depends[input.Index]))
                    continue;
                cancellationToken.ThrowIfCancellationRequested();
                var step = new GradientStep(
                    value,
                    gradient,
                    shapes,
                    values,
                    input => session._depends[input.Index] ? gradients[input.Index] ??= new double[shapes[input.Index].ElementCount] : null
                );
                if (session._compositions.TryGetValue(value, out CpuGradientSession? composition))
                    CpuGradientSession.Back(composition, step, cancellationToken);
                else
                    kernels.Back(step);
                if (!session._wanted.Contains(value))
                    gradients[i] = null!;
            }

            return session._wanted.ToDictionary(
                value => value,
                value =>
                    gradients[value.Index] is { } gradient
                        ? new Tensor(shapes[value.Index], Array.ConvertAll(gradient, x => (float)x))
                        : new Tensor(shapes[value.Index])
            );
        }
    }
}
