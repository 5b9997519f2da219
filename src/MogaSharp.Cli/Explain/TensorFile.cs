using MogaSharp.Graph;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>A file of tensors in place of images, so that anyone can repeat what others have computed.</summary>
internal sealed class TensorFile : IDisposable
{
    private readonly string _path;
    private readonly Checkpoint _given;

    /// <summary>Opens it.</summary>
    /// <exception cref="UsageException">There is no such file.</exception>
    public TensorFile(string path) => _given = Checkpoint.Open(_path = Paths.Existing(path));

    /// <summary>The tensor <c>input</c>, (N, 3, H, W).</summary>
    /// <exception cref="UsageException">There is none, or it has another shape.</exception>
    public Tensor Images()
    {
        TensorEntry entry =
            Find("input")
            ?? throw new UsageException(
                $"'{_path}' holds no tensor 'input'; it holds {string.Join(", ", _given.Tensors.Take(5).Select(tensor => tensor.Name))}."
            );
        Tensor input = entry.ToTensor();
        return input.Shape is { Rank: 4 } shape && shape[0] > 0
            ? input
            : throw new UsageException($"'input' has shape {input.Shape}; images are (N, 3, H, W).");
    }

    /// <summary>A class for each image; null where the file names none.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="images">Images.</param>
    /// <exception cref="UsageException">They are not whole numbers, or not as many as images.</exception>
    public int[]? Classes(string name, int images)
    {
        if (Find(name) is not { } entry)
            return null;
        double[] numbers = entry.DType is DType.Float32 or DType.Float64 or DType.Float16 or DType.BFloat16
            ? [.. entry.ToTensor().Data.Select(x => (double)x)]
            : [.. entry.ToInt64().Select(x => (double)x)];
        if (numbers.Length != images)
            throw new UsageException($"'{name}' has {numbers.Length} numbers for {images} images.");
        return numbers.All(x => x % 1 == 0 && x is >= 0 and <= int.MaxValue)
            ? [.. numbers.Select(x => (int)x)]
            : throw new UsageException($"'{name}' are not numbers of classes.");
    }

    /// <summary>Any further tensor; null where the file has none of the name.</summary>
    public TensorEntry? Find(string name) => _given.Tensors.FirstOrDefault(tensor => tensor.Name == name);

    /// <summary>Writes results and says on stderr what there is.</summary>
    /// <param name="path">The file.</param>
    /// <param name="results">The tensors by name.</param>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> results)
    {
        TensorEntry[] entries = [.. results.Select(result => TensorEntry.FromTensor(result.Key, result.Value))];
        Paths.Write(path, file => CheckpointWriter.SaveSafetensors(file, entries));
        foreach (TensorEntry entry in entries)
            Console.Error.WriteLine($"{entry.Name} {entry.Shape}");
    }

    public void Dispose() => _given.Dispose();
}
