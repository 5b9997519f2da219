using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>One pass over a network's values: computes them in order and frees each after its last use.</summary>
internal sealed class GraphRun : IOpVisitor<Value, TensorHandle>, IDisposable
{
    private readonly TorchNetwork _network;
    private readonly TorchForwardOptions _options;
    private readonly TensorHandle?[] _values;

    public GraphRun(TorchNetwork network, TorchForwardOptions options)
    {
        _network = network;
        _options = options;
        _values = new TensorHandle?[network.Graph.Values.Count];
    }

    /// <summary>False where a segment is computed once more: the batch has been counted in already.</summary>
    public bool UpdatesStatistics { get; init; } = true;

    /// <summary>Gives a value that is not computed; the run frees it.</summary>
    public void Put(int index, TensorHandle handle) => _values[index] = handle;

    /// <summary>A value that has been computed, which the run still owns.</summary>
    public TensorHandle Peek(int index) => _values[index]!;

    /// <summary>A value that has been computed and is now the caller's.</summary>
    public TensorHandle Take(int index)
    {
        TensorHandle handle = _values[index]!;
        _values[index] = null;
        return handle;
    }

    /// <summary>Computes a range of values; outputs of the graph and the last value of the range are kept.</summary>
    public void Execute(int first, int last, CancellationToken cancellationToken = default)
    {
        NetworkPlan plan = _network.Plan;
        for (int i = first; i <= last; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Value value = _network.Graph.Values[i];
            if (value.Op is not Input) _values[i] = value.Op.Accept(this, value);
            foreach (Value input in value.Inputs)
                if (plan.LastUse[input.Index] == i) Free(input.Index);
            if (plan.LastUse[i] == i && i != last) Free(i);
        }
    }

    public TensorHandle Visit(Input op, Value value) => throw new GraphException("Inputs are given, not computed.");

    public TensorHandle Visit(Conv2d op, Value value)
    {
        Shim.Check(Shim.Conv2d(
            In(value), Tensor(op.Weight), Tensor(op.Bias), op.Stride, op.Padding, op.Dilation, op.Groups, _options.Precision, out TensorHandle result));
        return result;
    }

    public TensorHandle Visit(Linear op, Value value)
    {
        Shim.Check(Shim.Linear(In(value), Tensor(op.Weight), Tensor(op.Bias), _options.Precision, out TensorHandle result));
        return result;
    }

    public TensorHandle Visit(BatchNorm2d op, Value value)
    {
        bool ofBatch = _options.Training && !_network.HasFrozenStatistics(op.Prefix);
        bool running = !ofBatch || UpdatesStatistics;
        if (ofBatch && UpdatesStatistics) _network.CountBatch(op);
        TensorHandle mean = running ? Tensor(op.RunningMean) : TensorHandle.None, variance = running ? Tensor(op.RunningVariance) : TensorHandle.None, result;
        Shim.Check(ofBatch && _options.BatchNormGroup is { } group
            ? Shim.SyncBatchNorm(group.Handle, In(value), Tensor(op.Weight), Tensor(op.Bias), mean, variance, op.Momentum, op.Epsilon, out result)
            : Shim.BatchNorm(In(value), Tensor(op.Weight), Tensor(op.Bias), mean, variance, ofBatch ? 1 : 0, op.Momentum, op.Epsilon, out result));
        return result;
    }

    public TensorHandle Visit(GroupNorm op, Value value)
    {
        Shim.Check(Shim.GroupNorm(In(value), op.Groups, Tensor(op.Weight), Tensor(op.Bias), op.Epsilon, out TensorHandle result));
        return result;
    }

    public TensorHandle Visit(Activation op, Value value)
    {
        int kind = op.Function switch
        {
            ActivationKind.Gelu => 0,
            ActivationKind.Silu => 1,
            ActivationKind.Relu => 2,
            _ => throw new GraphException($"Unknown activation {op.Function}."),
        };
        Shim.Check(Shim.Activation(kind, In(value), out TensorHandle result));
        return result;
    }

    public TensorHandle Visit(GlobalAveragePool op, Value value)
    {
        Shim.Check(Shim.SpatialMean(In(value), op.KeepDimensions ? 1 : 0, out TensorHandle result));
        return result;
    }

    public TensorHandle Visit(Binary op, Value value)
    {
        int kind = op.Function switch
        {
            BinaryKind.Add => 0,
            BinaryKind.Subtract => 1,
            BinaryKind.Multiply => 2,
            _ => throw new GraphException($"Unknown function {op.Function}."),
        };
        Shim.Check(Shim.Binary(kind, In(value), In(value, 1), out TensorHandle result));
        return result;
    }

    public TensorHandle Visit(ChannelAffine op, Value value)
    {
        Shim.Check(Shim.ChannelAffine(In(value), Tensor(op.Scale), Tensor(op.Shift), out TensorHandle result));
        return result;
    }

    public TensorHandle Visit(ChannelSlice op, Value value)
    {
        Shim.Check(Shim.TensorNarrow(In(value), 1, op.Start, op.Length, out TensorHandle result));
        return result;
    }

    public unsafe TensorHandle Visit(ChannelConcat op, Value value)
    {
        var parts = new TensorHandle[value.Inputs.Count];
        for (int i = 0; i < parts.Length; i++) parts[i] = In(value, i);
        using var list = new HandleList(parts);
        Shim.Check(Shim.TensorConcat(list.Pointer, list.Count, 1, out TensorHandle result));
        return result;
    }

    public TensorHandle Visit(Dropout op, Value value)
    {
        if (!_options.Training || op.Rate == 0) return Same(value);
        Shim.Check(Shim.Dropout(In(value), op.Rate, _network.Generator.Handle, out TensorHandle result));
        return result;
    }

    public TensorHandle Visit(DropPath op, Value value)
    {
        if (!_options.Training || op.Rate == 0) return Same(value);
        Shim.Check(Shim.DropPath(In(value), op.Rate, _network.Generator.Handle, out TensorHandle result));
        return result;
    }

    public TensorHandle Visit(LayerNorm op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(Softmax op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(AttentionScores op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(AttentionValues op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(RelativePositionBias op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(WindowPartition op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(WindowMerge op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(WindowMask op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(TokensToChannels op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(ChannelsToTokens op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(ScalarMultiply op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(AveragePool2d op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(PixelShuffle op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(PatchMerge op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(ChannelShuffle op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(CircularConv op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(PositionEmbedding op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(RealFft2d op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(InverseRealFft2d op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(SpectralFilter op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(ClipToFrames op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(FramesToClip op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(FramesToChannels op, Value value) => throw new NotImplementedException();

    public TensorHandle Visit(ChannelsToFrames op, Value value) => throw new NotImplementedException();

    public void Dispose()
    {
        for (int i = 0; i < _values.Length; i++) Free(i, evenOutputs: true);
    }

    private TensorHandle In(Value value, int input = 0) => _values[value.Inputs[input].Index]!;

    private TensorHandle Tensor(string? name) => name is null ? TensorHandle.None : _network.Handle(name);

    private TensorHandle Same(Value value)
    {
        Shim.Check(Shim.TensorAlias(In(value), out TensorHandle result));
        return result;
    }

    private void Free(int index, bool evenOutputs = false)
    {
        if (_network.Plan.IsOutput[index] && !evenOutputs) return;
        _values[index]?.Dispose();
        _values[index] = null;
    }
}
