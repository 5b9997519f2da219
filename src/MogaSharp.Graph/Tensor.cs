namespace MogaSharp.Graph;

/// <summary>
/// A dense float32 tensor in managed memory, row-major: the last dimension is contiguous, so a feature map lies as
/// (N, C, H, W). The array belongs to the tensor; callers may write through it.
/// </summary>
public sealed class Tensor
{
    /// <summary>Makes a tensor of zeros.</summary>
    /// <exception cref="OverflowException">The shape has more than 2^31 - 1 elements.</exception>
    public Tensor(Shape shape)
        : this(shape, new float[checked((int)shape.ElementCount)]) { }

    /// <summary>Wraps an array without copying it.</summary>
    /// <exception cref="ArgumentException">The array's length is not the shape's element count.</exception>
    public Tensor(Shape shape, float[] data)
    {
        if (data.LongLength != shape.ElementCount)
            throw new ArgumentException(
                $"A tensor of shape {shape} has {shape.ElementCount} elements, the array has {data.LongLength}.",
                nameof(data)
            );
        Shape = shape;
        Data = data;
    }

    /// <summary>The extents.</summary>
    public Shape Shape { get; }

    /// <summary>The elements, row-major.</summary>
    public float[] Data { get; }

    /// <summary>The elements, row-major.</summary>
    public Span<float> Span => Data;
}
