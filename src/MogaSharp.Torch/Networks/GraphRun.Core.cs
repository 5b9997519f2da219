using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <content>Convolutions, norms, activations, arithmetic and what only training does.</content>
internal sealed partial class GraphRun
{
    public TensorHandle Visit(Conv2d op, Value value) =>
        Checked(
            Shim.Conv2d(
                In(value),
                Tensor(op.Weight),
                Tensor(op.Bias),
                op.Stride,
                op.Padding,
                op.Dilation,
                op.Groups,
                _options.Precision,
                out TensorHandle result
            ),
            result
        );

    public TensorHandle Visit(Linear op, Value value) =>
        Checked(Shim.Linear(In(value), Tensor(op.Weight), Tensor(op.Bias), _options.Precision, out TensorHandle result), result);

    public TensorHandle Visit(BatchNorm2d op, Value value)
    {
        bool ofBatch = _options.Training && !_network.HasFrozenStatistics(op.Prefix);
        bool running = !ofBatch || UpdatesStatistics;
        if (ofBatch && UpdatesStatistics)
            _network.CountBatch(op);
        TensorHandle mean = running ? Tensor(op.RunningMean) : TensorHandle.None,
            variance = running ? Tensor(op.RunningVariance) : TensorHandle.None,
            result;
        Shim.Check(
            ofBatch && _options.BatchNormGroup is { } group
                ? Shim.SyncBatchNorm(
                    group.Handle,
                    In(value),
                    Tensor(op.Weight),
                    Tensor(op.Bias),
                    mean,
                    variance,
                    op.Momentum,
                    op.Epsilon,
                    out result
                )
                : Shim.BatchNorm(
                    In(value),
                    Tensor(op.Weight),
                    Tensor(op.Bias),
                    mean,
                    variance,
                    ofBatch ? 1 : 0,
                    op.Momentum,
                    op.Epsilon,
                    out result
                )
        );
        return result;
    }

    public TensorHandle Visit(GroupNorm op, Value value) =>
        Checked(
            Shim.GroupNorm(In(value), op.Groups, Tensor(op.Weight), Tensor(op.Bias), op.Epsilon, silu: 0, low: 0, out TensorHandle result),
            result
        );

    public TensorHandle Visit(LayerNorm op, Value value) =>
        Checked(Shim.LayerNorm(In(value), Tensor(op.Weight), Tensor(op.Bias), op.Epsilon, out TensorHandle result), result);

    public TensorHandle Visit(Activation op, Value value) =>
        Checked(Shim.Activation((int)op.Function, In(value), out TensorHandle result), result);

    public TensorHandle Visit(Softmax op, Value value) => Checked(Shim.SoftmaxRows(In(value), out TensorHandle result), result);

    public TensorHandle Visit(GlobalAveragePool op, Value value) =>
        Checked(Shim.SpatialMean(In(value), op.KeepDimensions ? 1 : 0, out TensorHandle result), result);

    public TensorHandle Visit(Binary op, Value value) =>
        Checked(Shim.Binary((int)Function(op.Function), In(value), In(value, 1), out TensorHandle result), result);

    public TensorHandle Visit(ScalarMultiply op, Value value) =>
        Checked(Shim.Affine(In(value), op.Factor, 0, out TensorHandle result), result);

    public TensorHandle Visit(ChannelAffine op, Value value) =>
        Checked(Shim.ChannelAffine(In(value), Tensor(op.Scale), Tensor(op.Shift), out TensorHandle result), result);

    public TensorHandle Visit(ChannelSlice op, Value value) =>
        Checked(Shim.TensorNarrow(In(value), 1, op.Start, op.Length, out TensorHandle result), result);

    public unsafe TensorHandle Visit(ChannelConcat op, Value value)
    {
        var parts = new TensorHandle[value.Inputs.Count];
        for (int i = 0; i < parts.Length; i++)
            parts[i] = In(value, i);
        using var list = new HandleList(parts);
        return Checked(Shim.TensorConcat(list.Pointer, list.Count, 1, out TensorHandle result), result);
    }

    public TensorHandle Visit(Dropout op, Value value) =>
        Draws(op.Rate)
            ? Checked(Shim.Dropout(In(value), op.Rate, op.WholeMaps ? 1 : 0, _network.Generator.Handle, out TensorHandle result), result)
            : Same(value);

    public TensorHandle Visit(DropPath op, Value value) =>
        Draws(op.Rate)
            ? Checked(Shim.DropPath(In(value), op.Rate, _network.Generator.Handle, out TensorHandle result), result)
            : Same(value);

    private static Arithmetic Function(BinaryKind kind) =>
        kind switch
        {
            BinaryKind.Add => Arithmetic.Add,
            BinaryKind.Subtract => Arithmetic.Subtract,
            BinaryKind.Multiply => Arithmetic.Multiply,
            _ => throw new GraphException($"Unknown function {kind}."),
        };

    private bool Draws(double rate) => _options.Training && rate != 0;

    private TensorHandle Same(Value value) => Checked(Shim.TensorAlias(In(value), out TensorHandle result), result);
}
