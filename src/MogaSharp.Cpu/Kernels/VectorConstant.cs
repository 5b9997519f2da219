using System.Runtime.InteropServices;

namespace MogaSharp.Cpu.Kernels;

/// <summary>One float per channel in native memory, aligned to 64 bytes and filled up with zeros to whole panels of the widest vectors.</summary>
internal sealed unsafe class VectorConstant : IDisposable
{
    /// <summary>Copies the elements.</summary>
    public VectorConstant(ReadOnlySpan<float> elements)
    {
        int length = (elements.Length + 31) / 32 * 32;
        Data = (float*)NativeMemory.AlignedAlloc((nuint)length * sizeof(float), 64);
        var all = new Span<float>(Data, length);
        elements.CopyTo(all);
        all[elements.Length..].Clear();
    }

    ~VectorConstant() => NativeMemory.AlignedFree(Data);

    /// <summary>The first element.</summary>
    public float* Data { get; private set; }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(Data);
        Data = null;
        GC.SuppressFinalize(this);
    }
}
