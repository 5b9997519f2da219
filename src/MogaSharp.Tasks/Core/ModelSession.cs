using MogaSharp.Cpu;
using MogaSharp.Graph;

namespace MogaSharp.Tasks;

/// <summary>A session on the caller's engine, or on a managed one of its own. Safe for concurrent use.</summary>
internal sealed class ModelSession : IDisposable
{
    private readonly CpuEngine? _owned;
    private readonly IInferenceSession _session;
    private bool _isDisposed;

    /// <summary>Binds a graph to weights, which are not kept.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="engine">The engine, which stays the caller's; null for a managed one that ends with the session.</param>
    public ModelSession(ComputationGraph graph, WeightSet weights, IInferenceEngine? engine)
    {
        _owned = engine is null ? new CpuEngine() : null;
        try
        {
            _session = (engine ?? _owned!).CreateSession(graph, weights);
        }
        catch
        {
            _owned?.Dispose();
            throw;
        }
    }

    /// <summary>Runs the network.</summary>
    /// <param name="input">The graph's input, of any batch.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>The outputs by name.</returns>
    public IReadOnlyDictionary<string, Tensor> Run(Tensor input, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _session.Run(input, cancellationToken);
    }

    /// <summary>Frees the session and the engine that is its own; no run may be in progress.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _session.Dispose();
        _owned?.Dispose();
    }
}
