using System.Runtime.InteropServices;

namespace MogaSharp.Torch.Native;

/// <summary>The functions of <c>native/</c>. All but the plain getters return a status, which <see cref="Check"/> turns into an
/// exception.</summary>
internal static partial class Shim
{
    /// <summary>Throws what a failed call said. On the thread of the call, before any other call.</summary>
    /// <exception cref="TorchException">libtorch refused the call.</exception>
    /// <exception cref="InsufficientMemoryException">The machine or the device has not enough memory.</exception>
    public static void Check(int status)
    {
        if (status == (int)ShimStatus.Ok)
            return;
        string message = Marshal.PtrToStringUTF8(LastError())?.Trim() ?? "";
        throw status == (int)ShimStatus.OutOfMemory
            ? new InsufficientMemoryException($"libtorch has not enough memory: {FirstLine(message)}")
            : new TorchException(message);
    }

    // The allocators add advice about Python's environment variables.
    private static string FirstLine(string message) => message.Split('\n')[0];

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_last_error")]
    private static partial nint LastError();

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_torch_version")]
    public static partial nint TorchVersion();

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_live_tensors")]
    public static partial long LiveTensors();

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_cuda_count")]
    public static partial int CudaCount(out int count);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_get_threads")]
    public static partial int GetThreads(out int count);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_set_threads")]
    public static partial int SetThreads(int count);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_set_cuda_speed")]
    public static partial int SetCudaSpeed(int allowTf32, int benchmark);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_generator_create")]
    public static partial int GeneratorCreate(int device, ulong seed, out GeneratorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_generator_shared")]
    public static partial int GeneratorShared(int device, out GeneratorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_generator_free")]
    public static partial void GeneratorFree(nint generator);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_generator_seed")]
    public static partial int GeneratorSeed(GeneratorHandle generator, ulong seed);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_generator_get_state")]
    public static partial int GeneratorGetState(GeneratorHandle generator, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_generator_set_state")]
    public static partial int GeneratorSetState(GeneratorHandle generator, TensorHandle state);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_generator_uniform")]
    public static partial int GeneratorUniform(GeneratorHandle generator, TensorHandle target);
}
