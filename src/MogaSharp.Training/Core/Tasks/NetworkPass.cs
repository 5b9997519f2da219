using MogaSharp.Graph;
using MogaSharp.Torch;

namespace MogaSharp.Training;

/// <summary>
/// The forward passes of one batch in training, and the way back through all of them. Made by the training, used by
/// <see cref="TrainingTask.Step"/>; everything in it belongs to the current scope.
/// </summary>
public sealed class NetworkPass
{
    private readonly TorchNetwork _network;
    private readonly TorchForwardOptions _options;
    private readonly List<TorchForward> _passes = [];

    internal NetworkPass(TorchNetwork network, TorchForwardOptions options) => (_network, _options) = (network, options);

    /// <summary>Where to compute.</summary>
    public TorchDevice Device => _network.Options.Device;

    /// <summary>Runs the network on the inputs of a batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <returns>The outputs by name.</returns>
    /// <exception cref="GraphException">The inputs do not fit the network.</exception>
    public IReadOnlyDictionary<string, TorchTensor> Run(TrainingBatch batch) =>
        Run(TorchTensor.From(batch.Inputs.Span, batch.Shape, Device));

    /// <summary>Runs the network.</summary>
    /// <param name="inputs">One tensor per input of the network, in order, on <see cref="Device"/>.</param>
    /// <returns>The outputs by name.</returns>
    /// <exception cref="GraphException">An input does not fit the network.</exception>
    public IReadOnlyDictionary<string, TorchTensor> Run(params ReadOnlySpan<TorchTensor> inputs) => Run(_network, inputs);

    /// <summary>Runs another graph of the model over the same weights, such as the heads that look at regions.</summary>
    /// <param name="part">The graph; one and the same for every batch.</param>
    /// <param name="inputs">One tensor per input of the graph, in order, on <see cref="Device"/>.</param>
    /// <returns>The outputs by name.</returns>
    /// <exception cref="GraphException">An input does not fit the graph.</exception>
    /// <exception cref="KeyNotFoundException">The network lacks a weight of the graph.</exception>
    public IReadOnlyDictionary<string, TorchTensor> Run(ComputationGraph part, params ReadOnlySpan<TorchTensor> inputs) =>
        Run(_network.Part(part), inputs);

    /// <summary>Random numbers for choices that a task makes, drawn from the network's generator: a run that is resumed makes the same
    /// ones.</summary>
    public Random CreateRandom()
    {
        TorchTensor number = TorchTensor.Full(0, new Shape(1), DType.Float64, Device);
        _network.Generator.FillUniform(number);
        return new Random((int)(number.Item() * int.MaxValue));
    }

    private IReadOnlyDictionary<string, TorchTensor> Run(TorchNetwork network, ReadOnlySpan<TorchTensor> inputs)
    {
        // Only the first pass is computed again on the way back: the others begin where its outputs end, which autograd keeps.
        TorchForwardOptions options = _passes.Count == 0 ? _options : _options with { Checkpointing = false };
        TorchForward pass = network.Forward(inputs, options);
        _passes.Add(pass);
        return pass.Outputs;
    }

    /// <summary>Runs the network on the inputs of a batch and takes the output that its graph lists first.</summary>
    /// <param name="batch">The batch.</param>
    /// <exception cref="GraphException">The inputs do not fit the network.</exception>
    public TorchTensor RunFirst(TrainingBatch batch) => Run(batch)[_network.Graph.Outputs[0].Name];

    internal void Backward(TorchTensor loss)
    {
        if (_passes.Count == 0)
            throw new InvalidOperationException("The task computed its losses without running the network.");
        _passes[0].Backward(loss);
    }
}
