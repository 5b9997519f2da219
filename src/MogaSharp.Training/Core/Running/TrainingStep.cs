using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Torch;
using MogaSharp.Weights;

namespace MogaSharp.Training;

/// <summary>What an update did.</summary>
/// <param name="Loss">The batch's mean loss; not finite when that is why the update was skipped.</param>
/// <param name="GradientNorm">The norm of all gradients before clipping; null when it was not reached.</param>
/// <param name="Skipped">The loss or a gradient was not finite; weights, statistics and average are as before.</param>
/// <param name="Rescaled">float16: the loss scale was too large for the gradients and has been halved; weights are as before.</param>
public readonly record struct UpdateResult(double Loss, double? GradientNorm, bool Skipped = false, bool Rescaled = false)
{
    /// <summary>Items of all processes that could not be read, for which others stood in.</summary>
    public long BadItems { get; init; }

    /// <summary>The batch's mean losses by name, where the task has more than one; else null.</summary>
    public IReadOnlyDictionary<string, double>? Losses { get; init; }
}

/// <summary>
/// A network in training: its weights, their moving average, the optimizer and the loss scale. Used by one thread, the one that made it.
/// </summary>
public sealed class TrainingStep : IDisposable
{
    private readonly TrainingRecipe _recipe;
    private readonly TrainingTask _task;
    private readonly TorchProcessGroup? _group;
    private readonly GradientReducer? _reducer;
    private readonly TorchOptimizer _optimizer;
    private readonly double[] _rateScales;
    private readonly GradientScaler? _scaler;
    private readonly TorchForwardOptions _forward;
    private readonly (TorchTensor Live, TorchTensor Kept)[] _statistics;
    private readonly OrderedDictionary<string, double> _losses = [];
    private long _badItems;

    /// <summary>Puts weights on a device.</summary>
    /// <param name="graph">The network with its training rates; its first output is what the recipe's task takes.</param>
    /// <param name="model">The network's options, for frozen stages and layer decay.</param>
    /// <param name="weights">The weights to start from.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="group">The processes that train together; null for this one alone. Each has its part of every batch, and all the same
    /// weights.</param>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    /// <exception cref="TorchException">There is no such device.</exception>
    /// <exception cref="RecipeException">The recipe asks for what this device or network cannot do.</exception>
    /// <exception cref="ProcessGroupException">Another process is lost.</exception>
    public TrainingStep(
        ComputationGraph graph,
        ModelOptions model,
        WeightSet weights,
        TrainingRecipe recipe,
        TorchDevice device,
        TorchProcessGroup? group = null
    )
    {
        if (recipe.Amp == Precision.Fp16 && !device.IsCuda)
            throw new RecipeException("amp fp16 needs a CUDA device; on the CPU take none or bf16.");
        (_recipe, _task, _group) = (recipe, TrainingTask.Create(recipe, model), group);
        Network = new TorchNetwork(
            graph,
            weights,
            new TorchNetworkOptions
            {
                Device = device,
                ChannelsLast = recipe.ChannelsLast ?? !device.IsCuda,
                Seed = (ulong)recipe.Seed,
            }
        );
        Network.Freeze(name => ParameterGroups.IsFrozen(name, model, recipe));
        Average = recipe.EmaDecay is null ? null : Network.Clone();
        ParameterGroupSpec[] groups = [.. ParameterGroups.Create(graph.Parameters, model, recipe)];
        _rateScales = [.. groups.Select(group => group.RateScale)];
        _optimizer = CreateOptimizer([.. groups.Select(group => new ParameterGroup(group.Parameters, 0, group.WeightDecay))]);
        _scaler = recipe.Amp == Precision.Fp16 ? new GradientScaler() : null;
        _forward = TorchForwardOptions.Train with
        {
            Autocast = Autocast,
            Checkpointing = recipe.ActivationCheckpointing,
            BatchNormGroup = recipe.SyncBatchNorm ? group : null,
        };
        _reducer = group is null ? null : new GradientReducer(Network, group);
        using var scope = new TorchScope();
        _statistics =
        [
            .. graph
                .Parameters.Where(spec => spec.Kind == ParameterKind.Buffer)
                .Select(spec => (Network[spec.Name], scope.Keep(Network[spec.Name].Detach().Clone()))),
        ];
    }

    /// <summary>The weights.</summary>
    public TorchNetwork Network { get; }

    /// <summary>Their moving average; null without one.</summary>
    public TorchNetwork? Average { get; }

    /// <summary>The loss scale of float16 training; null without one.</summary>
    public GradientScalerState? Scale
    {
        get => _scaler?.State;
        internal set
        {
            if (_scaler is not null && value is not null)
                _scaler.State = value;
        }
    }

    /// <summary>The type that convolutions compute in; null for float32.</summary>
    public DType? Autocast =>
        _recipe.Amp switch
        {
            Precision.Bf16 => DType.BFloat16,
            Precision.Fp16 => DType.Float16,
            _ => null,
        };

    /// <summary>Does one update.</summary>
    /// <param name="parts">The batch in as many parts as the recipe accumulates, each of the same size; read as they are needed.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="update">The number of this update, from 1.</param>
    /// <param name="momentum">The momentum or first beta; null for the recipe's own.</param>
    /// <exception cref="DatasetException">The parts cannot be read; weights and statistics are as before.</exception>
    public UpdateResult Update(IEnumerable<TrainingBatch> parts, double rate, long update, double? momentum = null)
    {
        _badItems = 0;
        _losses.Clear();
        try
        {
            UpdateResult result = UpdateFrom(parts, rate, update, momentum);
            return result with { BadItems = _badItems, Losses = _losses.Count > 1 ? new Dictionary<string, double>(_losses) : null };
        }
        catch (DatasetException)
        {
            Skip(default);
            throw;
        }
    }

    private UpdateResult UpdateFrom(IEnumerable<TrainingBatch> parts, double rate, long update, double? momentum)
    {
        Network.ZeroGradients();
        foreach ((TorchTensor live, TorchTensor kept) in _statistics)
            kept.CopyFrom(live);
        // Each process draws its own numbers, and the same ones after a resume by however many processes.
        if (_group is not null)
            Network.Generator.Seed(RandomSeed(update, _group.Rank));
        double loss = 0;
        int left = _recipe.AccumulationSteps;
        foreach (TrainingBatch part in parts)
        {
            double value = Accumulate(part, isLast: --left == 0);
            loss += value / _recipe.AccumulationSteps;
            if (!double.IsFinite(value))
                return Skip(new UpdateResult(value, null, Skipped: true));
        }

        AverageStatistics();
        if (_scaler is not null)
        {
            bool finite = _scaler.Unscale(Network);
            _scaler.Update(finite);
            if (!finite)
                return _scaler.State.Scale < 1
                    ? Skip(new UpdateResult(loss, null, Skipped: true))
                    : new UpdateResult(loss, null, Rescaled: true);
        }

        double norm = _recipe.ClipGradient is { } limit ? Network.ClipGradients(limit) : Network.GradientNorm();
        if (!double.IsFinite(norm))
            return Skip(new UpdateResult(loss, norm, Skipped: true));
        for (int i = 0; i < _rateScales.Length; i++)
            _optimizer.Groups[i].LearningRate = rate * _rateScales[i];
        if (momentum is { } cycled)
            _optimizer.Momentum = cycled;
        _optimizer.Step();
        if (_recipe.EmaDecay is { } decay)
            Average!.AverageFrom(Network, new EmaDecay(decay, _recipe.EmaWarmup).At(update));
        return new UpdateResult(loss, norm);
    }

    /// <summary>Gives all processes the weights, averages and optimizer state of rank 0; nothing to do for one process alone.</summary>
    /// <exception cref="ProcessGroupException">Another process is lost.</exception>
    public void Synchronize()
    {
        if (_group is null)
            return;
        foreach (TorchNetwork network in new[] { Network, Average }.OfType<TorchNetwork>())
            _group.Broadcast([.. network.Graph.Parameters.Select(spec => network[spec.Name])]);
        _optimizer.Broadcast(_group);
    }

    /// <summary>Everything that changes in training, for a checkpoint.</summary>
    public IEnumerable<TensorEntry> State()
    {
        foreach (TensorEntry tensor in StateDict.From(Network.ReadWeights()).Tensors)
            yield return tensor.WithName(TrainingCheckpoint.Model + tensor.Name);
        if (Average is not null)
            foreach (TensorEntry tensor in StateDict.From(Average.ReadWeights()).Tensors)
                yield return tensor.WithName(TrainingCheckpoint.Average + tensor.Name);
        WeightSet optimizer = _optimizer.ReadState();
        foreach (string name in optimizer.Names.Order(StringComparer.Ordinal))
            yield return TensorEntry.FromTensor(TrainingCheckpoint.Optimizer + name, optimizer[name]);
        byte[] random = Network.Generator.GetState();
        yield return TensorEntry.FromBytes(TrainingCheckpoint.Random + "network", DType.UInt8, new Shape(random.Length), random);
    }

    /// <summary>Goes on from a state.</summary>
    /// <param name="tensors">What <see cref="State"/> gave.</param>
    /// <param name="scale">The loss scale; null without one.</param>
    /// <exception cref="KeyNotFoundException">A tensor is missing.</exception>
    /// <exception cref="GraphException">A tensor has another shape.</exception>
    /// <exception cref="TorchException">The generator's state is of another kind of device.</exception>
    public void Load(IEnumerable<TensorEntry> tensors, GradientScalerState? scale)
    {
        TensorEntry[] all = [.. tensors];
        Network.LoadWeights(Pick(TrainingCheckpoint.Model));
        Average?.LoadWeights(Pick(TrainingCheckpoint.Average));
        _optimizer.LoadState(Pick(TrainingCheckpoint.Optimizer));
        TensorEntry random =
            all.FirstOrDefault(tensor => tensor.Name == TrainingCheckpoint.Random + "network")
            ?? throw new KeyNotFoundException("The checkpoint has no state of the random numbers.");
        Network.Generator.SetState(random.ToBytes());
        Scale = scale;

        WeightSet Pick(string prefix) =>
            new(
                all.Where(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal))
                    .Select(tensor => KeyValuePair.Create(tensor.Name[prefix.Length..], tensor.ToTensor()))
            );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, TorchTensor kept) in _statistics)
            kept.Dispose();
        _reducer?.Dispose();
        _optimizer.Dispose();
        Average?.Dispose();
        Network.Dispose();
    }

    // The mean over all processes, so that all of them go on or skip.
    private double Accumulate(TrainingBatch part, bool isLast)
    {
        try
        {
            return Pass(part, isLast);
        }
        catch (TorchException e) when (_group?.Explain(e) is ProcessGroupException lost)
        {
            throw lost;
        }
    }

    private double Pass(TrainingBatch part, bool isLast)
    {
        using var scope = new TorchScope();
        var pass = new NetworkPass(Network, _forward);
        Losses losses = _task.Step(pass, part);
        TorchTensor loss = losses.Total;
        double value = loss.Item();
        double[] parts = losses.Count > 1 ? losses.Items() : [];
        int bad = part.BadItems?.Count ?? 0;
        double[] sums = _group?.AllReduce([value, bad, .. parts], ReduceKind.Sum) ?? [value, bad, .. parts];
        int processes = _group?.Size ?? 1;
        value = sums[0] / processes;
        _badItems += (long)sums[1];
        foreach ((string name, double sum) in losses.Names.Zip(sums.Skip(2)))
            _losses[name] = _losses.GetValueOrDefault(name) + (sum / processes / _recipe.AccumulationSteps);
        if (!double.IsFinite(value))
            return value;
        if (_scaler is not null)
            loss = _scaler.Scale(loss);
        if (_recipe.AccumulationSteps > 1)
            loss *= 1.0 / _recipe.AccumulationSteps;
        if (isLast)
            _reducer?.Prepare(loss);
        pass.Backward(loss);
        return value;
    }

    // Batch norms that have seen different images would drift apart; all keep the mean, so that any process's state is that of the run.
    private void AverageStatistics()
    {
        if (_group is null || _recipe.SyncBatchNorm)
            return;
        TorchTensor[] floats = [.. _statistics.Select(pair => pair.Live).Where(tensor => tensor.DType != DType.Int64)];
        if (floats.Length > 0)
            _group.AllReduce(floats, ReduceKind.Mean);
    }

    // SplitMix64's mixing, so that neighbors have nothing in common.
    private ulong RandomSeed(long update, int rank)
    {
        ulong z = ((ulong)(uint)_recipe.Seed << 32) + ((ulong)update * 0x9E3779B97F4A7C15) + ((ulong)rank * 0xD1B54A32D192ED03);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    // The running statistics have seen the bad batch, which would stay in them forever.
    private UpdateResult Skip(UpdateResult result)
    {
        foreach ((TorchTensor live, TorchTensor kept) in _statistics)
            live.CopyFrom(kept);
        Network.ZeroGradients();
        return result;
    }

    private TorchOptimizer CreateOptimizer(ParameterGroup[] groups)
    {
        var adam = new AdamOptions(_recipe.Betas[0], _recipe.Betas[1], _recipe.Epsilon);
        return _recipe.Optimizer switch
        {
            OptimizerKind.AdamW => new AdamW(Network, groups, adam),
            OptimizerKind.Adam => new Adam(Network, groups, adam),
            OptimizerKind.Sgd => new Sgd(Network, groups, new SgdOptions(_recipe.Momentum, Nesterov: _recipe.Momentum > 0)),
            OptimizerKind.Lamb => new Lamb(Network, groups, adam),
            _ => throw new ArgumentOutOfRangeException(nameof(groups)),
        };
    }
}
