namespace MogaSharp.Graph;

/// <summary>Something that runs graphs in eval mode: the managed CPU engine, libtorch.</summary>
public interface IInferenceEngine
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
    /// <exception cref="InsufficientMemoryException">The input is so large that the run would not fit into this machine's memory.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    void Run(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, CancellationToken cancellationToken = default);
}

/// <summary>Conveniences over <see cref="IInferenceSession"/>.</summary>
public static class InferenceSessions
{
    /// <summary>Makes output tensors for given input shapes, in the graph's order.</summary>
    /// <exception cref="GraphException">A shape does not fit the graph.</exception>
    public static Tensor[] CreateOutputs(this IInferenceSession session, params ReadOnlySpan<Shape> inputs)
    {
        Shape[] shapes = session.Graph.InferShapes(inputs);
        return [.. session.Graph.Outputs.Select(output => new Tensor(shapes[output.Value.Index]))];
    }

    /// <summary>Runs a graph with one input and returns new tensors by output name.</summary>
    /// <inheritdoc cref="IInferenceSession.Run"/>
    public static IReadOnlyDictionary<string, Tensor> Run(this IInferenceSession session, Tensor input, CancellationToken cancellationToken = default)
    {
        Tensor[] outputs = session.CreateOutputs(input.Shape);
        session.Run([input], outputs, cancellationToken);
        return session.Graph.Outputs.Zip(outputs, (output, tensor) => KeyValuePair.Create(output.Key, tensor)).ToDictionary();
    }
}
