using MogaSharp.Graph;
using MogaSharp.Torch;
using MogaSharp.Weights;

namespace MogaSharp.Training;

/// <summary>What an update did.</summary>
/// <param name="Loss">The batch's mean loss; not finite when that is why the update was skipped.</param>
/// <param name="GradientNorm">The norm of all gradients before clipping; null when it was not reached.</param>
/// <param name="Skipped">The loss or a gradient was not finite; weights, statistics and average are as before.</param>
/// <param name="Rescaled">float16: the loss scale was too large for the gradients and has been halved; weights are as before.</param>
public readonly record struct UpdateResult(double Loss, double? GradientNorm, bool Skipped = false, bool Rescaled = false);

/// <summary>
/// A network in training: its weights, their moving average, the optimiser and the loss scale. Used by one thread, the one that made it.
/// </summary>
public sealed class TrainingEngine : IDisposable
{
    private readonly TrainingRecipe _recipe;
    private readonly TorchOptimizer _optimizer;
    private readonly double[] _rateScales;
    private readonly GradientScaler? _scaler;
    private readonly TorchForwardOptions _forward;
    private readonly (TorchTensor Live, TorchTensor Kept)[] _statistics;
    private readonly string _output;

    /// <summary>Puts weights on a device.</summary>
    /// <param name="graph">The network with its training rates; one output, the logits (N, classes).</param>
    /// <param name="weights">The weights to start from.</param>
    /// <param name="recipe">The recipe.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    /// <exception cref="TorchException">There is no such device.</exception>
    /// <exception cref="RecipeException">The recipe asks for what this device or network cannot do.</exception>
    public TrainingEngine(ComputationGraph graph, WeightSet weights, TrainingRecipe recipe, TorchDevice device)
    {
        if (recipe.Amp == Precision.Fp16 && !device.IsCuda) throw new RecipeException("amp fp16 needs a CUDA device; on the CPU take none or bf16.");
        _recipe = recipe;
        _output = graph.Outputs[0].Key;
        Network = new TorchNetwork(graph, weights, new TorchNetworkOptions { Device = device, ChannelsLast = recipe.ChannelsLast, Seed = (ulong)recipe.Seed });
        Network.Freeze(name => ParameterGroups.IsFrozen(name, recipe));
        Average = recipe.EmaDecay is null ? null : Network.Clone();
        RecipeGroup[] groups = [.. ParameterGroups.Create(graph.Parameters, recipe)];
        _rateScales = [.. groups.Select(group => group.RateScale)];
        _optimizer = CreateOptimizer([.. groups.Select(group => new ParameterGroup(group.Parameters, 0, group.WeightDecay))]);
        _scaler = recipe.Amp == Precision.Fp16 ? new GradientScaler() : null;
        _forward = TorchForwardOptions.Train with { Autocast = Autocast, Checkpointing = recipe.ActivationCheckpointing };
        using var scope = new TorchScope();
        _statistics =
        [
            .. graph.Parameters.Where(spec => spec.Kind == ParameterKind.Buffer)
                .Select(spec => (Network[spec.Name], scope.Keep(Network[spec.Name].Detach().Clone()))),
        ];
    }

    /// <summary>The weights.</summary>
    public TorchNetwork Network { get; }

    /// <summary>Their moving average; null without one.</summary>
    public TorchNetwork? Average { get; }

    /// <summary>The loss scale of float16 training; null without one.</summary>
    public GradientScalerState? Scale => _scaler?.State;

    /// <summary>The type that convolutions compute in; null for float32.</summary>
    public DType? Autocast => _recipe.Amp switch
    {
        Precision.Bf16 => DType.BFloat16,
        Precision.Fp16 => DType.Float16,
        _ => null,
    };

    /// <summary>Does one update.</summary>
    /// <param name="parts">The batch in as many parts as the recipe accumulates, each of the same size; read as they are needed.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="update">The number of this update, from 1.</param>
    public UpdateResult Update(IEnumerable<TrainingBatch> parts, double rate, long update)
    {
        Network.ZeroGradients();
        foreach ((TorchTensor live, TorchTensor kept) in _statistics) kept.CopyFrom(live);
        double loss = 0;
        foreach (TrainingBatch part in parts)
        {
            double value = Accumulate(part);
            loss += value / _recipe.AccumulationSteps;
            if (!double.IsFinite(value)) return Skip(new UpdateResult(value, null, Skipped: true));
        }

        if (_scaler is not null)
        {
            bool finite = _scaler.Unscale(Network);
            _scaler.Update(finite);
            if (!finite) return _scaler.State.Scale < 1 ? Skip(new UpdateResult(loss, null, Skipped: true)) : new UpdateResult(loss, null, Rescaled: true);
        }

        double norm = _recipe.ClipGradient is { } limit ? Network.ClipGradients(limit) : Network.GradientNorm();
        if (!double.IsFinite(norm)) return Skip(new UpdateResult(loss, norm, Skipped: true));
        for (int i = 0; i < _rateScales.Length; i++) _optimizer.Groups[i].LearningRate = rate * _rateScales[i];
        _optimizer.Step();
        if (_recipe.EmaDecay is { } decay) Average!.AverageFrom(Network, new EmaDecay(decay, _recipe.EmaWarmup).At(update));
        return new UpdateResult(loss, norm);
    }

    /// <summary>Everything that changes in training, for a checkpoint.</summary>
    public IEnumerable<TensorEntry> State()
    {
        foreach (TensorEntry tensor in StateDict.From(Network.ReadWeights()).Tensors) yield return tensor.WithName(TrainingCheckpoint.Model + tensor.Name);
        if (Average is not null)
            foreach (TensorEntry tensor in StateDict.From(Average.ReadWeights()).Tensors) yield return tensor.WithName(TrainingCheckpoint.Average + tensor.Name);
        WeightSet optimizer = _optimizer.ReadState();
        foreach (string name in optimizer.Names.Order(StringComparer.Ordinal)) yield return TensorEntry.FromTensor(TrainingCheckpoint.Optimizer + name, optimizer[name]);
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
        TensorEntry random = all.FirstOrDefault(tensor => tensor.Name == TrainingCheckpoint.Random + "network") ?? throw new KeyNotFoundException("The checkpoint has no state of the random numbers.");
        Network.Generator.SetState(random.ToBytes());
        if (_scaler is not null && scale is not null) _scaler.State = scale;

        WeightSet Pick(string prefix) => new(
            all.Where(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal))
                .Select(tensor => KeyValuePair.Create(tensor.Name[prefix.Length..], tensor.ToTensor())));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, TorchTensor kept) in _statistics) kept.Dispose();
        _optimizer.Dispose();
        Average?.Dispose();
        Network.Dispose();
    }

    private double Accumulate(TrainingBatch part)
    {
        using var scope = new TorchScope();
        TorchTensor input = TorchTensor.From(part.Inputs.Span, part.Shape, Network.Options.Device);
        TorchForward forward = Network.Forward(input, _forward);
        TorchTensor loss = Loss(forward[_output], part);
        double value = loss.Item();
        if (!double.IsFinite(value)) return value;
        if (_scaler is not null) loss = _scaler.Scale(loss);
        if (_recipe.AccumulationSteps > 1) loss *= 1.0 / _recipe.AccumulationSteps;
        forward.Backward(loss);
        return value;
    }

    private TorchTensor Loss(TorchTensor logits, TrainingBatch part)
    {
        TorchTensor targets = part.Targets is { } shares
            ? TorchTensor.From(shares.Span, new Shape(part.Count, logits.Shape[1]), Network.Options.Device)
            : TorchTensor.From<long>(Array.ConvertAll(part.Labels.ToArray(), label => (long)label), new Shape(part.Count), Network.Options.Device);
        if (_recipe.Loss == LossKind.BinaryCrossEntropy) return TorchLoss.BinaryCrossEntropy(logits, targets, _recipe.LabelSmoothing, _recipe.BinaryTargetThreshold);
        return part.Targets is null ? TorchLoss.CrossEntropy(logits, targets, _recipe.LabelSmoothing) : TorchLoss.SoftCrossEntropy(logits, targets);
    }

    // The running statistics have seen the bad batch, which would stay in them for ever.
    private UpdateResult Skip(UpdateResult result)
    {
        foreach ((TorchTensor live, TorchTensor kept) in _statistics) live.CopyFrom(kept);
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
