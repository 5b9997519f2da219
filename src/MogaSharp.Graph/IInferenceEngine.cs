namespace MogaSharp.Graph;

/// <summary>
/// Runs graphs in eval mode: the managed CPU engine, libtorch, ONNX Runtime. Dispose it after its sessions. Sessions are created from any thread.
/// </summary>
public interface IInferenceEngine : IDisposable
{
    /// <summary>The engine's name in messages and tables, such as <c>cpu</c>.</summary>
    string Name { get; }

    /// <summary>Binds a graph to weights.</summary>
    /// <exception cref="KeyNotFoundException">The weights lack a tensor that the graph needs.</exception>
    IInferenceSession CreateSession(ComputationGraph graph, WeightSet weights);
}

/// <summary>
/// A graph bound to weights, ready to run on inputs of any batch and size. Safe for concurrent use; dispose when no run
/// is in progress.
/// </summary>
public interface IInferenceSession : IDisposable
{
    /// <summary>The graph that the session runs.</summary>
    ComputationGraph Graph { get; }

    /// <summary>Computes the graph's outputs into tensors that the caller owns.</summary>
    /// <param name="inputs">One tensor per graph input, in order.</param>
    /// <param name="outputs">One tensor per graph output, in order, of the inferred shapes; overwritten.</param>
    /// <param name="cancellationToken">Ends the run between two steps; the outputs are then undefined.</param>
    /// <exception cref="GraphException">An input does not fit the graph, or an output has another shape.</exception>
    /// <exception cref="InsufficientMemoryException">The input is so large that the run would not fit into this machine's
    /// memory.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    void Run(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, CancellationToken cancellationToken = default);
}

/// <summary>Conveniences over <see cref="IInferenceSession"/>.</summary>
public static class InferenceSessions
{
    /// <summary>Makes output tensors for given input shapes, in the graph's order.</summary>
    /// <exception cref="GraphException">A shape does not fit the graph.</exception>
    public static Tensor[] CreateOutputs(this IInferenceSession session, params ReadOnlySpan<Shape> inputs) =>
        [.. session.Graph.InferOutputShapes(inputs).Select(shape => new Tensor(shape))];

    /// <summary>Runs a graph with one input and returns new tensors by output name.</summary>
    /// <inheritdoc cref="IInferenceSession.Run"/>
    public static IReadOnlyDictionary<string, Tensor> Run(
        this IInferenceSession session,
        Tensor input,
        CancellationToken cancellationToken = default
    )
    {
        Tensor[] outputs = session.CreateOutputs(input.Shape);
        session.Run([input], outputs, cancellationToken);
        return session.Graph.Outputs.Zip(outputs, (output, tensor) => KeyValuePair.Create(output.Name, tensor)).ToDictionary();
    }

    /// <summary>Checks the tensors for a run's outputs, as every session does before it computes.</summary>
    /// <param name="outputs">One tensor per graph output, in order.</param>
    /// <param name="shapes">The shapes that the graph gives.</param>
    /// <exception cref="GraphException">There are more or fewer tensors, or one has another shape.</exception>
    public static void RequireOutputs(ReadOnlySpan<Tensor> outputs, ReadOnlySpan<Shape> shapes)
    {
        if (outputs.Length != shapes.Length)
            throw new GraphException($"The graph has {shapes.Length} output(s), {outputs.Length} tensor(s) were given.");
        for (int i = 0; i < shapes.Length; i++)
            if (outputs[i].Shape != shapes[i])
                throw new GraphException($"Output {i} has shape {shapes[i]}, the tensor given for it {outputs[i].Shape}.");
    }
}
