using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>
/// A tensor of libtorch's: float32, float64, float16, bfloat16, int64, uint8 or bool, on the CPU or a CUDA device. It
/// belongs to the <see cref="TorchScope"/> that it is made in, or to its maker, who disposes it; disposing frees this
/// reference, and the memory once autograd needs it no more. Not for use by several threads at once.
/// </summary>
public sealed unsafe partial class TorchTensor : IDisposable
{
    private const int MostDimensions = 16;

    internal TorchTensor(TensorHandle handle, TorchScope? scope)
    {
        Handle = handle;
        scope?.Add(this);
    }

    internal TensorHandle Handle { get; }

    internal TorchScope? Owner { get; set; }

    internal int OwnerSlot { get; set; }

    /// <summary>The extents.</summary>
    /// <exception cref="ObjectDisposedException">The tensor has been freed.</exception>
    public Shape Shape => Describe().Shape;

    /// <summary>The element type.</summary>
    /// <exception cref="ObjectDisposedException">The tensor has been freed.</exception>
    public DType DType => Describe().Type;

    /// <summary>Where the elements lie.</summary>
    /// <exception cref="ObjectDisposedException">The tensor has been freed.</exception>
    public TorchDevice Device => Describe().Device;

    /// <summary>Whether a feature map's channels are innermost in memory.</summary>
    public bool IsChannelsLast
    {
        get
        {
            Shim.Check(Shim.TensorIsChannelsLast(Handle, out int result));
            return result != 0;
        }
    }

    /// <summary>Copies row-major elements into a new tensor.</summary>
    /// <typeparam name="T">float, double, <see cref="Half"/>, long, byte or bool.</typeparam>
    /// <param name="data">As many elements as the shape has.</param>
    /// <param name="shape">The extents.</param>
    /// <param name="device">Where to; the CPU when not given.</param>
    /// <exception cref="ArgumentException">The lengths differ, or libtorch has no such element type.</exception>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    /// <exception cref="TorchException">There is no such device.</exception>
    public static TorchTensor From<T>(ReadOnlySpan<T> data, Shape shape, TorchDevice device = default)
        where T : unmanaged
    {
        TorchLibrary.Require();
        if (data.Length != shape.ElementCount)
            throw new ArgumentException(
                $"A tensor of shape {shape} has {shape.ElementCount} elements, the data has {data.Length}.",
                nameof(data)
            );
        return InScope(Create(MemoryMarshal.AsBytes(data), shape, TypeOf<T>(), device));
    }

    /// <summary>Copies a managed tensor.</summary>
    /// <inheritdoc cref="From{T}"/>
    public static TorchTensor From(Tensor tensor, TorchDevice device = default) => From<float>(tensor.Data, tensor.Shape, device);

    /// <summary>A tensor with the same value everywhere.</summary>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    /// <exception cref="TorchException">There is no such device.</exception>
    public static TorchTensor Full(double value, Shape shape, DType type = DType.Float32, TorchDevice device = default)
    {
        TorchLibrary.Require();
        RequireType(type);
        fixed (long* extents = shape.Extents)
        {
            Shim.Check(Shim.TensorFull(value, (int)type, extents, shape.Rank, device.Index, out TensorHandle handle));
            return InScope(handle);
        }
    }

    /// <summary>Copies the elements, row-major; waits for a device.</summary>
    /// <typeparam name="T">The tensor's element type as <see cref="From{T}"/> has it; bfloat16 has none and is converted first.</typeparam>
    /// <exception cref="ArgumentException">The type or the length differs from the tensor's.</exception>
    public void CopyTo<T>(Span<T> data)
        where T : unmanaged
    {
        (Shape shape, DType type, _) = Describe();
        if (TypeOf<T>() != type)
            throw new ArgumentException($"The tensor holds {type}, not {TypeOf<T>()}.", nameof(data));
        if (data.Length != shape.ElementCount)
            throw new ArgumentException(
                $"The tensor has {shape.ElementCount} elements, the memory has room for {data.Length}.",
                nameof(data)
            );
        fixed (T* target = data)
            Shim.Check(Shim.TensorRead(Handle, target, (long)data.Length * sizeof(T)));
    }

    /// <summary>The elements, row-major.</summary>
    /// <inheritdoc cref="CopyTo{T}"/>
    public T[] ToArray<T>()
        where T : unmanaged
    {
        var data = new T[checked((int)Shape.ElementCount)];
        CopyTo<T>(data);
        return data;
    }

    /// <summary>A managed float32 copy, row-major, converted where needed.</summary>
    public Tensor ToTensor()
    {
        using TorchTensor? converted = DType == DType.Float32 ? null : OutsideScopes(Convert(Handle, DType.Float32));
        var tensor = new Tensor(Shape);
        (converted ?? this).CopyTo<float>(tensor.Data);
        return tensor;
    }

    /// <summary>The value of a tensor with one element; waits for a device.</summary>
    /// <exception cref="TorchException">It has more elements, or none.</exception>
    public double Item()
    {
        Shim.Check(Shim.Item(Handle, out double value));
        return value;
    }

    /// <summary>Frees this reference. Twice is once.</summary>
    public void Dispose()
    {
        Owner?.Remove(this);
        Handle.Dispose();
    }

    /// <summary>Type, shape and device; "freed" for a tensor that has been disposed.</summary>
    public override string ToString()
    {
        if (Handle.IsClosed)
            return "freed";
        (Shape shape, DType type, TorchDevice device) = Describe();
        return $"{type} {shape} on {device}";
    }

    internal static TorchTensor InScope(TensorHandle handle) => new(handle, TorchScope.Current);

    internal static TorchTensor OutsideScopes(TensorHandle handle) => new(handle, null);

    internal static TensorHandle Create(ReadOnlySpan<byte> data, Shape shape, DType type, TorchDevice device)
    {
        fixed (byte* source = data)
        fixed (long* extents = shape.Extents)
        {
            Shim.Check(Shim.TensorCreate(source, data.Length, (int)type, extents, shape.Rank, device.Index, out TensorHandle handle));
            return handle;
        }
    }

    internal static TensorHandle Convert(TensorHandle handle, DType type)
    {
        Shim.Check(Shim.TensorTo(handle, (int)type, ShimNumbers.KeepDevice, ShimNumbers.KeepLayout, out TensorHandle converted));
        return converted;
    }

    internal static void RequireType(DType type)
    {
        if (type is DType.Int8 or DType.Int16 or DType.Int32 || !Enum.IsDefined(type))
            throw new ArgumentException($"Tensors of {type} are not made here.", nameof(type));
    }

    internal void FreeFromScope()
    {
        Owner = null;
        Handle.Dispose();
    }

    private static DType TypeOf<T>() =>
        typeof(T) switch
        {
            Type t when t == typeof(float) => DType.Float32,
            Type t when t == typeof(double) => DType.Float64,
            Type t when t == typeof(Half) => DType.Float16,
            Type t when t == typeof(byte) => DType.UInt8,
            Type t when t == typeof(long) => DType.Int64,
            Type t when t == typeof(bool) => DType.Bool,
            Type t => throw new ArgumentException($"libtorch tensors are not read or made as {t.Name}."),
        };

    [SkipLocalsInit]
    private (Shape Shape, DType Type, TorchDevice Device) Describe()
    {
        long* extents = stackalloc long[MostDimensions];
        Shim.Check(Shim.TensorDescribe(Handle, out int type, out int device, out int rank, extents));
        return (new Shape(new ReadOnlySpan<long>(extents, rank)), (DType)type, TorchDevice.FromIndex(device));
    }
}
