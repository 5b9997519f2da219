using System.Buffers;
using System.Runtime.InteropServices;

namespace MogaSharp.Onnx.Export;

/// <summary>Shows an array of floats as bytes, so that weights go into the file without a copy in between.</summary>
internal sealed class FloatMemory(float[] data) : MemoryManager<byte>
{
    public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(data.AsSpan());

    public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

    public override void Unpin() => throw new NotSupportedException();

    protected override void Dispose(bool disposing) { }
}
