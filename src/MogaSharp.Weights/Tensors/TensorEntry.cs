using System.Runtime.InteropServices;
using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>
/// A named tensor of a checkpoint, or one to be written to one. Its elements are read when asked for, not before; an
/// entry of a file stays readable until its <see cref="Checkpoint"/> is disposed.
/// </summary>
public abstract class TensorEntry
{
    private protected TensorEntry(string name, DType type, Shape shape)
    {
        Name = name;
        DType = type;
        Shape = shape;
        ByteCount = checked((int)(shape.ElementCount * type.Size()));
    }

    /// <summary>The name; in a checkpoint the keys of all dictionaries that lead to it, joined by "/".</summary>
    public string Name { get; }

    /// <summary>The element type as stored.</summary>
    public DType DType { get; }

    /// <summary>The extents.</summary>
    public Shape Shape { get; }

    /// <summary>Bytes of all elements.</summary>
    public int ByteCount { get; }

    /// <summary>Reads all elements: little-endian, row-major, without gaps.</summary>
    /// <param name="destination">Exactly <see cref="ByteCount"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="CheckpointFormatException">The file is damaged.</exception>
    /// <exception cref="ObjectDisposedException">The checkpoint has been disposed.</exception>
    public void ReadBytes(Span<byte> destination)
    {
        if (destination.Length != ByteCount)
            throw new ArgumentException(
                $"Tensor '{Name}' has {ByteCount} bytes, the destination {destination.Length}.",
                nameof(destination)
            );
        if (ByteCount > 0)
            Read(destination);
    }

    /// <summary>Reads all elements as in <see cref="ReadBytes"/>, into a new array.</summary>
    /// <exception cref="CheckpointFormatException">The file is damaged.</exception>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[ByteCount];
        ReadBytes(bytes);
        return bytes;
    }

    /// <summary>Reads all elements and converts them to float32, to nearest with ties to even.</summary>
    /// <exception cref="CheckpointFormatException">The file is damaged.</exception>
    public Tensor ToTensor()
    {
        var tensor = new Tensor(Shape);
        if (DType == DType.Float32)
            ReadBytes(MemoryMarshal.AsBytes(tensor.Span));
        else
            Conversion.ToFloat32(DType, ToBytes(), tensor.Span);
        return tensor;
    }

    /// <summary>Reads all elements of an integer or bool tensor (true is 1), row-major.</summary>
    /// <exception cref="InvalidOperationException">The elements are floating-point numbers.</exception>
    /// <exception cref="CheckpointFormatException">The file is damaged.</exception>
    public long[] ToInt64()
    {
        if (DType.IsFloatingPoint())
            throw new InvalidOperationException($"Tensor '{Name}' holds {DType} elements, not integers.");
        long[] values = new long[Shape.ElementCount];
        Conversion.ToInt64(DType, ToBytes(), values);
        return values;
    }

    /// <summary>Reads all elements of a float64 tensor.</summary>
    internal double[] ToDoubles() => MemoryMarshal.Cast<byte, double>(ToBytes()).ToArray();

    /// <summary>The same tensor under another name.</summary>
    public virtual TensorEntry WithName(string name) => name == Name ? this : new DerivedTensor(this, name, DType, Shape);

    /// <summary>The same elements in another shape of as many.</summary>
    internal TensorEntry WithShape(Shape shape) => new DerivedTensor(this, Name, DType, shape);

    /// <summary>
    /// The same tensor with its floating-point elements in another floating-point type, converted when read: through
    /// float32, to nearest with ties to even. Integer and bool tensors stay as they are. Finite values that the type cannot hold would
    /// become infinite: <see cref="CheckpointWriter"/> refuses to write them.
    /// </summary>
    /// <param name="type">A floating-point type.</param>
    /// <exception cref="ArgumentException">The type is not a floating-point type.</exception>
    public TensorEntry ConvertTo(DType type)
    {
        if (!type.IsFloatingPoint())
            throw new ArgumentException($"Weights are converted to floating-point types only, not to {type}.", nameof(type));
        return type == DType || !DType.IsFloatingPoint()
            ? this
            : new DerivedTensor(this, Name, type, Shape) { Losses = new ConversionLosses() };
    }

    /// <summary>An entry that holds a tensor's elements as float32; the array is shared, not copied.</summary>
    public static TensorEntry FromTensor(string name, Tensor tensor) =>
        new MemoryTensor<float>(name, DType.Float32, tensor.Shape, tensor.Data);

    /// <summary>An entry over elements in memory: little-endian, row-major; the array is shared, not copied.</summary>
    /// <exception cref="ArgumentException">The array's length does not fit the type and shape.</exception>
    public static TensorEntry FromBytes(string name, DType type, Shape shape, byte[] bytes)
    {
        if (bytes.LongLength != shape.ElementCount * type.Size())
            throw new ArgumentException($"A {type} tensor of shape {shape} does not have {bytes.LongLength} bytes.", nameof(bytes));
        return new MemoryTensor<byte>(name, type, shape, bytes);
    }

    /// <summary>An int64 entry; the elements are copied.</summary>
    /// <exception cref="ArgumentException">The number of elements does not fit the shape.</exception>
    public static TensorEntry FromInt64(string name, Shape shape, ReadOnlySpan<long> values) =>
        FromBytes(name, DType.Int64, shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>Name, type and shape.</summary>
    public override string ToString() => $"{Name}: {DType} {Shape}";

    /// <summary>What reading the elements lost, when they are converted; null when they are not.</summary>
    internal virtual ConversionLosses? Losses { get; init; }

    /// <summary>Reads the data once if it has a checksum, and checks it.</summary>
    internal abstract void Verify();

    /// <summary>Fills a destination of exactly <see cref="ByteCount"/> bytes, which is not 0.</summary>
    private protected abstract void Read(Span<byte> destination);

    private sealed class DerivedTensor(TensorEntry source, string name, DType type, Shape shape) : TensorEntry(name, type, shape)
    {
        internal override ConversionLosses? Losses
        {
            get => field ?? source.Losses;
            init;
        }

        // A name is only a name: one more does not wrap the tensor again.
        public override TensorEntry WithName(string name) =>
            name == Name ? this : new DerivedTensor(source, name, DType, Shape) { Losses = Losses };

        internal override void Verify() => source.Verify();

        private protected override void Read(Span<byte> destination)
        {
            if (DType == source.DType)
                source.Read(destination);
            else
                Convert(destination);
        }

        private void Convert(Span<byte> destination)
        {
            byte[] bytes = source.ToBytes();
            float[] values = new float[Shape.ElementCount];
            Conversion.ToFloat32(source.DType, bytes, values);
            Conversion.FromFloat32(values, DType, destination);
            Losses?.Compare(source.DType, bytes, DType, destination);
        }
    }
}
