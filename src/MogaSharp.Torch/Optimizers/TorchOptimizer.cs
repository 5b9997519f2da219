using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>
/// Changes a network's parameters by their gradients, all in one native call per step. Parameters without a gradient are
/// left alone, and their steps are not counted, as in PyTorch. Dispose before the network.
/// </summary>
public abstract unsafe class TorchOptimizer : IDisposable
{
    private const string StepPrefix = "step/";

    private readonly TorchNetwork _network;
    private readonly string[] _names;
    private readonly string[] _stateNames;
    private readonly TorchTensor[][] _state;
    private readonly long[] _steps;

    // Which tensors a step goes through never changes; what the groups say of them may, so that is written anew into the same arrays.
    private readonly TensorHandle[] _parameters;
    private readonly TensorHandle[][] _stateHandles;
    private readonly double[] _rates;
    private readonly double[] _decays;
    private bool _disposed;

    private protected TorchOptimizer(TorchNetwork network, IEnumerable<ParameterGroup> groups, string[] stateNames)
    {
        _network = network;
        Groups = [.. groups];
        _names = [.. Groups.SelectMany(group => group.Names)];
        string? repeated = _names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1)?.Key;
        if (repeated is not null)
            throw new ArgumentException($"The parameter '{repeated}' is in more than one group.", nameof(groups));
        string? unknown = Array.Find(_names, name => !network.ParameterNames.Contains(name));
        if (unknown is not null)
            throw new ArgumentException($"The network has no parameter '{unknown}'.", nameof(groups));
        _stateNames = stateNames;
        _steps = new long[_names.Length];
        // State outlives the scope in which an optimizer is made.
        using var scope = new TorchScope();
        _state = [.. stateNames.Select(_ => _names.Select(name => scope.Keep(Zeros(network[name]))).ToArray())];
        _parameters = [.. _names.Select(name => network[name].Handle)];
        _stateHandles = [.. _state.Select(tensors => tensors.Select(tensor => tensor.Handle).ToArray())];
        (_rates, _decays) = (new double[_names.Length], new double[_names.Length]);
    }

    /// <summary>The groups with their learning rates.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>
    /// How much of the last direction is kept, 0 to below 1: the momentum of SGD, the first beta of the others. Schedules that cycle it set
    /// it between steps; like learning rates it is not part of the state.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not in [0, 1).</exception>
    public abstract double Momentum { get; set; }

    /// <summary>Changes the parameters.</summary>
    /// <exception cref="ObjectDisposedException">The optimizer or the network has been disposed.</exception>
    public void Step()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var parameters = new HandleList(_parameters);
        using HandleList first = State(0),
            second = State(1);
        ReadGroups();
        fixed (long* steps = _steps)
        fixed (
            double* rate = _rates,
                decay = _decays
        )
            Shim.Check(Step(new Arguments(parameters.Pointer, first.Pointer, second.Pointer, steps, _names.Length, rate, decay)));
    }

    /// <summary>
    /// A copy of the state for a checkpoint: <c>exp_avg/NAME</c> and the like for each parameter, and <c>step/NAME</c>, a
    /// scalar. Groups are not in it.
    /// </summary>
    public WeightSet ReadState()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var tensors = new List<KeyValuePair<string, Tensor>>();
        for (int i = 0; i < _names.Length; i++)
        {
            for (int k = 0; k < _state.Length; k++)
                tensors.Add(new($"{_stateNames[k]}/{_names[i]}", _state[k][i].ToTensor()));
            tensors.Add(new(StepPrefix + _names[i], new Tensor(default, [_steps[i]])));
        }

        return new WeightSet(tensors);
    }

    /// <summary>Goes on from a state that <see cref="ReadState"/> gave; nothing is changed if it does not fit.</summary>
    /// <exception cref="KeyNotFoundException">A tensor is missing.</exception>
    /// <exception cref="GraphException">A tensor has another shape than its parameter.</exception>
    public void LoadState(WeightSet state)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Tensor[] steps = [.. _names.Select(name => Find(state, StepPrefix + name, default))];
        Tensor[][] tensors =
        [
            .. _stateNames.Select(kind => _names.Select(name => Find(state, $"{kind}/{name}", _network[name].Shape)).ToArray()),
        ];
        using var scope = new TorchScope();
        for (int i = 0; i < _names.Length; i++)
        {
            _steps[i] = (long)steps[i].Data[0];
            for (int k = 0; k < _state.Length; k++)
                _state[k][i].CopyFrom(TorchTensor.From(tensors[k][i]));
        }
    }

    /// <summary>Makes the state the same in all processes.</summary>
    /// <param name="group">The processes; all of them call it.</param>
    /// <param name="root">The rank whose state everybody gets.</param>
    /// <exception cref="ProcessGroupException">A process is lost.</exception>
    public void Broadcast(TorchProcessGroup group, int root = 0)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var scope = new TorchScope();
        TorchTensor steps = TorchTensor.From<long>(_steps, new Shape(_steps.Length), group.Device);
        group.Broadcast([.. _state.SelectMany(tensors => tensors), steps], root);
        steps.CopyTo<long>(_steps);
    }

    /// <summary>Frees the state.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        foreach (TorchTensor tensor in _state.SelectMany(tensors => tensors))
            tensor.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract int Step(in Arguments arguments);

    private protected static double CheckedMomentum(double value) =>
        value is >= 0 and < 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Momenta lie in [0, 1).");

    private static Tensor Find(WeightSet state, string name, Shape shape)
    {
        Tensor tensor = state[name];
        return tensor.Shape == shape
            ? tensor
            : throw new GraphException($"The optimizer's '{name}' has shape {tensor.Shape}, it should have {shape}.");
    }

    // With the layout of the parameter, so that steps go through both in the same order.
    private static TorchTensor Zeros(TorchTensor parameter)
    {
        TorchTensor state = parameter.Detach().Clone();
        state.Fill(0);
        return state;
    }

    private HandleList State(int kind) => new(kind < _stateHandles.Length ? _stateHandles[kind] : []);

    private void ReadGroups()
    {
        int start = 0;
        foreach (ParameterGroup group in Groups)
        {
            _rates.AsSpan(start, group.Names.Count).Fill(group.LearningRate);
            _decays.AsSpan(start, group.Names.Count).Fill(group.WeightDecay);
            start += group.Names.Count;
        }
    }

    /// <summary>What the native steps take.</summary>
    internal readonly record struct Arguments(
        nint Parameters,
        nint First,
        nint Second,
        nint Steps,
        long Count,
        nint LearningRates,
        nint WeightDecays
    )
    {
        public Arguments(nint* parameters, nint* first, nint* second, long* steps, long count, double* rates, double* decays)
            : this((nint)parameters, (nint)first, (nint)second, (nint)steps, count, (nint)rates, (nint)decays) { }
    }
}
