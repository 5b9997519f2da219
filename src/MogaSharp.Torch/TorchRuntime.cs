using System.Runtime.InteropServices;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>The loaded libtorch: what it is, what it may use, and switches that hold for the whole process.</summary>
public static class TorchRuntime
{
    /// <summary>
    /// Called once, before the shim over libtorch is looked for the first time: the place to build it, where it is to be built when it is
    /// needed. Set it before anything else of this library is used.
    /// </summary>
    public static Action? BeforeLoading { get; set; }

    /// <summary>True when libtorch can be used on this machine.</summary>
    public static bool IsAvailable => TorchLibrary.Failure.Length == 0;

    /// <summary>What keeps libtorch from being used and what to install; empty when it can be.</summary>
    public static string Unavailability => TorchLibrary.Failure;

    /// <summary>The version of the libtorch that the shim was built with, such as <c>1.13.0</c>.</summary>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    public static string Version
    {
        get
        {
            TorchLibrary.Require();
            return Marshal.PtrToStringUTF8(Shim.TorchVersion()) ?? "";
        }
    }

    /// <summary>How many CUDA devices can be used; 0 for a libtorch without CUDA.</summary>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    public static int CudaDeviceCount
    {
        get
        {
            TorchLibrary.Require();
            Shim.Check(Shim.CudaCount(out int count));
            return count;
        }
    }

    /// <summary>The file of a BLAS without any tuning that libtorch multiplies matrices with, as Debian installs it; null for every other
    /// one, and where it cannot be known. Linear layers and attention are many times slower with it than with OpenBLAS.</summary>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    public static string? UntunedBlas
    {
        get
        {
            TorchLibrary.Require();
            return OperatingSystem.IsLinux() ? LoadedLibraries.UntunedBlas(File.ReadLines("/proc/self/maps")) : null;
        }
    }

    /// <summary>
    /// Threads that one operation on the CPU uses, the caller's included. Each thread that calls has helpers of its own, so
    /// train on one thread and not on those of the pool in turn.
    /// </summary>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public static int Threads
    {
        get
        {
            TorchLibrary.Require();
            Shim.Check(Shim.GetThreads(out int count));
            return count;
        }
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            TorchLibrary.Require();
            Shim.Check(Shim.SetThreads(value));
        }
    }

    /// <summary>Native tensors that are held from C# and not yet freed; 0 when nothing leaks. Does not load libtorch.</summary>
    public static long LiveTensors => IsAvailable ? Shim.LiveTensors() : 0;

    /// <summary>Whether this thread records what gradients need.</summary>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    public static GradientSwitch NoGradient()
    {
        TorchLibrary.Require();
        return new GradientSwitch(false);
    }

    /// <summary>Trades exactness for speed on CUDA devices.</summary>
    /// <param name="allowTf32">Matrix products and convolutions of float32 may round their factors to TF32 (10 bits of mantissa).</param>
    /// <param name="benchmark">cuDNN may try its algorithms out when a shape is new; results may then differ in the last bits from run to
    /// run.</param>
    /// <exception cref="TorchUnavailableException">libtorch is not there.</exception>
    public static void SetCudaSpeed(bool allowTf32, bool benchmark)
    {
        TorchLibrary.Require();
        Shim.Check(Shim.SetCudaSpeed(allowTf32 ? 1 : 0, benchmark ? 1 : 0));
    }

    /// <summary>Puts this thread's recording of gradients back when disposed, on the same thread.</summary>
    public readonly ref struct GradientSwitch : IDisposable
    {
        private readonly int _before;

        internal GradientSwitch(bool enabled) => Shim.Check(Shim.SetGradEnabled(enabled ? 1 : 0, out _before));

        /// <summary>Back to how it was.</summary>
        public void Dispose() => Shim.Check(Shim.SetGradEnabled(_before, out _));
    }
}
