using MogaSharp.Graph;
using MogaSharp.Tasks;
using MogaSharp.Torch;

namespace MogaSharp.Training;

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

    // The network is the caller's.
    public void Dispose() { }
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

    /// <summary>Does nothing: the session is the caller's.</summary>
    public void Dispose() { }
}

/// <summary>Runs a model on any engine.</summary>
/// <param name="model">The model.</param>
/// <param name="engine">Where to compute; the caller owns it.</param>
internal sealed class ModelRunner(LoadedModel model, IInferenceEngine engine) : INetworkRunner
{
    private readonly IInferenceSession _session = engine.CreateSession(model.Graph, model.Weights);

    public IReadOnlyDictionary<string, Tensor> Run(ReadOnlyMemory<float> values, Shape shape, CancellationToken cancellationToken) =>
        new SessionRunner(_session).Run(values, shape, cancellationToken);

    public IInferenceSession Open(ComputationGraph part) => engine.CreateSession(part, model.Weights);

    public void Dispose() => _session.Dispose();
}
