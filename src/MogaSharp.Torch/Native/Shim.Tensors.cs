using System.Runtime.InteropServices;

namespace MogaSharp.Torch.Native;

/// <content>tensors.cpp and arithmetic.cpp.</content>
internal static unsafe partial class Shim
{
    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_free")]
    public static partial void TensorFree(nint tensor);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_create")]
    public static partial int TensorCreate(void* data, long bytes, int type, long* extents, int rank, int device, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_full")]
    public static partial int TensorFull(double value, int type, long* extents, int rank, int device, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_read")]
    public static partial int TensorRead(TensorHandle tensor, void* data, long bytes);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_describe")]
    public static partial int TensorDescribe(TensorHandle tensor, out int type, out int device, out int rank, long* extents);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_to")]
    public static partial int TensorTo(TensorHandle tensor, int type, int device, int channelsLast, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_is_channels_last")]
    public static partial int TensorIsChannelsLast(TensorHandle tensor, out int result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_clone")]
    public static partial int TensorClone(TensorHandle tensor, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_alias")]
    public static partial int TensorAlias(TensorHandle tensor, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_reshape")]
    public static partial int TensorReshape(TensorHandle tensor, long* extents, int rank, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_narrow")]
    public static partial int TensorNarrow(TensorHandle tensor, long dimension, long start, long length, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_flip")]
    public static partial int TensorFlip(TensorHandle tensor, long dimension, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_concat")]
    public static partial int TensorConcat(nint* tensors, long count, long dimension, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_index_select")]
    public static partial int TensorIndexSelect(TensorHandle tensor, TensorHandle indices, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_copy")]
    public static partial int TensorCopy(TensorHandle target, TensorHandle source);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_fill")]
    public static partial int TensorFill(TensorHandle target, double value);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_tensor_increment")]
    public static partial int Increment(TensorHandle target);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_binary")]
    public static partial int Binary(int kind, TensorHandle a, TensorHandle b, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_affine")]
    public static partial int Affine(TensorHandle x, double factor, double addend, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_reduce")]
    public static partial int Reduce(int kind, TensorHandle x, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_softmax")]
    public static partial int Softmax(TensorHandle x, long dimension, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_top_k")]
    public static partial int TopK(TensorHandle x, long k, out TensorHandle result);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_item")]
    public static partial int Item(TensorHandle x, out double value);

    [LibraryImport(TorchLibrary.Name, EntryPoint = "moga_all_finite")]
    public static partial int AllFinite(TensorHandle x, out int result);
}
