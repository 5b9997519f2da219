using System.Text;
using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>
/// The zip layout of PyTorch files: one folder with <c>data.pkl</c> and one record per storage. A file that was packed again may have the
/// folder within another, or none, and what file managers leave.
/// </summary>
internal static class PyTorchZip
{
    private const string Pickle = "data.pkl";

    public static CheckpointValue Read(FileBytes file, CheckpointLimits limits)
    {
        Dictionary<string, ByteRange> records = ZipDirectory.Read(file, limits);
        ForeignZip.Reject(file, records);
        string folder = Folder(file, records);
        ByteRange pickle = records[folder + Pickle];
        CheckByteOrder(file, records, folder);
        if (pickle.Length > limits.MaxPickleBytes)
            throw file.Reject($"The pickle has {pickle.Length} bytes, at most {limits.MaxPickleBytes} are read.");

        var calls = new PickleCalls(file, limits);
        object? root = Unpickler.Read(file, pickle.Open(), calls, limits);
        foreach (PickleStorage storage in calls.Tensors.Storages.Values)
            storage.Bytes = Record(file, records, folder, storage);
        return new ValueBuilder(file, limits).BuildTree(root);
    }

    /// <summary>The folder of the one pickle, with a slash at its end; empty when the pickle lies in none.</summary>
    private static string Folder(FileBytes file, Dictionary<string, ByteRange> records)
    {
        string[] kept = [.. records.Keys.Where(name => !ForeignZip.IsLitter(name))];
        if (kept.Length == 0)
            throw file.Reject("The zip file is empty.");
        string[] folders =
        [
            .. kept.Where(name => name == Pickle || name.EndsWith("/" + Pickle, StringComparison.Ordinal))
                .Select(name => name[..^Pickle.Length]),
        ];
        if (folders.Length > 1)
            throw file.Reject($"The zip file has two top folders, '{folders[0].TrimEnd('/')}' and '{folders[1].TrimEnd('/')}'.");
        if (folders.Length == 0)
            throw file.Reject($"The zip file has no data.pkl: it is not a PyTorch checkpoint. It holds {Text.Sample(kept, 3)}.");
        string folder = folders[0];
        if (folder == "/")
            throw file.Reject("The zip record '/data.pkl' lies in no folder: this is not a PyTorch checkpoint.");
        string? other = Array.Find(
            kept,
            name => !name.StartsWith(folder, StringComparison.Ordinal) && !folder.StartsWith(name, StringComparison.Ordinal)
        );
        return other is null
            ? folder
            : throw file.Reject($"The zip file has two top folders, '{folder.TrimEnd('/')}' and that of '{Text.Clip(other)}'.");
    }

    private static void CheckByteOrder(FileBytes file, Dictionary<string, ByteRange> records, string folder)
    {
        if (!records.TryGetValue($"{folder}byteorder", out ByteRange? record))
            return;
        byte[] order = new byte[Math.Min(record.Length, 16)];
        record.Read(0, order);
        if (!order.AsSpan().SequenceEqual("little"u8))
            throw file.Reject($"The file's byte order is '{Encoding.Latin1.GetString(order)}'; only little-endian files are read.");
    }

    private static ByteRange Record(FileBytes file, Dictionary<string, ByteRange> records, string folder, PickleStorage storage)
    {
        if (!records.TryGetValue($"{folder}data/{storage.Key}", out ByteRange? record))
            throw file.Reject($"The zip record of storage {storage.Key} is missing.");
        // By division, as the claimed count times the size may overflow.
        int size = storage.Type.Size();
        if (record.Length % size != 0 || record.Length / size != storage.Count)
            throw file.Reject(
                $"Storage {storage.Key} claims {storage.Count} elements of {size} bytes, its record has {record.Length} bytes."
            );
        return record;
    }
}
