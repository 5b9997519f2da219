using System.Diagnostics.CodeAnalysis;
using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>
/// The weights of one network as a file holds them: tensors by official name, in file order, not yet read. The checkpoint
/// they come from must stay open while they are read.
/// </summary>
public sealed class StateDict
{
    private static readonly string[] Wrappers = ["module.", "model.", "net.", "network.", "_orig_mod."];

    private readonly Dictionary<string, TensorEntry> _byName;

    /// <summary>Takes tensors with unique names.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="source">Where they come from, for messages.</param>
    /// <exception cref="ArgumentException">Two tensors have the same name.</exception>
    public StateDict(IEnumerable<TensorEntry> tensors, string source)
    {
        Tensors = [.. tensors];
        Source = source;
        _byName = Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The tensors in file order.</summary>
    public IReadOnlyList<TensorEntry> Tensors { get; }

    /// <summary>Where the tensors come from, for messages: the file, and the key in it if there is one.</summary>
    public string Source { get; }

    /// <summary>What was left out or guessed when the weights were taken, each a sentence without a full stop; empty when nothing
    /// was.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>
    /// Takes the weights out of a checkpoint by their key alone, for whoever knows no network: those under <c>state_dict</c>, <c>model</c>
    /// or another usual key, at the top level, or under the only key there is; or the moving average, under <c>state_dict_ema</c>,
    /// <c>model_ema</c> or another key that says so.
    /// </summary>
    /// <exception cref="CheckpointFormatException">The checkpoint has no such weights, or several; the message lists what it
    /// has.</exception>
    public static StateDict From(Checkpoint checkpoint, StateDictOptions? options = null)
    {
        options ??= StateDictOptions.Default;
        IReadOnlyList<WeightGroup> groups = WeightGroup.All(checkpoint);
        WeightGroup group = options.Key is { } key
            ? WeightChoice.Named(checkpoint, groups, key)
            : WeightChoice.ByKey(checkpoint, groups, options.Ema);
        TensorEntry[] tensors = options.KeepNames ? group.Tensors : OfficialNames(group.WithoutInnerWrappers().Tensors, options.Forms);
        string? repeated = tensors.GroupBy(tensor => tensor.Name).FirstOrDefault(group => group.Count() > 1)?.Key;
        if (repeated is not null)
            throw new CheckpointFormatException(
                checkpoint.FileName,
                $"Two tensors are named '{repeated}' once their prefixes are removed."
            );
        bool isGuess = options.Key is null && KeyKinds.Rank(group.Key) == int.MaxValue && !KeyKinds.IsAverage(group.Key);
        return new StateDict(tensors, group.Key.Length == 0 ? checkpoint.FileName : $"{checkpoint.FileName} ({group.Key})")
        {
            Notes = isGuess ? [.. checkpoint.Notes, $"the weights were taken from {group.Title}"] : checkpoint.Notes,
        };
    }

    /// <summary>
    /// Takes a network's weights out of a checkpoint. Where they lie and what stands before their names is decided by the network: its
    /// names are looked for under every key but an optimizer's, with any prefix, and in the <see cref="StateDictOptions.Forms"/> of other
    /// projects. Where several sets fit, usual keys come first. Tensors of modules that the network does not have, such as an auxiliary
    /// head, are left aside when all of the network's are there; what was left aside or guessed stands in <see cref="Notes"/>.
    /// </summary>
    /// <param name="checkpoint">The checkpoint; open while tensors are read.</param>
    /// <param name="specs">What the network needs. The result may still not fit: <see cref="Bind"/> says so.</param>
    /// <param name="options">Which weights.</param>
    /// <exception cref="CheckpointFormatException">The checkpoint has no such weights, or several sets that fit equally; the message lists
    /// what it has.</exception>
    public static StateDict For(Checkpoint checkpoint, IReadOnlyList<ParameterSpec> specs, StateDictOptions? options = null) =>
        NetworkWeights.Find(checkpoint, specs, options ?? StateDictOptions.Default);

    /// <summary>The tensors of a weight set, ordered by name; batch counters and position indices become int64 as PyTorch has
    /// them.</summary>
    public static StateDict From(WeightSet weights) =>
        new(weights.Names.Order(StringComparer.Ordinal).Select(name => Entry(name, weights[name])), "weights in memory");

    /// <summary>Looks a tensor up by official name.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out TensorEntry? tensor) => _byName.TryGetValue(name, out tensor);

    /// <summary>The number of classes, from the first extent of the classifier's weight; null when there is none (a backbone).</summary>
    /// <param name="head">The classifier's official name.</param>
    public int? InferClassCount(string head = "head") =>
        TryGet(head + ".weight", out TensorEntry? weight) && weight.Shape is { Rank: > 0 } shape ? shape[0] : null;

    /// <summary>
    /// Reads the tensors that a graph needs, as float32. All names and shapes are compared first, so a mismatch costs
    /// nothing and lists everything.
    /// </summary>
    /// <param name="specs">What the graph needs.</param>
    /// <param name="options">Which differences to allow; none but optional tensors when null.</param>
    /// <exception cref="WeightMismatchException">Names or shapes differ.</exception>
    /// <exception cref="CheckpointFormatException">The file is damaged, or has float64 values that float32 cannot hold.</exception>
    public WeightSet Bind(IReadOnlyList<ParameterSpec> specs, BindOptions? options = null)
    {
        options ??= BindOptions.Default;
        WeightMismatch mismatch = WeightMismatch.Between(specs, this, options);
        if (!mismatch.IsEmpty)
            throw new WeightMismatchException(Source, mismatch);
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (ParameterSpec spec in specs)
        {
            if (WeightMismatch.IsComputed(spec))
                tensors.Add(spec.Name, WeightInitializer.Create(spec.Shape, (Initializer.Computed)spec.Initializer));
            else if (TryGet(spec.Name, out TensorEntry? entry))
                tensors.Add(spec.Name, Read(entry));
            else if (WeightMismatch.IsFilled(spec, options) && spec.Initializer is Initializer.Constant { Value: float value })
                tensors.Add(spec.Name, Filled(spec.Shape, value));
        }

        return new WeightSet(tensors);
    }

    private Tensor Read(TensorEntry entry)
    {
        Tensor tensor = entry.ToTensor();
        if (
            entry.DType == DType.Float64
            && tensor.Data.Any(float.IsInfinity)
            && Array.Exists(entry.ToDoubles(), value => double.IsFinite(value) && !float.IsFinite((float)value))
        )
            throw new CheckpointFormatException(
                Source,
                $"Tensor '{entry.Name}' has values of float64 that are beyond the range of float32, which networks compute in."
            );
        return tensor;
    }

    private static Tensor Filled(Shape shape, float value)
    {
        var tensor = new Tensor(shape);
        tensor.Span.Fill(value);
        return tensor;
    }

    // A weight set holds floats alone; which of them PyTorch keeps as integers only the names tell.
    private static bool IsInteger(string name) =>
        name.EndsWith("num_batches_tracked", StringComparison.Ordinal)
        || name.EndsWith("relative_position_index", StringComparison.Ordinal);

    private static TensorEntry Entry(string name, Tensor tensor) =>
        IsInteger(name)
            ? TensorEntry.FromInt64(name, tensor.Shape, Array.ConvertAll(tensor.Data, value => (long)value))
            : TensorEntry.FromTensor(name, tensor);

    private static TensorEntry[] OfficialNames(TensorEntry[] tensors, IReadOnlyList<NameForm> forms)
    {
        // A wrapper may be wrapped again: distributed training around a method around its network.
        // Counters of torch's AveragedModel and the like lie outside of it.
        while (
            Array.Find(
                Wrappers,
                prefix =>
                    Array.Exists(tensors, tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal))
                    && Array.TrueForAll(tensors, tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal) || IsCounter(tensor))
            )
                is { } wrapper
        )
            tensors = WeightGroup.Rename(tensors, name => Replaced(name, wrapper, ""));
        tensors = NameForms.Recognized(tensors, forms);
        if (!Array.Exists(tensors, tensor => tensor.Name.StartsWith("backbone.", StringComparison.Ordinal)))
            return tensors;
        return WeightGroup.Rename(tensors, name => Replaced(Replaced(name, "backbone.", ""), "head.fc.", "head."));
    }

    private static bool IsCounter(TensorEntry tensor) => tensor.Shape.Rank == 0 && !tensor.Name.Contains('.', StringComparison.Ordinal);

    private static string Replaced(string name, string from, string to) =>
        name.StartsWith(from, StringComparison.Ordinal) ? to + name[from.Length..] : name;
}
