using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <content>Attention and windows. Where an op has a map as second input, the shim reads its rows and columns.</content>
internal sealed partial class GraphRun
{
    public TensorHandle Visit(QueryKeyProduct op, Value value) =>
        Checked(Shim.QueryKeyProduct(In(value), In(value, 1), op.Heads, op.Scale, _options.Precision, out TensorHandle result), result);

    public TensorHandle Visit(AttentionOutput op, Value value) =>
        Checked(Shim.AttentionOutput(In(value), In(value, 1), op.Heads, _options.Precision, out TensorHandle result), result);

    public TensorHandle Visit(RelativePositionBias op, Value value) =>
        Checked(Shim.RelativePositionBias(In(value), Tensor(op.Table), op.Window, out TensorHandle result), result);

    public TensorHandle Visit(WindowPartition op, Value value) =>
        Checked(Shim.WindowPartition(In(value), op.Window, op.Shift, out TensorHandle result), result);

    public TensorHandle Visit(WindowMerge op, Value value) =>
        Checked(Shim.WindowMerge(In(value), In(value, 1), op.Window, op.Shift, out TensorHandle result), result);

    public TensorHandle Visit(WindowMask op, Value value) =>
        Checked(Shim.WindowMask(In(value), In(value, 1), op.Window, op.Shift, WindowMask.Masked, out TensorHandle result), result);

    public TensorHandle Visit(TokensToChannels op, Value value) =>
        Checked(Shim.TokensToChannels(In(value), out TensorHandle result), result);

    public TensorHandle Visit(ChannelsToTokens op, Value value) =>
        Checked(Shim.ChannelsToTokens(In(value), In(value, 1), out TensorHandle result), result);
}
