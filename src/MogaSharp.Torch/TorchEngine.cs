using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>Settings of <see cref="TorchEngine"/>.</summary>
public sealed record TorchEngineOptions
{
    /// <summary>Where sessions compute.</summary>
    public TorchDevice Device { get; init; } = TorchDevice.Cpu;

    /// <summary>
    /// Threads that one run uses on the CPU, the caller's included; 0 for one per processor (libtorch itself would take one
    /// per physical core). They are set for the whole process.
    /// </summary>
    public int Threads { get; init; }

    /// <summary>Keep channels innermost.</summary>
    public bool ChannelsLast { get; init; }

    /// <summary>Float16 or bfloat16 for convolutions and linear layers; null for float32.</summary>
    public DType? Autocast { get; init; }
}

/// <summary>Eval mode on libtorch, without gradients.</summary>
public sealed class TorchEngine : IInferenceEngine
{
    private readonly TorchEngineOptions _options;
    private bool _disposed;

    /// <summary>Loads libtorch.</summary>
    /// <exception cref="TorchUnavailableException">libtorch is not there; the message says what to install.</exception>
    public TorchEngine(TorchEngineOptions? options = null)
    {
        _options = options ?? new();
        TorchLibrary.Require();
        TorchRuntime.Threads = _options.Threads == 0 ? Environment.ProcessorCount : _options.Threads;
    }

    /// <inheritdoc/>
    public string Name => "torch";

    /// <inheritdoc/>
    /// <exception cref="GraphException">A weight has another shape than the graph says.</exception>
    /// <exception cref="TorchException">There is no such device.</exception>
    /// <exception cref="ObjectDisposedException">The engine has been disposed.</exception>
    public IInferenceSession CreateSession(ComputationGraph graph, WeightSet weights)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var network = new TorchNetwork(
            graph,
            weights,
            new TorchNetworkOptions { Device = _options.Device, ChannelsLast = _options.ChannelsLast }
        );
        return new TorchSession(network, new TorchForwardOptions { Autocast = _options.Autocast });
    }

    /// <summary>Refuses further sessions; those that exist go on, since each owns its network.</summary>
    public void Dispose() => _disposed = true;
}

/// <summary>A graph on libtorch in eval mode.</summary>
internal sealed class TorchSession(TorchNetwork network, TorchForwardOptions options, bool ownsNetwork = true) : IInferenceSession
{
    public ComputationGraph Graph => network.Graph;

    public void Run(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var shapes = new Shape[inputs.Length];
        for (int i = 0; i < shapes.Length; i++)
            shapes[i] = inputs[i].Shape;
        InferenceSessions.RequireOutputs(inputs, outputs, Graph.InferOutputShapes(shapes));
        using var scope = new TorchScope();
        var given = new TorchTensor[inputs.Length];
        for (int i = 0; i < given.Length; i++)
            given[i] = TorchTensor.From(inputs[i], network.Options.Device);
        TorchForward results = network.Forward(given, options, cancellationToken);
        for (int i = 0; i < outputs.Length; i++)
        {
            TorchTensor result = results[Graph.Outputs[i].Name];
            (result.DType == DType.Float32 ? result : result.To(type: DType.Float32)).CopyTo<float>(outputs[i].Data);
        }
    }

    public void Dispose()
    {
        if (ownsNetwork)
            network.Dispose();
    }
}
