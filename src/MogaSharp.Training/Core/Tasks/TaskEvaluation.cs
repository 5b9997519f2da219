using MogaSharp.Graph;
using MogaSharp.Torch;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>Something that computes a network in eval mode: weights in training, or a session of any engine.</summary>
public interface INetworkRunner
{
    /// <summary>Computes the network's outputs.</summary>
    /// <param name="values">The values of its input, row-major.</param>
    /// <param name="shape">Their shape.</param>
    /// <param name="cancellationToken">Ends the computation.</param>
    /// <returns>The outputs by name, in the graph's order.</returns>
    /// <exception cref="GraphException">The input does not fit the network.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    IReadOnlyDictionary<string, Tensor> Run(ReadOnlyMemory<float> values, Shape shape, CancellationToken cancellationToken = default);

    /// <summary>A session for another graph of the model over the same weights, such as the heads that look at regions.</summary>
    /// <param name="part">The graph.</param>
    /// <returns>A session, which the caller owns; of use as long as the network is.</returns>
    /// <exception cref="NotSupportedException">The network was given without its weights.</exception>
    IInferenceSession Open(ComputationGraph part);
}

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

/// <summary>Runs a network on libtorch.</summary>
internal sealed class TorchRunner(TorchNetwork network, DType? autocast) : INetworkRunner
{
    public IReadOnlyDictionary<string, Tensor> Run(ReadOnlyMemory<float> values, Shape shape, CancellationToken cancellationToken)
    {
        using var scope = new TorchScope();
        TorchTensor input = TorchTensor.From(values.Span, shape, network.Options.Device);
        TorchForward forward = network.Forward(input, TorchForwardOptions.Eval with { Autocast = autocast }, cancellationToken);
        return new OrderedDictionary<string, Tensor>(
            network.Graph.Outputs.Select(output => KeyValuePair.Create(output.Name, forward[output.Name].ToTensor()))
        );
    }

    public IInferenceSession Open(ComputationGraph part) =>
        network.Part(part).CreateSession(TorchForwardOptions.Eval with { Autocast = autocast });
}

/// <summary>Runs a session of any engine.</summary>
/// <param name="session">The session, which the caller owns.</param>
/// <param name="open">Makes sessions for other graphs over the same weights; null where the model has but one graph.</param>
public sealed class SessionRunner(IInferenceSession session, Func<ComputationGraph, IInferenceSession>? open = null) : INetworkRunner
{
    /// <inheritdoc/>
    public IInferenceSession Open(ComputationGraph part) =>
        open?.Invoke(part) ?? throw new NotSupportedException("The network was given without its weights.");

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> Run(ReadOnlyMemory<float> values, Shape shape, CancellationToken cancellationToken = default)
    {
        Tensor[] outputs = session.CreateOutputs(shape);
        session.Run([new Tensor(shape, values.ToArray())], outputs, cancellationToken);
        return new OrderedDictionary<string, Tensor>(
            session.Graph.Outputs.Zip(outputs, (output, tensor) => KeyValuePair.Create(output.Name, tensor))
        );
    }
}
