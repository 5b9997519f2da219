using System.Runtime.InteropServices;
using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>A tensor over an array of elements that belongs to the caller.</summary>
internal sealed class MemoryTensor<T>(string name, DType type, Shape shape, T[] elements) : TensorEntry(name, type, shape)
    where T : unmanaged
{
    internal override void Verify() { }

    private protected override void Read(Span<byte> destination) => MemoryMarshal.AsBytes<T>(elements).CopyTo(destination);
}
