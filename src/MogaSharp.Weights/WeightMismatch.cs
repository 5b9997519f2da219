using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>One tensor whose shape in the file is not the one that the graph needs.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Expected">The shape that the graph needs.</param>
/// <param name="Actual">The shape in the file.</param>
public sealed record ShapeMismatch(string Name, Shape Expected, Shape Actual)
{
    /// <summary>Name and both shapes.</summary>
    public override string ToString() => $"{Name} (needs {Expected}, has {Actual})";
}

/// <summary>All differences between what a graph needs and what a file has.</summary>
/// <param name="Missing">Names that the file lacks.</param>
/// <param name="Unexpected">Names that the graph does not know.</param>
/// <param name="WrongShape">Tensors of both with different shapes.</param>
public sealed record WeightMismatch(
    IReadOnlyList<string> Missing,
    IReadOnlyList<string> Unexpected,
    IReadOnlyList<ShapeMismatch> WrongShape
)
{
    /// <summary>True when there is no difference.</summary>
    public bool IsEmpty => Missing.Count == 0 && Unexpected.Count == 0 && WrongShape.Count == 0;

    internal static WeightMismatch Between(IReadOnlyList<ParameterSpec> specs, StateDict weights, BindOptions options)
    {
        var missing = new List<string>();
        var wrongShape = new List<ShapeMismatch>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (ParameterSpec spec in specs)
        {
            known.Add(spec.Name);
            if (IsComputed(spec))
                continue;
            if (!weights.TryGet(spec.Name, out TensorEntry? tensor))
            {
                if (!MayBeMissing(spec, options))
                    missing.Add(spec.Name);
            }
            else if (tensor.Shape != spec.Shape)
            {
                wrongShape.Add(new ShapeMismatch(spec.Name, spec.Shape, tensor.Shape));
            }
        }

        IEnumerable<string> unexpected = weights
            .Tensors.Select(tensor => tensor.Name)
            .Where(name => !known.Contains(name) && !BeginsWithAny(name, options.IgnoreUnexpected));
        return new WeightMismatch(missing, [.. unexpected], wrongShape);
    }

    /// <summary>Whether a tensor follows from the network itself, so that what a file holds of it, maybe for another image size, does not
    /// matter.</summary>
    internal static bool IsComputed(ParameterSpec spec) => spec.IsOptional && spec.Initializer is Initializer.Computed;

    /// <summary>Whether a missing tensor gets the value of a fresh network: its initializer must say one, as that of a buffer
    /// does.</summary>
    internal static bool IsFilled(ParameterSpec spec, BindOptions options) =>
        (spec.IsOptional || (options.FillMissingBuffers && spec.Kind == ParameterKind.Buffer)) && spec.Initializer is Initializer.Constant;

    private static bool MayBeMissing(ParameterSpec spec, BindOptions options) =>
        spec.IsOptional || BeginsWithAny(spec.Name, options.IgnoreMissing) || IsFilled(spec, options);

    private static bool BeginsWithAny(string name, IReadOnlyList<string> prefixes) =>
        prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
}

/// <summary>A file's weights do not fit a graph. The message has counts, samples and what is likely wrong; <see cref="Mismatch"/> has every
/// difference.</summary>
public sealed class WeightMismatchException : MogaException
{
    private const int MaxNamed = 5;
    private const int MaxSource = 300;

    /// <summary>Describes a mismatch in at most 2,000 characters.</summary>
    /// <param name="source">Where the weights come from.</param>
    /// <param name="mismatch">All differences; at least one.</param>
    public WeightMismatchException(string source, WeightMismatch mismatch)
        : base(Describe(source, mismatch)) => Mismatch = mismatch;

    /// <summary>All differences.</summary>
    public WeightMismatch Mismatch { get; }

    private static string Describe(string source, WeightMismatch mismatch)
    {
        string name = source.Length <= MaxSource ? source : $"...{source.AsSpan(source.Length - MaxSource)}";
        var text = new System.Text.StringBuilder();
        text.Append(
            $"The weights of {name} do not fit the network: {mismatch.Missing.Count} missing, {mismatch.Unexpected.Count} unexpected, "
                + $"{mismatch.WrongShape.Count} of wrong shape."
        );
        Append("Missing", mismatch.Missing);
        Append("Unexpected", mismatch.Unexpected);
        Append("Wrong shape", mismatch.WrongShape);
        if (MismatchHints.For(mismatch) is { } hint)
            text.Append($"\n{hint}");
        return text.ToString();

        void Append<T>(string title, IReadOnlyList<T> items)
        {
            if (items.Count > 0)
                text.Append($"\n{title}: {Text.Sample(items, MaxNamed)}.");
        }
    }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidData;
}
