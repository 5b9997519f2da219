using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Weights;

namespace MogaSharp.Training;

/// <summary>The weights that a run starts from.</summary>
/// <param name="Weights">A tensor for every parameter and buffer.</param>
/// <param name="ReplacedHead">What was replaced, for people; null when nothing was.</param>
public sealed record InitialWeights(WeightSet Weights, string? ReplacedHead)
{
    /// <summary>What was left out or guessed when the weights were read, each a sentence without a full stop; empty when nothing
    /// was.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Weights of a fresh network, as the official constructor draws them.</summary>
    /// <param name="specs">The graph's parameters and buffers.</param>
    /// <param name="seed">The seed.</param>
    public static InitialWeights Fresh(IReadOnlyList<ParameterSpec> specs, int seed) => new(WeightInitializer.Create(specs, seed), null);

    /// <summary>
    /// Weights of a file. When the class counts differ, or the file has no head, the head stays fresh and everything else is taken; any
    /// other difference is an error.
    /// </summary>
    /// <param name="path">The file: safetensors or PyTorch.</param>
    /// <param name="ema">True to take the moving average of a file that holds both.</param>
    /// <param name="specs">The graph's parameters and buffers.</param>
    /// <param name="seed">The seed of a fresh head.</param>
    /// <param name="head">The classifier's official name.</param>
    /// <param name="key">Where the weights lie in the file (see <see cref="StateDictOptions.Key"/>); null to find the place.</param>
    /// <exception cref="CheckpointFormatException">The file is not a weight file.</exception>
    /// <exception cref="WeightMismatchException">The weights are another architecture's.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static InitialWeights Load(
        string path,
        bool ema,
        IReadOnlyList<ParameterSpec> specs,
        int seed,
        string head = "head",
        string? key = null
    )
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        StateDict state = StateDict.For(
            checkpoint,
            specs,
            new StateDictOptions
            {
                Ema = ema,
                Key = key,
                Forms = ModelFamilies.Forms,
                MayLack = [head + "."],
            }
        );
        return From(state, specs, seed, head) with { Notes = [.. checkpoint.Notes, .. state.Notes] };
    }

    /// <summary>Weights of a state dict, by the same rules.</summary>
    /// <param name="state">The state dict; its file is open.</param>
    /// <param name="specs">The graph's parameters and buffers.</param>
    /// <param name="seed">The seed of a fresh head.</param>
    /// <param name="head">The classifier's official name.</param>
    /// <exception cref="WeightMismatchException">The weights are another architecture's.</exception>
    public static InitialWeights From(StateDict state, IReadOnlyList<ParameterSpec> specs, int seed, string head = "head")
    {
        string prefix = head + ".";
        int? wanted = specs.FirstOrDefault(spec => spec.Name == prefix + "weight")?.Shape[0],
            given = state.InferClassCount(head);
        if (wanted == given || wanted is null)
            return new(state.Bind(specs, new BindOptions { IgnoreUnexpected = wanted is null ? [prefix] : [] }), null);
        var body = new StateDict(state.Tensors.Where(tensor => !tensor.Name.StartsWith(prefix, StringComparison.Ordinal)), state.Source);
        WeightSet bound = body.Bind(specs, new BindOptions { IgnoreMissing = [prefix] });
        WeightSet fresh = WeightInitializer.Create(specs.Where(spec => spec.Name.StartsWith(prefix, StringComparison.Ordinal)), seed);
        string what = given is null ? $"{state.Source} has no head" : $"The head of {state.Source} has {given} classes";
        return new(
            bound.With(fresh.Names.Select(name => KeyValuePair.Create(name, fresh[name]))),
            $"{what}, the data {wanted}: a fresh one takes its place ({string.Join(", ", fresh.Names.Order(StringComparer.Ordinal))})."
        );
    }
}
