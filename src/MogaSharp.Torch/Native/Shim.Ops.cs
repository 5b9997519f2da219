using System.Runtime.InteropServices;

namespace MogaSharp.Torch.Native;

/// <content>ops.cpp and losses.cpp.</content>
internal static unsafe partial class Shim
{
    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_conv2d")]
    public static partial int Conv2d(
        TensorHandle x,
        TensorHandle weight,
        TensorHandle bias,
        long stride,
        long padding,
        long dilation,
        long groups,
        int precision,
        out TensorHandle result
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_decompose")]
    public static partial int Decompose(
        TensorHandle h,
        TensorHandle weight,
        TensorHandle bias,
        TensorHandle scale,
        int precision,
        out TensorHandle result
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_decompose_image")]
    public static partial int DecomposeImage(TensorHandle y, TensorHandle scale, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_gate")]
    public static partial int Gate(TensorHandle a, TensorHandle b, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_add_branch")]
    public static partial int AddBranch(
        TensorHandle x,
        TensorHandle y,
        TensorHandle scale,
        double rate,
        GeneratorHandle generator,
        out TensorHandle result
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_linear")]
    public static partial int Linear(TensorHandle x, TensorHandle weight, TensorHandle bias, int precision, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_batch_norm")]
    public static partial int BatchNorm(
        TensorHandle x,
        TensorHandle weight,
        TensorHandle bias,
        TensorHandle mean,
        TensorHandle variance,
        int training,
        double momentum,
        double epsilon,
        out TensorHandle result
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_group_norm")]
    public static partial int GroupNorm(
        TensorHandle x,
        long groups,
        TensorHandle weight,
        TensorHandle bias,
        double epsilon,
        int silu,
        int low,
        out TensorHandle result
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_kernels_limit")]
    public static partial int KernelsLimit(int set);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_activation")]
    public static partial int Activation(int kind, TensorHandle x, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_spatial_mean")]
    public static partial int SpatialMean(TensorHandle x, int keepDimensions, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_channel_affine")]
    public static partial int ChannelAffine(TensorHandle x, TensorHandle scale, TensorHandle shift, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_dropout")]
    public static partial int Dropout(TensorHandle x, double rate, int wholeMaps, GeneratorHandle generator, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_drop_path")]
    public static partial int DropPath(TensorHandle x, double rate, GeneratorHandle generator, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_cross_entropy")]
    public static partial int CrossEntropy(TensorHandle logits, TensorHandle targets, double smoothing, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_pixel_cross_entropy")]
    public static partial int PixelCrossEntropy(TensorHandle logits, TensorHandle targets, long ignored, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_soft_cross_entropy")]
    public static partial int SoftCrossEntropy(TensorHandle logits, TensorHandle targets, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_binary_cross_entropy")]
    public static partial int BinaryCrossEntropy(
        TensorHandle logits,
        TensorHandle targets,
        double smoothing,
        double threshold,
        out TensorHandle result
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_mean_squared_error")]
    public static partial int MeanSquaredError(TensorHandle x, TensorHandle target, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_smooth_l1")]
    public static partial int SmoothL1(TensorHandle x, TensorHandle target, double beta, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_focal")]
    public static partial int Focal(TensorHandle logits, TensorHandle labels, double alpha, double gamma, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_generalized_iou")]
    public static partial int GeneralizedIoU(
        TensorHandle deltas,
        TensorHandle boxes,
        TensorHandle truths,
        double* deviations,
        double growth,
        out TensorHandle result
    );
}
