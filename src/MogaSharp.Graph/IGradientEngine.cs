namespace MogaSharp.Graph;

/// <summary>Computes how outputs of a graph change with values inside of it, in eval mode.</summary>
public interface IGradientEngine
{
    /// <summary>Prepares a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="wanted">The values whose gradients are asked for, of this graph.</param>
    /// <exception cref="KeyNotFoundException">The weights lack a tensor that the graph needs.</exception>
    IGradientSession CreateGradientSession(ComputationGraph graph, WeightSet weights, IReadOnlyCollection<Value> wanted);
}

/// <summary>A graph that is ready to be run forward and back. Safe for concurrent use; dispose when no run is in progress.</summary>
public interface IGradientSession : IDisposable
{
    /// <summary>Runs the graph.</summary>
    /// <param name="inputs">One tensor per graph input, in order.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="GraphException">An input does not fit the graph.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    IGradientPass Run(IReadOnlyList<Tensor> inputs, CancellationToken cancellationToken = default);
}

/// <summary>A graph's values for some inputs.</summary>
public interface IGradientPass
{
    /// <summary>A value: an output of the graph, or one whose gradient is asked for.</summary>
    /// <exception cref="KeyNotFoundException">It is neither.</exception>
    Tensor this[Value value] { get; }

    /// <summary>The gradients of a sum over outputs, each element times a factor.</summary>
    /// <param name="factors">The factors of an output's elements; outputs that are not named do not count.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>A tensor of its shape for each value that was asked for; zeros where the outputs do not depend on it.</returns>
    /// <exception cref="GraphException">A factor is for no output, or has another shape.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    IReadOnlyDictionary<Value, Tensor> Back(IReadOnlyDictionary<Value, Tensor> factors, CancellationToken cancellationToken = default);
}
