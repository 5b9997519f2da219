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
        int[] numbers = WholeNumbers(entry, "numbers of classes");
        return numbers.Length == images ? numbers : throw new UsageException($"'{name}' has {numbers.Length} numbers for {images} images.");
    }

    /// <summary>The class of each image, by the name <c>labels</c> or <c>targets</c>.</summary>
    /// <param name="images">Images.</param>
    /// <exception cref="UsageException">There are none, they are not whole numbers, or not as many as images.</exception>
    public int[] Labels(int images) =>
        Classes("labels", images)
        ?? Classes("targets", images)
        ?? throw new UsageException($"'{_path}' holds no tensor 'labels' or 'targets' with the class of each image.");

    /// <summary>A tensor of whole numbers from 0 on, of any type.</summary>
    /// <param name="entry">The tensor.</param>
    /// <param name="what">What they are, for the message.</param>
    /// <exception cref="UsageException">They are not.</exception>
    public static int[] WholeNumbers(TensorEntry entry, string what)
    {
        double[] numbers = entry.DType is DType.Float32 or DType.Float64 or DType.Float16 or DType.BFloat16
            ? [.. entry.ToTensor().Data.Select(x => (double)x)]
            : [.. entry.ToInt64().Select(x => (double)x)];
        return numbers.All(x => x % 1 == 0 && x is >= 0 and <= int.MaxValue)
            ? [.. numbers.Select(x => (int)x)]
            : throw new UsageException($"'{entry.Name}' are not {what}.");
    }

    /// <summary>Patches in a row of the square grid that a tensor's last extent counts.</summary>
    /// <exception cref="UsageException">It is not the number of patches of a square.</exception>
    public static int SideOf(TensorEntry patches)
    {
        int count = patches.Shape[patches.Shape.Rank - 1],
            side = (int)Math.Round(Math.Sqrt(count));
        return side * side == count ? side : throw new UsageException($"'{patches.Name}' has {count} patches, which are no square grid.");
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
