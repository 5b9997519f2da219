using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>
/// A generator of random numbers on a device. On the CPU it is PyTorch's Mersenne Twister: the same seed gives the
/// numbers that <c>torch.manual_seed</c> gives. Not for use by several threads at once.
/// </summary>
public sealed class TorchGenerator : IDisposable
{
    private TorchGenerator(GeneratorHandle handle, TorchDevice device)
    {
        Handle = handle;
        Device = device;
    }

    /// <summary>Makes a generator of its own.</summary>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    /// <exception cref="TorchException">There is no such device.</exception>
    public static TorchGenerator Create(TorchDevice device, ulong seed)
    {
        TorchLibrary.Require();
        Shim.Check(Shim.GeneratorCreate(device.Index, seed, out GeneratorHandle handle));
        return new TorchGenerator(handle, device);
    }

    /// <summary>libtorch's own generator of a device, which it uses where none is given.</summary>
    /// <inheritdoc cref="Create"/>
    public static TorchGenerator Shared(TorchDevice device)
    {
        TorchLibrary.Require();
        Shim.Check(Shim.GeneratorShared(device.Index, out GeneratorHandle handle));
        return new TorchGenerator(handle, device);
    }

    /// <summary>Where its numbers are made.</summary>
    public TorchDevice Device { get; }

    internal GeneratorHandle Handle { get; }

    /// <summary>Starts anew from a seed.</summary>
    public void Seed(ulong seed) => Shim.Check(Shim.GeneratorSeed(Handle, seed));

    /// <summary>The state as bytes, for a checkpoint; about 5 kB on the CPU, 16 bytes on CUDA.</summary>
    public byte[] GetState()
    {
        Shim.Check(Shim.GeneratorGetState(Handle, out TensorHandle handle));
        using var state = TorchTensor.OutsideScopes(handle);
        return state.ToArray<byte>();
    }

    /// <summary>Goes on from a state that <see cref="GetState"/> gave, on a device of the same kind.</summary>
    /// <exception cref="TorchException">The bytes are no such state.</exception>
    public void SetState(ReadOnlySpan<byte> state)
    {
        using var bytes = TorchTensor.OutsideScopes(TorchTensor.Create(state, new Shape(state.Length), DType.UInt8, TorchDevice.Cpu));
        Shim.Check(Shim.GeneratorSetState(Handle, bytes.Handle));
    }

    /// <summary>Fills a tensor of the generator's device with numbers from 0 up to 1.</summary>
    /// <exception cref="TorchException">The tensor is on another device or holds integers.</exception>
    public void FillUniform(TorchTensor target) => Shim.Check(Shim.GeneratorUniform(Handle, target.Handle));

    /// <summary>Frees the generator.</summary>
    public void Dispose() => Handle.Dispose();
}
