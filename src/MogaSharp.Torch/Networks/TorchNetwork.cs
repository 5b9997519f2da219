using System.Collections.Concurrent;
using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>
/// A graph with its parameters and buffers on a device: computes it in train or eval mode, with gradients. Tensors have
/// the official state-dict names. Used by one thread at a time; eval mode by any number.
/// </summary>
public sealed unsafe partial class TorchNetwork : IDisposable
{
    private readonly Dictionary<string, TorchTensor> _tensors = new(StringComparer.Ordinal);
    private readonly HashSet<string> _frozenStatistics = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<ComputationGraph, TorchNetwork> _parts = [];
    private readonly string[] _parameterNames;
    private readonly TorchNetwork? _whole;
    private bool _disposed;

    /// <summary>Copies weights to a device.</summary>
    /// <param name="graph">What is computed.</param>
    /// <param name="weights">A tensor for each parameter and buffer of the graph; optional ones may be absent and are then 0.</param>
    /// <param name="options">Device, type and layout; the CPU and float32 when null.</param>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    /// <exception cref="KeyNotFoundException">The weights lack a tensor that the graph needs.</exception>
    /// <exception cref="GraphException">A weight has another shape than the graph says.</exception>
    /// <exception cref="TorchException">There is no such device.</exception>
    public TorchNetwork(ComputationGraph graph, WeightSet weights, TorchNetworkOptions? options = null)
    {
        TorchLibrary.Require();
        Options = options ??= new();
        if (options.Type is not (DType.Float32 or DType.Float64))
            throw new ArgumentException($"A network's parameters are Float32 or Float64, not {options.Type}.", nameof(options));
        Graph = graph;
        Executed = graph.Lower(op => op is TrainingOp);
        Plan = new NetworkPlan(Executed);
        _parameterNames = [.. graph.Parameters.Where(spec => spec.Kind == ParameterKind.Parameter).Select(spec => spec.Name)];
        foreach (ParameterSpec spec in graph.Parameters)
            _ = Find(weights, spec);
        try
        {
            foreach (ParameterSpec spec in graph.Parameters)
                _tensors.Add(spec.Name, Upload(spec, Find(weights, spec)));
            foreach (string name in _parameterNames)
                _tensors[name].RequiresGradient = true;
            Generator = TorchGenerator.Create(options.Device, options.Seed);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    // A part lends everything from the whole network.
    private TorchNetwork(TorchNetwork whole, ComputationGraph graph)
    {
        (_whole, Graph, Options, Generator) = (whole, graph, whole.Options, whole.Generator);
        _frozenStatistics = whole._frozenStatistics;
        _parameterNames = [.. graph.Parameters.Where(spec => spec.Kind == ParameterKind.Parameter).Select(spec => spec.Name)];
        foreach (ParameterSpec spec in graph.Parameters)
        {
            TorchTensor tensor = whole[spec.Name];
            if (tensor.Shape != spec.Shape)
                throw new GraphException($"The weight '{spec.Name}' has shape {tensor.Shape}, the graph needs {spec.Shape}.");
            _tensors.Add(spec.Name, tensor);
        }

        Executed = graph.Lower(op => op is TrainingOp);
        Plan = new NetworkPlan(Executed);
    }

    /// <summary>The graph that the network computes.</summary>
    public ComputationGraph Graph { get; }

    /// <summary>Device, type and layout.</summary>
    public TorchNetworkOptions Options { get; }

    /// <summary>What Dropout and DropPath draw from; its state belongs into checkpoints.</summary>
    public TorchGenerator Generator { get; } = null!;

    /// <summary>The names of the parameters, frozen ones included, in the graph's order; buffers are not among them.</summary>
    public IReadOnlyList<string> ParameterNames => _parameterNames;

    /// <summary>The graph without composite ops other than those of training.</summary>
    internal ComputationGraph Executed { get; }

    internal NetworkPlan Plan { get; }

    internal DType Type => Options.Type;

    internal bool IsChannelsLast => Options.ChannelsLast;

    /// <summary>A parameter or buffer itself, which the network owns: what is written to it, the network computes with.</summary>
    /// <exception cref="KeyNotFoundException">There is none of this name.</exception>
    /// <exception cref="ObjectDisposedException">The network has been disposed.</exception>
    public TorchTensor this[string name]
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _tensors.TryGetValue(name, out TorchTensor? tensor)
                ? tensor
                : throw new KeyNotFoundException($"The network has no tensor '{name}'.");
        }
    }

    /// <summary>Computes the graph's outputs.</summary>
    /// <param name="inputs">One tensor per graph input, in order, on the network's device; other types are converted.</param>
    /// <param name="options">Eval mode when null.</param>
    /// <param name="cancellationToken">Ends the pass between two values.</param>
    /// <exception cref="GraphException">An input does not fit the graph, or batch norm has a single value per channel to take statistics
    /// of.</exception>
    /// <exception cref="TorchException">An input is on another device, or libtorch cannot compute an op in the autocast type
    /// there.</exception>
    /// <exception cref="InsufficientMemoryException">There is not enough memory.</exception>
    /// <exception cref="ObjectDisposedException">The network or an input has been disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public TorchForward Forward(
        ReadOnlySpan<TorchTensor> inputs,
        TorchForwardOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        options ??= TorchForwardOptions.Eval;
        options.Validate();
        var shapes = new Shape[inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
            shapes[i] = inputs[i].Shape;
        Shape[] inferred = Executed.InferShapes(shapes);
        if (options is { Training: true, BatchNormGroup: null })
            RequireStatistics(inferred);
        return new TorchForward(this, inputs, options, cancellationToken);
    }

    /// <summary>Computes the outputs of a graph with one input.</summary>
    /// <inheritdoc cref="Forward(ReadOnlySpan{TorchTensor}, TorchForwardOptions?, CancellationToken)"/>
    public TorchForward Forward(TorchTensor input, TorchForwardOptions? options = null, CancellationToken cancellationToken = default) =>
        Forward([input], options, cancellationToken);

    /// <summary>Another graph of the same model over this network's own tensors, such as the heads that look at regions. It is made once
    /// for each graph and is of use as long as this network is.</summary>
    /// <param name="graph">A graph all of whose parameters and buffers this network has.</param>
    /// <exception cref="KeyNotFoundException">The network lacks one of its tensors.</exception>
    /// <exception cref="GraphException">A tensor has another shape than the graph says.</exception>
    /// <exception cref="ObjectDisposedException">The network has been disposed.</exception>
    public TorchNetwork Part(ComputationGraph graph)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _parts.GetOrAdd(graph, static (graph, whole) => new TorchNetwork(whole, graph), _whole ?? this);
    }

    /// <summary>A session that computes with this network's own tensors, as they are at each run. Disposing of it leaves the
    /// network.</summary>
    /// <param name="options">How passes are done; eval mode when null.</param>
    public IInferenceSession CreateSession(TorchForwardOptions? options = null) =>
        new TorchSession(this, options ?? TorchForwardOptions.Eval, ownsNetwork: false);

    /// <summary>A float32 copy of all parameters and buffers under their official names.</summary>
    /// <exception cref="ObjectDisposedException">The network has been disposed.</exception>
    public WeightSet ReadWeights() => new(Graph.Parameters.Select(spec => KeyValuePair.Create(spec.Name, this[spec.Name].ToTensor())));

    /// <summary>Overwrites all parameters and buffers; gradients and frozen parameters stay as they are.</summary>
    /// <exception cref="KeyNotFoundException">The weights lack a tensor that the graph needs.</exception>
    /// <exception cref="GraphException">A weight has another shape than the graph says.</exception>
    /// <exception cref="ObjectDisposedException">The network has been disposed.</exception>
    public void LoadWeights(WeightSet weights)
    {
        foreach (ParameterSpec spec in Graph.Parameters)
            _ = Find(weights, spec);
        foreach (ParameterSpec spec in Graph.Parameters)
        {
            using TorchTensor source = Upload(spec, Find(weights, spec));
            this[spec.Name].CopyFrom(source);
        }
    }

    /// <summary>A network of its own with the same weights and frozen parameters, and its generator in the same state.</summary>
    public TorchNetwork Clone()
    {
        var copy = new TorchNetwork(Graph, ReadWeights(), Options);
        copy.CopyFrom(this);
        copy.Generator.SetState(Generator.GetState());
        copy.Freeze(name => !this[name].RequiresGradient, statistics: false);
        copy._frozenStatistics.UnionWith(_frozenStatistics);
        return copy;
    }

    /// <summary>
    /// Moves all tensors towards another network's in one call: mine = decay mine + (1 - decay) other, batch counters are
    /// copied. This is timm's <c>ModelEmaV2</c> when this network is the average.
    /// </summary>
    /// <param name="other">A network of the same graph.</param>
    /// <param name="decay">How much of the old is kept, 0 to 1; 0 copies.</param>
    /// <exception cref="TorchException">The networks have different shapes.</exception>
    public void AverageFrom(TorchNetwork other, double decay)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(decay);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(decay, 1);
        using var mine = new HandleList([.. Graph.Parameters.Select(spec => this[spec.Name].Handle)]);
        using var theirs = new HandleList([.. Graph.Parameters.Select(spec => other[spec.Name].Handle)]);
        Shim.Check(Shim.Average(mine.Pointer, theirs.Pointer, mine.Count, decay));
    }

    /// <summary>Copies all tensors of another network of the same graph in one call.</summary>
    /// <exception cref="TorchException">The networks have different shapes.</exception>
    public void CopyFrom(TorchNetwork other) => AverageFrom(other, 0);

    /// <summary>Frees the parameters and buffers.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        if (_whole is not null)
            return;
        foreach (TorchNetwork part in _parts.Values)
            part.Dispose();
        foreach (TorchTensor tensor in _tensors.Values)
            tensor.Dispose();
        Generator?.Dispose();
    }

    internal TensorHandle Handle(string name) => _tensors[name].Handle;

    internal bool HasFrozenStatistics(string prefix) => _frozenStatistics.Contains(prefix);

    internal void CountBatch(BatchNorm2d op)
    {
        if (_tensors.TryGetValue(op.BatchesTracked, out TorchTensor? counter))
            Shim.Check(Shim.Increment(counter.Handle));
    }

    private static Tensor? Find(WeightSet weights, ParameterSpec spec)
    {
        if (spec.IsOptional && !weights.TryGet(spec.Name, out _))
            return spec.Initializer is Initializer.Computed computed ? WeightInitializer.Create(spec.Shape, computed) : null;
        Tensor tensor = weights[spec.Name];
        return tensor.Shape == spec.Shape
            ? tensor
            : throw new GraphException($"The weight '{spec.Name}' has shape {tensor.Shape}, the graph needs {spec.Shape}.");
    }

    // Parameters outlive the scope in which a network is made.
    private TorchTensor Upload(ParameterSpec spec, Tensor? tensor)
    {
        using var scope = new TorchScope();
        TorchTensor source = TorchTensor.From(tensor ?? new Tensor(spec.Shape), Options.Device);
        DType type = spec.Type == DType.Int64 ? DType.Int64 : Type;
        return scope.Keep(source.To(type: type, channelsLast: IsChannelsLast && spec.Shape.Rank == 4));
    }

    private void RequireStatistics(Shape[] shapes)
    {
        foreach (Value value in Executed.Values)
        {
            if (value.Op is not BatchNorm2d norm || HasFrozenStatistics(norm.Prefix))
                continue;
            Shape x = shapes[value.Inputs[0].Index];
            if ((long)x[0] * x[2] * x[3] == 1)
                throw new GraphException($"{norm.Prefix}: training takes statistics over more than one value per channel, it got {x}.");
        }
    }
}
