using Microsoft.Win32.SafeHandles;

namespace MogaSharp.Torch.Native;

/// <summary>Owns a native tensor; the memory itself goes when its last owner does, which may be autograd.</summary>
internal sealed class TensorHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>No tensor, where one may be left out.</summary>
    public static readonly TensorHandle None = new();

    public TensorHandle()
        : base(ownsHandle: true) { }

    public TensorHandle(nint handle)
        : this() => SetHandle(handle);

    protected override bool ReleaseHandle()
    {
        Shim.TensorFree(handle);
        return true;
    }
}

/// <summary>Owns a native generator of random numbers.</summary>
internal sealed class GeneratorHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public GeneratorHandle()
        : base(ownsHandle: true) { }

    protected override bool ReleaseHandle()
    {
        Shim.GeneratorFree(handle);
        return true;
    }
}
