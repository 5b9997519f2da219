using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <content>Pooling, permutations of pixels, channels and frames, circular convolutions and Fourier transforms.</content>
internal sealed partial class GraphRun
{
    public TensorHandle Visit(AveragePool2d op, Value value) =>
        Checked(Shim.AveragePool(In(value), op.Kernel, out TensorHandle result), result);

    public TensorHandle Visit(PixelShuffle op, Value value) =>
        Checked(Shim.PixelShuffle(In(value), op.Factor, out TensorHandle result), result);

    public TensorHandle Visit(PatchMerge op, Value value) => Checked(Shim.PatchMerge(In(value), out TensorHandle result), result);

    public TensorHandle Visit(ChannelShuffle op, Value value) =>
        Checked(Shim.ChannelShuffle(In(value), op.Groups, out TensorHandle result), result);

    public TensorHandle Visit(CircularConv op, Value value) =>
        Checked(
            Shim.CircularConv(In(value), Tensor(op.Weight), Tensor(op.Bias), (int)op.Axis, _options.Precision, out TensorHandle result),
            result
        );

    public TensorHandle Visit(PositionEmbedding op, Value value) =>
        Checked(Shim.PositionEmbedding(In(value), Tensor(op.Embedding), (int)op.Axis, out TensorHandle result), result);

    public TensorHandle Visit(RealFft2d op, Value value) => Checked(Shim.RealFft(In(value), out TensorHandle result), result);

    public TensorHandle Visit(InverseRealFft2d op, Value value) =>
        Checked(Shim.InverseRealFft(In(value), In(value, 1), out TensorHandle result), result);

    public TensorHandle Visit(SpectralFilter op, Value value) =>
        Checked(Shim.SpectralFilter(In(value), Tensor(op.Weight), out TensorHandle result), result);

    public TensorHandle Visit(ClipToFrames op, Value value) =>
        Checked(Shim.ClipToFrames(In(value), _network.IsChannelsLast ? 1 : 0, out TensorHandle result), result);

    public TensorHandle Visit(FramesToClip op, Value value) =>
        Checked(Shim.FramesToClip(In(value), op.Frames, out TensorHandle result), result);

    public TensorHandle Visit(FramesToChannels op, Value value) =>
        Checked(Shim.FramesToChannels(In(value), op.Frames, out TensorHandle result), result);

    public TensorHandle Visit(ChannelsToFrames op, Value value) =>
        Checked(Shim.ChannelsToFrames(In(value), op.Frames, out TensorHandle result), result);

    public TensorHandle Visit(Flatten op, Value value) => Checked(Shim.Flatten(In(value), out TensorHandle result), result);
}
