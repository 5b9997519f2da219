using MogaSharp.Graph;
using MogaSharp.Weights;

namespace MogaSharp.Fuzz;

/// <summary>Weight files: PyTorch's two layouts, the pickle within, zip, safetensors and the index of a checkpoint in parts.</summary>
internal static class WeightTargets
{
    private const int StorageBytes = 64;

    // Small, so that what goes past a limit shows in allocations, and no input takes long.
    private static readonly CheckpointLimits Limits = new()
    {
        MaxHeaderBytes = 1 << 20,
        MaxPickleBytes = 1 << 20,
        MaxPickleOpcodes = 50_000,
        MaxValues = 20_000,
        MaxExpandedBytes = 1 << 20,
    };

    public static FuzzTarget[] All { get; } =
    [
        Target("pytorch-zip", "weights.pth", input => ReadCheckpoint(input.ToFile())),
        Target("pytorch-legacy", "weights.pth", input => ReadCheckpoint(input.ToFile())),
        Target("pickle", "weights.pth", input => ReadCheckpoint(input.ToFile(FileWith(input.Content)))),
        Target("zip", "weights.pth", ReadZip),
        Target("safetensors", "weights.safetensors", input => ReadCheckpoint(input.ToFile())),
        Target("index", "model.safetensors.index.json", input => ShardIndex.Read(new FileBytes(input.Name, input.Content), Limits)),
    ];

    private static FuzzTarget Target(string name, string fileName, Action<FuzzInput> read) =>
        new(name, fileName, typeof(CheckpointFormatException), read);

    private static void ReadCheckpoint(string path)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path, Limits);
        foreach (TensorEntry tensor in checkpoint.Tensors)
        {
            if (tensor.DType.IsFloatingPoint())
                tensor.ToTensor();
            else
                tensor.ToInt64();
        }

        checkpoint.Verify();
        checkpoint.Root.ToJson();
        StateDict.From(checkpoint);
    }

    // A sound zip file around the pickle: no mutation gets past the checksums, and hardly one past the directory.
    private static byte[] FileWith(byte[] pickle)
    {
        using var stream = new MemoryStream();
        var zip = new ZipWriter(stream);
        zip.Add("archive/data.pkl", pickle);
        byte[] storage = new byte[StorageBytes];
        for (int key = 0; key < 4; key++)
            zip.Add($"archive/data/{key}", storage);
        zip.Finish();
        return stream.ToArray();
    }

    private static void ReadZip(FuzzInput input)
    {
        using var file = new FileBytes(input.Name, input.Content);
        foreach (ByteRange record in ZipDirectory.Read(file, Limits).Values)
        {
            byte[] bytes = new byte[record.Length];
            record.Read(0, bytes);
        }
    }
}
