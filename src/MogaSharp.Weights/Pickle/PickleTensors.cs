using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>The storages that a pickle names, and the tensors that it builds on them, each checked to lie within its storage.</summary>
internal sealed class PickleTensors(FileBytes file)
{
    // As many dimensions as PyTorch allows.
    private const int MaxRank = 64;
    private const int MaxKeyLength = 20;

    private readonly Dictionary<string, PickleStorage> _storages = new(StringComparer.Ordinal);

    /// <summary>The storages named so far, by key.</summary>
    public IReadOnlyDictionary<string, PickleStorage> Storages => _storages;

    /// <summary>The storage of a persistent id: ("storage", class, key, device, elements), in old files with a sixth part that is
    /// None.</summary>
    public PickleStorage Storage(object? id)
    {
        if (id is not PickleTuple { Items: ["storage", PickleGlobal type, string key, string, long count, ..] parts })
            throw file.Reject("The pickle has a persistent id that does not describe a storage.");
        if (parts is not ([_, _, _, _, _] or [_, _, _, _, _, null]))
            throw file.Reject("The pickle has a view of a storage, as only PyTorch before 0.4 wrote.");
        if (key.Length is 0 or > MaxKeyLength || !key.All(char.IsAsciiDigit))
            throw file.Reject($"The storage key '{key}' is not a number.");
        DType element = ElementType(type);
        if (count < 0)
            throw file.Reject($"Storage {key} claims {count} elements.");
        if (!_storages.TryGetValue(key, out PickleStorage? storage))
            _storages.Add(key, storage = new PickleStorage(key, element, count));
        if (storage.Type != element || storage.Count != count)
            throw file.Reject($"Storage {key} is described in two ways.");
        return storage;
    }

    /// <summary>A tensor from (storage, offset, size, stride, ...), all in elements.</summary>
    public PickleTensor Rebuild(object?[] arguments)
    {
        if (arguments is not [PickleStorage storage, long offset, PickleTuple size, PickleTuple stride, ..])
            throw file.Reject("The pickle is damaged: a tensor is not made from a storage, an offset, a size and a stride.");
        if (size.Items.Length != stride.Items.Length || size.Items.Length > MaxRank)
            throw file.Reject($"A tensor has a size of {size.Items.Length} and a stride of {stride.Items.Length} dimensions.");
        var tensor = new PickleTensor(storage, offset, Numbers(size), Numbers(stride));
        try
        {
            CheckBounds(tensor);
        }
        catch (OverflowException)
        {
            throw file.Reject("The size, stride or offset of a tensor overflows 64 bits.");
        }

        return tensor;
    }

    private void CheckBounds(PickleTensor tensor)
    {
        long count = 1;
        long last = tensor.Offset;
        for (int d = 0; d < tensor.Extents.Length; d++)
        {
            if (tensor.Extents[d] < 0 || tensor.Strides[d] < 0)
                throw file.Reject("A tensor has a negative size or stride.");
            count = checked(count * tensor.Extents[d]);
            last = checked(last + ((tensor.Extents[d] - 1) * tensor.Strides[d]));
        }

        if (tensor.Offset < 0)
            throw file.Reject("A tensor has a negative storage offset.");
        if (count == 0)
            return;
        if (last >= tensor.Storage.Count)
            throw file.Reject($"A tensor reaches element {last} of storage {tensor.Storage.Key}, which has {tensor.Storage.Count}.");
        if (checked(count * tensor.Storage.Type.Size()) > Array.MaxLength)
            throw file.Reject($"A tensor of {count} elements is larger than 2 GiB.");
    }

    private long[] Numbers(PickleTuple tuple) =>
        Array.ConvertAll(
            tuple.Items,
            item => item as long? ?? throw file.Reject("The pickle is damaged: a size or stride is not an integer.")
        );

    private DType ElementType(PickleGlobal type) =>
        type.FullName switch
        {
            "torch.FloatStorage" or "torch.cuda.FloatStorage" => DType.Float32,
            "torch.DoubleStorage" or "torch.cuda.DoubleStorage" => DType.Float64,
            "torch.HalfStorage" or "torch.cuda.HalfStorage" => DType.Float16,
            "torch.BFloat16Storage" or "torch.cuda.BFloat16Storage" => DType.BFloat16,
            "torch.ByteStorage" or "torch.cuda.ByteStorage" => DType.UInt8,
            "torch.CharStorage" or "torch.cuda.CharStorage" => DType.Int8,
            "torch.ShortStorage" or "torch.cuda.ShortStorage" => DType.Int16,
            "torch.IntStorage" or "torch.cuda.IntStorage" => DType.Int32,
            "torch.LongStorage" or "torch.cuda.LongStorage" => DType.Int64,
            "torch.BoolStorage" or "torch.cuda.BoolStorage" => DType.Bool,
            string name => throw file.Reject($"The storage class {name} is not supported."),
        };
}
