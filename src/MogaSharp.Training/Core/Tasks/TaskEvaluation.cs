using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>
/// An evaluation of a task that is going on, of weights in training or of a session of any engine. It counts with the same measures as
/// <c>moga eval</c>, so the figures are comparable.
/// </summary>
public abstract class TaskEvaluation : IEvaluator, IDisposable
{
    /// <inheritdoc/>
    public abstract long Count { get; }

    /// <summary>Runs a network on a batch and counts how well it does.</summary>
    /// <param name="network">The network.</param>
    /// <param name="batch">The batch; not empty.</param>
    /// <param name="cancellationToken">Ends the computation.</param>
    public abstract void Add(INetworkRunner network, TrainingBatch batch, CancellationToken cancellationToken = default);

    /// <inheritdoc/>
    public abstract byte[] Save();

    /// <inheritdoc/>
    public abstract void Merge(ReadOnlySpan<byte> saved);

    /// <inheritdoc/>
    /// <remarks>Has at least the task's <see cref="TrainingTask.Metrics"/> when something was counted.</remarks>
    public abstract IReadOnlyDictionary<string, double> Figures();

    /// <summary>Closes what was opened to run a network, such as sessions of its further graphs; what was counted stays.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes what was opened.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing) { }
}
