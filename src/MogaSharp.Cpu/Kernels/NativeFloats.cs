using System.Runtime.InteropServices;

namespace MogaSharp.Cpu.Kernels;

/// <summary>Floats in native memory, aligned to 64 bytes, that belong to the object: weights in a form that kernels read.</summary>
internal abstract unsafe class NativeFloats : IDisposable
{
    /// <summary>Takes the memory; what stands there is undefined.</summary>
    /// <param name="floats">How many, at least 1.</param>
    private protected NativeFloats(long floats)
    {
        Bytes = floats * sizeof(float);
        Data = (float*)NativeMemory.AlignedAlloc((nuint)Bytes, 64);
    }

    ~NativeFloats() => NativeMemory.AlignedFree(Data);

    /// <summary>Bytes of memory.</summary>
    public long Bytes { get; }

    /// <summary>The first float; null once disposed.</summary>
    public float* Data { get; private set; }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(Data);
        Data = null;
        GC.SuppressFinalize(this);
    }
}
