using System.Runtime.InteropServices;

namespace MogaSharp.Torch.Native;

/// <content>autograd.cpp and optimizers.cpp.</content>
internal static unsafe partial class Shim
{
    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_set_grad_enabled")]
    public static partial int SetGradEnabled(int enabled, out int before);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_set_requires_grad")]
    public static partial int SetRequiresGrad(TensorHandle tensor, int required);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_requires_grad")]
    public static partial int RequiresGrad(TensorHandle tensor, out int required);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_detach")]
    public static partial int Detach(TensorHandle tensor, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_grad")]
    public static partial int Grad(TensorHandle tensor, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_backward")]
    public static partial int Backward(nint* tensors, nint* seeds, long count, int keepGraph);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_zero_grad")]
    public static partial int ZeroGrad(nint* parameters, long count, int keepMemory);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_clip_grad_norm")]
    public static partial int ClipGradNorm(nint* parameters, long count, double limit, out double norm);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_clip_grad_value")]
    public static partial int ClipGradValue(nint* parameters, long count, double limit);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_scale_grad")]
    public static partial int ScaleGrad(nint* parameters, long count, double factor, out int finite);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_adam_step")]
    public static partial int AdamStep(
        nint* parameters,
        nint* first,
        nint* second,
        long* steps,
        long count,
        double* lr,
        double* weightDecay,
        double beta1,
        double beta2,
        double epsilon,
        int decoupled
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_lamb_step")]
    public static partial int LambStep(
        nint* parameters,
        nint* first,
        nint* second,
        long* steps,
        long count,
        double* lr,
        double* weightDecay,
        double beta1,
        double beta2,
        double epsilon,
        double maxNorm
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_sgd_step")]
    public static partial int SgdStep(
        nint* parameters,
        nint* momenta,
        long* steps,
        long count,
        double* lr,
        double* weightDecay,
        double momentum,
        double dampening,
        int nesterov
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_average")]
    public static partial int Average(nint* averages, nint* sources, long count, double decay);
}
