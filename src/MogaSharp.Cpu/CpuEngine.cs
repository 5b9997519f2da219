using Microsoft.Extensions.Logging;
using MogaSharp.Graph;

namespace MogaSharp.Cpu;

/// <summary>Settings of the managed CPU engine.</summary>
/// <param name="Threads">Threads that one run uses, the caller's included; 0 for one per processor.</param>
public sealed record CpuEngineOptions(int Threads = 0)
{
    /// <summary>Receives what the engine chose for this machine; null for nobody.</summary>
    public ILogger? Logger { get; init; }
}

/// <summary>
/// The managed CPU engine: no native code, one pool of threads for all its sessions. Safe for concurrent use; dispose after
/// its sessions.
/// </summary>
public sealed partial class CpuEngine : IInferenceEngine
{
    private readonly WorkerPool _pool;

    /// <summary>Starts the engine's threads.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Threads are negative or more than 1024.</exception>
    public CpuEngine(CpuEngineOptions? options = null)
    {
        int threads = (options ?? new()).Threads;
        ArgumentOutOfRangeException.ThrowIfNegative(threads, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, 1024, nameof(options));
        // More workers than processors would wait for each other at every step.
        _pool = new WorkerPool(threads == 0 ? Environment.ProcessorCount : threads);
        if (options?.Logger is { } logger)
            LogChoice(logger, _pool.Threads, 32 * CpuSession.VectorLanes);
    }

    /// <inheritdoc/>
    public string Name => "cpu";

    /// <summary>Threads that one run uses.</summary>
    public int Threads => _pool.Threads;

    /// <summary>Binds a graph to weights.</summary>
    /// <exception cref="KeyNotFoundException">The weights lack a tensor that the graph needs.</exception>
    /// <exception cref="GraphException">A weight has another shape than the graph says.</exception>
    public CpuSession CreateSession(ComputationGraph graph, WeightSet weights) => new(graph, weights, _pool);

    IInferenceSession IInferenceEngine.CreateSession(ComputationGraph graph, WeightSet weights) => CreateSession(graph, weights);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The managed engine computes on {Threads} threads with {VectorBits}-bit vectors.")]
    private static partial void LogChoice(ILogger logger, int threads, int vectorBits);

    /// <summary>Ends the threads; no run may be in progress.</summary>
    public void Dispose() => _pool.Dispose();
}
