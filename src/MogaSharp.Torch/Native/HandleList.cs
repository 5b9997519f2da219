using System.Runtime.InteropServices;

namespace MogaSharp.Torch.Native;

/// <summary>Tensors as a C array for one call; their owners cannot free them until it is over.</summary>
internal unsafe ref struct HandleList : IDisposable
{
    private readonly TensorHandle[] _handles;
    private readonly int _held;

    /// <exception cref="ObjectDisposedException">A tensor has been freed.</exception>
    public HandleList(TensorHandle[] handles)
    {
        _handles = handles;
        Pointer = (nint*)NativeMemory.Alloc((nuint)Math.Max(1, handles.Length), (nuint)sizeof(nint));
        try
        {
            foreach (TensorHandle handle in handles)
            {
                bool added = false;
                handle.DangerousAddRef(ref added);
                Pointer[_held++] = handle.DangerousGetHandle();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public nint* Pointer { get; private set; }

    public readonly int Count => _handles.Length;

    public void Dispose()
    {
        if (Pointer is null)
            return;
        for (int i = 0; i < _held; i++)
            _handles[i].DangerousRelease();
        NativeMemory.Free(Pointer);
        Pointer = null;
    }
}
