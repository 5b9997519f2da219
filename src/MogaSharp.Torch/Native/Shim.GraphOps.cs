using System.Runtime.InteropServices;

namespace MogaSharp.Torch.Native;

/// <content>token_ops.cpp, spatial_ops.cpp and resampling_ops.cpp.</content>
internal static partial class Shim
{
    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_layer_norm")]
    public static partial int LayerNorm(TensorHandle x, TensorHandle weight, TensorHandle bias, double epsilon, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_softmax_rows")]
    public static partial int SoftmaxRows(TensorHandle x, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_query_key_product")]
    public static partial int QueryKeyProduct(
        TensorHandle query,
        TensorHandle key,
        long heads,
        double scale,
        int precision,
        out TensorHandle result
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_attention_output")]
    public static partial int AttentionOutput(
        TensorHandle probabilities,
        TensorHandle value,
        long heads,
        int precision,
        out TensorHandle result
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_relative_position_bias")]
    public static partial int RelativePositionBias(TensorHandle scores, TensorHandle table, long window, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_window_partition")]
    public static partial int WindowPartition(TensorHandle x, long window, long shift, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_window_merge")]
    public static partial int WindowMerge(TensorHandle windows, TensorHandle map, long window, long shift, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_window_mask")]
    public static partial int WindowMask(
        TensorHandle scores,
        TensorHandle map,
        long window,
        long shift,
        double masked,
        out TensorHandle result
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tokens_to_channels")]
    public static partial int TokensToChannels(TensorHandle x, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_channels_to_tokens")]
    public static partial int ChannelsToTokens(TensorHandle x, TensorHandle map, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_average_pool")]
    public static partial int AveragePool(TensorHandle x, long kernel, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_pixel_shuffle")]
    public static partial int PixelShuffle(TensorHandle x, long factor, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_patch_merge")]
    public static partial int PatchMerge(TensorHandle x, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_channel_shuffle")]
    public static partial int ChannelShuffle(TensorHandle x, long groups, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_circular_conv")]
    public static partial int CircularConv(
        TensorHandle x,
        TensorHandle weight,
        TensorHandle bias,
        int axis,
        int precision,
        out TensorHandle result
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_position_embedding")]
    public static partial int PositionEmbedding(TensorHandle x, TensorHandle embedding, int axis, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_real_fft")]
    public static partial int RealFft(TensorHandle x, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_inverse_real_fft")]
    public static partial int InverseRealFft(TensorHandle x, TensorHandle map, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_spectral_filter")]
    public static partial int SpectralFilter(TensorHandle x, TensorHandle filter, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_clip_to_frames")]
    public static partial int ClipToFrames(TensorHandle x, int channelsLast, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_frames_to_clip")]
    public static partial int FramesToClip(TensorHandle x, long frames, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_frames_to_channels")]
    public static partial int FramesToChannels(TensorHandle x, long frames, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_channels_to_frames")]
    public static partial int ChannelsToFrames(TensorHandle x, long frames, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_resize")]
    public static partial int Resize(TensorHandle x, TensorHandle like, long factor, int method, int alignCorners, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_max_pool")]
    public static partial int MaxPool(TensorHandle x, long kernel, long stride, long padding, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_adaptive_average_pool")]
    public static partial int AdaptiveAveragePool(TensorHandle x, long size, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_conv_transpose2d")]
    public static partial int ConvTranspose2d(
        TensorHandle x,
        TensorHandle weight,
        TensorHandle bias,
        long stride,
        long padding,
        int precision,
        out TensorHandle result
    );

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_roi_align")]
    public static unsafe partial int RoiAlign(
        nint* inputs,
        long count,
        long size,
        long stride,
        double finestScale,
        out TensorHandle result
    );
}
