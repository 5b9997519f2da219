using System.Diagnostics;
using MogaSharp.Graph;

namespace MogaSharp.Cli;

/// <summary>An engine that knows how long its sessions have run. It does not own the engine that runs.</summary>
internal sealed class MeteredEngine(IInferenceEngine engine) : IInferenceEngine
{
    private long _ticks;

    /// <summary>How long networks have run.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref _ticks));

    public string Name => engine.Name;

    public IInferenceSession CreateSession(ComputationGraph graph, WeightSet weights) =>
        new Session(this, engine.CreateSession(graph, weights));

    public void Dispose() { }

    private sealed class Session(MeteredEngine meter, IInferenceSession session) : IInferenceSession
    {
        public ComputationGraph Graph => session.Graph;

        public void Run(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, CancellationToken cancellationToken)
        {
            long start = Stopwatch.GetTimestamp();
            session.Run(inputs, outputs, cancellationToken);
            Interlocked.Add(ref meter._ticks, Stopwatch.GetTimestamp() - start);
        }

        public void Dispose() => session.Dispose();
    }
}
