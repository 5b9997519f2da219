using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <content>What can be done with tensors beside running graphs. Results belong to the current scope.</content>
public sealed unsafe partial class TorchTensor
{
    /// <summary>The element-wise sum, with broadcasting.</summary>
    /// <exception cref="TorchException">Shapes or devices do not fit.</exception>
    public static TorchTensor operator +(TorchTensor a, TorchTensor b) => Combine(Arithmetic.Add, a, b);

    /// <summary>The element-wise difference, with broadcasting.</summary>
    /// <exception cref="TorchException">Shapes or devices do not fit.</exception>
    public static TorchTensor operator -(TorchTensor a, TorchTensor b) => Combine(Arithmetic.Subtract, a, b);

    /// <summary>The element-wise product, with broadcasting.</summary>
    /// <exception cref="TorchException">Shapes or devices do not fit.</exception>
    public static TorchTensor operator *(TorchTensor a, TorchTensor b) => Combine(Arithmetic.Multiply, a, b);

    /// <summary>The element-wise quotient, with broadcasting.</summary>
    /// <exception cref="TorchException">Shapes or devices do not fit.</exception>
    public static TorchTensor operator /(TorchTensor a, TorchTensor b) => Combine(Arithmetic.Divide, a, b);

    /// <summary>Every element times a number.</summary>
    public static TorchTensor operator *(TorchTensor a, double factor) => a.Affine(factor, 0);

    /// <summary>Every element plus a number.</summary>
    public static TorchTensor operator +(TorchTensor a, double addend) => a.Affine(1, addend);

    /// <summary>x factor + addend of every element.</summary>
    public TorchTensor Affine(double factor, double addend)
    {
        Shim.Check(Shim.Affine(Handle, factor, addend, out TensorHandle result));
        return InScope(result);
    }

    /// <summary>The sum of all elements, a scalar.</summary>
    public TorchTensor Sum() => Reduced(Reduction.Sum);

    /// <summary>The mean of all elements, a scalar.</summary>
    /// <exception cref="TorchException">The elements are integers.</exception>
    public TorchTensor Mean() => Reduced(Reduction.Mean);

    /// <summary>The largest absolute value of all elements, a scalar.</summary>
    /// <exception cref="TorchException">There are no elements.</exception>
    public TorchTensor MaxAbs() => Reduced(Reduction.LargestMagnitude);

    /// <summary>Shares that add up to 1 along a dimension.</summary>
    public TorchTensor Softmax(int dimension)
    {
        Shim.Check(Shim.Softmax(Handle, dimension, out TensorHandle result));
        return InScope(result);
    }

    /// <summary>The places of the k largest elements of each row, largest first: (N, C) to int64 (N, k).</summary>
    /// <exception cref="TorchException">Rows are shorter than k.</exception>
    public TorchTensor TopK(int k)
    {
        Shim.Check(Shim.TopK(Handle, k, out TensorHandle result));
        return InScope(result);
    }

    /// <summary>Whether no element is infinite or not a number; waits for a device.</summary>
    public bool IsFinite()
    {
        Shim.Check(Shim.AllFinite(Handle, out int result));
        return result != 0;
    }

    /// <summary>
    /// The same elements with another type, device or layout; a second reference to the same memory where nothing changes.
    /// Gradients flow through.
    /// </summary>
    /// <param name="device">Where to, or null to stay.</param>
    /// <param name="type">The element type, or null to keep it.</param>
    /// <param name="channelsLast">True for channels innermost (feature maps only), false for row-major, null to keep the layout.</param>
    /// <exception cref="ArgumentException">Tensors of the type are not made here.</exception>
    /// <exception cref="TorchException">There is no such device, or the tensor is no feature map.</exception>
    public TorchTensor To(TorchDevice? device = null, DType? type = null, bool? channelsLast = null)
    {
        if (type is { } wanted)
            RequireType(wanted);
        Shim.Check(
            Shim.TensorTo(
                Handle,
                type is null ? ShimNumbers.KeepType : (int)type,
                device?.Index ?? ShimNumbers.KeepDevice,
                channelsLast is null ? ShimNumbers.KeepLayout
                    : channelsLast.Value ? 1
                    : 0,
                out TensorHandle result
            )
        );
        return InScope(result);
    }

    /// <summary>A copy with memory of its own; gradients flow through.</summary>
    public TorchTensor Clone()
    {
        Shim.Check(Shim.TensorClone(Handle, out TensorHandle result));
        return InScope(result);
    }

    /// <summary>The same memory without its history: no gradient flows through.</summary>
    public TorchTensor Detach()
    {
        Shim.Check(Shim.Detach(Handle, out TensorHandle result));
        return InScope(result);
    }

    /// <summary>The same elements, row-major, under other extents.</summary>
    /// <exception cref="TorchException">The number of elements differs.</exception>
    public TorchTensor Reshape(Shape shape)
    {
        fixed (long* extents = shape.Extents)
        {
            Shim.Check(Shim.TensorReshape(Handle, extents, shape.Rank, out TensorHandle result));
            return InScope(result);
        }
    }

    /// <summary>A range of one dimension; a view, so <see cref="CopyFrom"/> writes through it.</summary>
    /// <exception cref="TorchException">The range does not lie in the tensor.</exception>
    public TorchTensor Narrow(int dimension, long start, long length)
    {
        Shim.Check(Shim.TensorNarrow(Handle, dimension, start, length, out TensorHandle result));
        return InScope(result);
    }

    /// <summary>A copy with one dimension the other way round.</summary>
    public TorchTensor Flip(int dimension)
    {
        Shim.Check(Shim.TensorFlip(Handle, dimension, out TensorHandle result));
        return InScope(result);
    }

    /// <summary>Rows of the first dimension in a given order; numbers may repeat.</summary>
    /// <param name="indices">int64 (M).</param>
    /// <exception cref="TorchException">A number is out of range.</exception>
    public TorchTensor Select(TorchTensor indices)
    {
        Shim.Check(Shim.TensorIndexSelect(Handle, indices.Handle, out TensorHandle result));
        return InScope(result);
    }

    /// <summary>Tensors one after the other along a dimension.</summary>
    /// <exception cref="TorchException">The other dimensions differ, or there are none.</exception>
    public static TorchTensor Concat(IEnumerable<TorchTensor> parts, int dimension = 0)
    {
        TorchLibrary.Require();
        using var list = new HandleList([.. parts.Select(part => part.Handle)]);
        Shim.Check(Shim.TensorConcat(list.Pointer, list.Count, dimension, out TensorHandle result));
        return InScope(result);
    }

    /// <summary>Overwrites the elements, converted and broadcast; autograd does not see it.</summary>
    /// <exception cref="TorchException">The shapes do not fit.</exception>
    public void CopyFrom(TorchTensor source) => Shim.Check(Shim.TensorCopy(Handle, source.Handle));

    /// <summary>Overwrites every element; autograd does not see it.</summary>
    public void Fill(double value) => Shim.Check(Shim.TensorFill(Handle, value));

    /// <summary>Whether gradients with respect to this tensor are wanted. Can be set on leaves: tensors that no recorded operation
    /// made.</summary>
    /// <exception cref="TorchException">The tensor is no leaf, or holds integers.</exception>
    public bool RequiresGradient
    {
        get
        {
            Shim.Check(Shim.RequiresGrad(Handle, out int required));
            return required != 0;
        }
        set => Shim.Check(Shim.SetRequiresGrad(Handle, value ? 1 : 0));
    }

    /// <summary>The gradient of a leaf, as one more tensor of the current scope; null where there is none yet.</summary>
    public TorchTensor? Gradient()
    {
        Shim.Check(Shim.Grad(Handle, out TensorHandle result));
        return result.IsInvalid ? null : InScope(result);
    }

    /// <summary>Adds the gradients of this tensor with respect to all leaves into those leaves.</summary>
    /// <param name="seed">What to start from, of this tensor's shape; may be left out for a scalar, where it is 1.</param>
    /// <param name="keepGraph">Keep what another backward pass would need.</param>
    /// <exception cref="TorchException">Nothing requires gradients, the graph is gone, or the seed does not fit.</exception>
    public void Backward(TorchTensor? seed = null, bool keepGraph = false) =>
        Backward([Handle], [seed?.Handle ?? TensorHandle.None], keepGraph);

    internal static void Backward(TensorHandle[] tensors, TensorHandle[] seeds, bool keepGraph = false)
    {
        using var roots = new HandleList(tensors);
        using var gradients = new HandleList(seeds);
        Shim.Check(Shim.Backward(roots.Pointer, gradients.Pointer, roots.Count, keepGraph ? 1 : 0));
    }

    private static TorchTensor Combine(Arithmetic function, TorchTensor a, TorchTensor b)
    {
        Shim.Check(Shim.Binary((int)function, a.Handle, b.Handle, out TensorHandle result));
        return InScope(result);
    }

    private TorchTensor Reduced(Reduction function)
    {
        Shim.Check(Shim.Reduce((int)function, Handle, out TensorHandle result));
        return InScope(result);
    }
}
