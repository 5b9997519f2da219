using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <content>Resizing, windows and grids of pixels, transposed convolutions, regions.</content>
internal sealed partial class GraphRun
{
    public TensorHandle Visit(Resize op, Value value) =>
        Checked(
            Shim.Resize(
                In(value),
                value.Inputs.Count > 1 ? In(value, 1) : TensorHandle.None,
                op.Factor,
                (int)op.Method,
                op.AlignCorners ? 1 : 0,
                out TensorHandle result
            ),
            result
        );

    public TensorHandle Visit(MaxPool2d op, Value value) =>
        Checked(Shim.MaxPool(In(value), op.Kernel, op.Stride, op.Padding, out TensorHandle result), result);

    public TensorHandle Visit(AdaptiveAveragePool2d op, Value value) =>
        Checked(Shim.AdaptiveAveragePool(In(value), op.Size, out TensorHandle result), result);

    public TensorHandle Visit(ConvTranspose2d op, Value value) =>
        Checked(
            Shim.ConvTranspose2d(
                In(value),
                Tensor(op.Weight),
                Tensor(op.Bias),
                op.Stride,
                op.Padding,
                _options.Precision,
                out TensorHandle result
            ),
            result
        );

    public unsafe TensorHandle Visit(RoiAlign op, Value value)
    {
        using var list = new HandleList([.. Enumerable.Range(0, value.Inputs.Count).Select(i => In(value, i))]);
        return Checked(Shim.RoiAlign(list.Pointer, list.Count, op.Size, op.Stride, op.FinestScale, out TensorHandle result), result);
    }
}
