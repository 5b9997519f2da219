namespace MogaSharp.Weights;

/// <summary>
/// An open weight file: safetensors or PyTorch, told apart by content. Opening reads the description only; elements are
/// read when a tensor is asked for them, from several threads at once if one likes. Nothing in a file is ever executed. The index of a
/// checkpoint in parts (Hugging Face's <c>model.safetensors.index.json</c>) opens all of them as one, and so does one of the parts when the
/// index lies beside it.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    private static readonly string[] UsualFiles =
    [
        "model.safetensors.index.json",
        "model.safetensors",
        "pytorch_model.bin.index.json",
        "pytorch_model.bin",
        "model.pth",
        "model.pt",
    ];

    private readonly FileBytes _file;
    private readonly IReadOnlyList<Checkpoint> _parts = [];

    private Checkpoint(FileBytes file, CheckpointLimits limits)
    {
        _file = file;
        Format = FormatDetector.Detect(file);
        switch (Format)
        {
            case CheckpointFormat.Safetensors:
                SafetensorsHeader header = SafetensorsHeader.Read(file, limits);
                Metadata = header.Metadata;
                Tensors = header.Tensors;
                Root = Tree(Tensors);
                break;
            case CheckpointFormat.PyTorchZip:
                Root = PyTorchZip.Read(file, limits);
                break;
            default:
                Root = PyTorchLegacy.Read(file, limits);
                break;
        }

        Tensors ??= TensorPath.List(Root, file, limits);
        if (Format != CheckpointFormat.Safetensors)
            ModelObject = ModelObjects.Find(Root);
        if (Tensors.Count == 0)
            throw file.Reject(ModelObject is null ? "The file holds no tensors." : WholeModel(ModelObject));
    }

    // The parts of an index, as one checkpoint.
    private Checkpoint(FileBytes index, IReadOnlyList<Checkpoint> parts, IReadOnlyList<TensorEntry> tensors)
    {
        _file = index;
        _parts = parts;
        Format = parts[0].Format;
        Metadata = parts[0].Metadata;
        Tensors = tensors;
        Root = Tree(tensors);
    }

    /// <summary>The file as the caller named it.</summary>
    public string FileName => _file.Name;

    /// <summary>The layout of the file.</summary>
    public CheckpointFormat Format { get; }

    /// <summary>The texts of a safetensors header; empty for PyTorch files.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Everything in the file as a tree.</summary>
    public CheckpointValue Root { get; }

    /// <summary>All tensors in file order, each named by the keys that lead to it, joined by "/".</summary>
    public IReadOnlyList<TensorEntry> Tensors { get; }

    /// <summary>The class of a whole model object in the file; null when there is none.</summary>
    internal string? ModelObject { get; }

    /// <summary>What to do about a whole model object.</summary>
    internal static string WholeModel(string kind) =>
        $"The file holds a whole model object ({kind}), not its weights: save model.state_dict() instead.";

    /// <summary>What was left out or guessed when the file was opened, each a sentence without a full stop; empty when nothing
    /// was.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>The weight file in a folder, by the names that Hugging Face, this library and training scripts use; null when there is
    /// none.</summary>
    /// <param name="folder">The folder.</param>
    public static string? FindIn(string folder) => UsualFiles.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Opens a file. Dispose the checkpoint when its tensors have been read.</summary>
    /// <param name="path">The file; its extension does not matter.</param>
    /// <param name="limits">What the file may cost; <see cref="CheckpointLimits.Default"/> when null.</param>
    /// <exception cref="CheckpointFormatException">The content is damaged, hostile, or holds no weights.</exception>
    /// <exception cref="IOException">The file is missing or cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static Checkpoint Open(string path, CheckpointLimits? limits = null)
    {
        limits ??= CheckpointLimits.Default;
        string? index = ShardIndex.Beside(path);
        var file = new FileBytes(index ?? path);
        try
        {
            if (!ShardIndex.IsIndex(file))
                return new Checkpoint(file, limits);
            string[] notes = index is null
                ? []
                : [$"{Path.GetFileName(path)} is one part of several; all parts in {Path.GetFileName(index)} were taken"];
            return OpenParts(file, limits, notes);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static Checkpoint OpenParts(FileBytes index, CheckpointLimits limits, IReadOnlyList<string> notes)
    {
        IReadOnlyList<KeyValuePair<string, string>> map = ShardIndex.Read(index, limits);
        var parts = new List<Checkpoint>();
        try
        {
            var found = new Dictionary<string, Dictionary<string, TensorEntry>>(StringComparer.Ordinal);
            foreach (string name in map.Select(entry => entry.Value).Distinct())
            {
                string path = Path.Combine(Path.GetDirectoryName(index.Name) ?? "", name);
                if (!File.Exists(path))
                    throw index.Reject($"The part '{name}' that the index names is not there; download it too.");
                var part = new FileBytes(path);
                try
                {
                    parts.Add(new Checkpoint(part, limits));
                }
                catch
                {
                    part.Dispose();
                    throw;
                }

                found.Add(name, parts[^1].Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal));
            }

            TensorEntry[] tensors =
            [
                .. map.Select(entry =>
                    found[entry.Value].GetValueOrDefault(entry.Key)
                    ?? throw index.Reject($"The part '{entry.Value}' lacks the tensor '{entry.Key}' that the index says is in it.")
                ),
            ];
            int others = found.Values.Sum(part => part.Count) - tensors.Length;
            return new Checkpoint(index, parts, tensors)
            {
                Notes =
                    others > 0 ? [.. notes, $"{Text.Count(others, "tensor")} of the parts that the index does not name left aside"] : notes,
            };
        }
        catch
        {
            foreach (Checkpoint part in parts)
                part.Dispose();
            throw;
        }
    }

    private static CheckpointMap Tree(IReadOnlyList<TensorEntry> tensors) =>
        new("dict", [.. tensors.Select(tensor => KeyValuePair.Create(tensor.Name, (CheckpointValue)new CheckpointTensor(tensor)))]);

    /// <summary>
    /// Reads the data of all tensors that the format keeps checksums for, and checks them: those of zip-format PyTorch
    /// files. That the data of all formats is complete has been checked when the file was opened.
    /// </summary>
    /// <param name="cancellationToken">Looked at between tensors.</param>
    /// <exception cref="CheckpointFormatException">A tensor is damaged.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public void Verify(CancellationToken cancellationToken = default)
    {
        foreach (TensorEntry tensor in Tensors)
        {
            cancellationToken.ThrowIfCancellationRequested();
            tensor.Verify();
        }
    }

    /// <summary>Closes the file; its tensors can no longer be read.</summary>
    public void Dispose()
    {
        foreach (Checkpoint part in _parts)
            part.Dispose();
        _file.Dispose();
    }
}
