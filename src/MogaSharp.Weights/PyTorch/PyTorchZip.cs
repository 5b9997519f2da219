using System.Text;
using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>The zip layout of PyTorch files: one folder with <c>data.pkl</c> and one record per storage.</summary>
internal static class PyTorchZip
{
    public static CheckpointValue Read(FileBytes file, CheckpointLimits limits)
    {
        Dictionary<string, ByteRange> records = ZipDirectory.Read(file, limits);
        string folder = TopFolder(file, records);
        if (records.ContainsKey($"{folder}/constants.pkl") || records.Keys.Any(name => name.StartsWith($"{folder}/code/", StringComparison.Ordinal)))
            throw file.Refuse("The file is a TorchScript program, which holds code. Save the state dict of the original model instead.");
        if (!records.TryGetValue($"{folder}/data.pkl", out ByteRange? pickle)) throw file.Refuse("The zip file has no data.pkl: it is not a PyTorch checkpoint.");
        CheckByteOrder(file, records, folder);
        if (pickle.Length > limits.MaxPickleBytes) throw file.Refuse($"The pickle has {pickle.Length} bytes, at most {limits.MaxPickleBytes} are read.");

        pickle.Verify();
        var calls = new PickleCalls(file, limits);
        object? root = Unpickler.Read(file, new PickleInput(file, pickle.Start, pickle.Start + pickle.Length), calls, limits);
        foreach (PickleStorage storage in calls.Tensors.Storages.Values) storage.Bytes = Record(file, records, folder, storage);
        return new ValueBuilder(file, limits).BuildTree(root);
    }

    private static string TopFolder(FileBytes file, Dictionary<string, ByteRange> records)
    {
        string? folder = null;
        foreach (string name in records.Keys)
        {
            int slash = name.IndexOf('/', StringComparison.Ordinal);
            if (slash <= 0) throw file.Refuse($"The zip record '{name}' lies in no folder: this is not a PyTorch checkpoint.");
            folder ??= name[..slash];
            if (!name.AsSpan(0, slash).SequenceEqual(folder)) throw file.Refuse($"The zip file has two top folders, '{folder}' and '{name[..slash]}'.");
        }

        return folder ?? throw file.Refuse("The zip file is empty.");
    }

    private static void CheckByteOrder(FileBytes file, Dictionary<string, ByteRange> records, string folder)
    {
        if (!records.TryGetValue($"{folder}/byteorder", out ByteRange? record)) return;
        byte[] order = new byte[Math.Min(record.Length, 16)];
        record.Read(0, order);
        if (!order.AsSpan().SequenceEqual("little"u8))
            throw file.Refuse($"The file's byte order is '{Encoding.Latin1.GetString(order)}'; only little-endian files are read.");
    }

    private static ByteRange Record(FileBytes file, Dictionary<string, ByteRange> records, string folder, PickleStorage storage)
    {
        if (!records.TryGetValue($"{folder}/data/{storage.Key}", out ByteRange? record)) throw file.Refuse($"The zip record of storage {storage.Key} is missing.");
        // By division, as the claimed count times the size may overflow.
        int size = storage.Type.Size();
        if (record.Length % size != 0 || record.Length / size != storage.Count)
            throw file.Refuse($"Storage {storage.Key} claims {storage.Count} elements of {size} bytes, its record has {record.Length} bytes.");
        return record;
    }
}
