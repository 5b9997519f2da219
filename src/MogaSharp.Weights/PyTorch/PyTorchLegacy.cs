using System.Buffers.Binary;
using System.Numerics;
using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>
/// The layout of PyTorch files before 1.6: five pickles (magic number, protocol version, machine facts, the values, the
/// list of storage keys), then for each key its number of elements in 8 bytes and its elements.
/// </summary>
internal static class PyTorchLegacy
{
    private const int Version = 1001;

    private static readonly BigInteger Magic = BigInteger.Parse(
        "119547037146038801333356",
        System.Globalization.CultureInfo.InvariantCulture
    );

    public static CheckpointValue Read(FileBytes file, CheckpointLimits limits)
    {
        var input = new PickleInput(file, 0, Math.Min(file.Length, limits.MaxPickleBytes));
        var calls = new PickleCalls(file, limits);
        object? Next() => Unpickler.Read(file, input, calls, limits);

        if (Next() is not BigInteger magic || magic != Magic)
            throw file.Reject("The file is a pickle but not a PyTorch checkpoint: the magic number is wrong.");
        if (Next() is not (long)Version)
            throw file.Reject("The legacy PyTorch file is of a version that is not known.");
        CheckByteOrder(file, Next());
        object? root = Next();
        if (Next() is not PickleList { Items: { } keys })
            throw file.Reject("The legacy PyTorch file lacks its list of storages.");

        LocateStorages(file, calls.Tensors.Storages, keys, input.Position);
        return new ValueBuilder(file, limits).BuildTree(root);
    }

    private static void CheckByteOrder(FileBytes file, object? facts)
    {
        if (facts is not PickleDict { Items: { } items })
            throw file.Reject("The legacy PyTorch file lacks the facts about the machine that wrote it.");
        if (!items.Exists(item => item is { Key: "little_endian", Value: true }))
            throw file.Reject("The file is big-endian; only little-endian files are read.");
    }

    private static void LocateStorages(
        FileBytes file,
        IReadOnlyDictionary<string, PickleStorage> storages,
        List<object?> keys,
        long position
    )
    {
        byte[] count = new byte[8];
        foreach (object? key in keys)
        {
            if (key is not string name || !storages.TryGetValue(name, out PickleStorage? storage) || storage.Bytes is not null)
                throw file.Reject("The legacy PyTorch file's list of storages does not fit its tensors.");
            file.Read(position, count);
            position += count.Length;
            if (BinaryPrimitives.ReadInt64LittleEndian(count) != storage.Count)
                throw file.Reject($"Storage {name} has two different sizes.");
            long available = file.Length - position;
            int size = storage.Type.Size();
            if (storage.Count > available / size)
                throw file.Reject($"The file ends within storage {name}: it was cut off.");
            storage.Bytes = new ByteRange(file, position, storage.Count * size, name);
            position += storage.Count * size;
        }

        if (position != file.Length)
            throw file.Reject($"The legacy PyTorch file has {file.Length - position} bytes behind its last storage.");
    }
}
