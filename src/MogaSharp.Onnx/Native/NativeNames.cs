using System.Runtime.InteropServices;

namespace MogaSharp.Onnx.Native;

/// <summary>Strings as a C array of zero-terminated UTF-8.</summary>
internal sealed unsafe class NativeNames : IDisposable
{
    private readonly int _count;

    public NativeNames(string[] names)
    {
        _count = names.Length;
        Pointer = (byte**)NativeMemory.Alloc((nuint)names.Length, (nuint)sizeof(byte*));
        for (int i = 0; i < names.Length; i++) Pointer[i] = (byte*)Marshal.StringToCoTaskMemUTF8(names[i]);
    }

    public byte** Pointer { get; private set; }

    public void Dispose()
    {
        if (Pointer is null) return;
        for (int i = 0; i < _count; i++) Marshal.FreeCoTaskMem((nint)Pointer[i]);
        NativeMemory.Free(Pointer);
        Pointer = null;
    }
}
