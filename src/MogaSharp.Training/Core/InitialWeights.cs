using System.Collections.Immutable;
using System.Globalization;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Weights;

namespace MogaSharp.Training;

/// <summary>The weights that a run starts from.</summary>
/// <param name="Weights">A tensor for every parameter and buffer.</param>
/// <param name="ReplacedHead">What was replaced, for people; null when nothing was.</param>
public sealed record InitialWeights(WeightSet Weights, string? ReplacedHead)
{
    private const string Backbone = "backbone.";
    private const string Neck = "neck.";

    /// <summary>What was left out or guessed when the weights were read, each a sentence without a full stop; empty when nothing
    /// was.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Weights of a fresh network, as the official constructor draws them.</summary>
    /// <param name="specs">The graph's parameters and buffers.</param>
    /// <param name="seed">The seed.</param>
    public static InitialWeights Fresh(IReadOnlyList<ParameterSpec> specs, int seed) => new(WeightInitializer.Create(specs, seed), null);

    /// <summary>
    /// Weights of a file. When the class counts differ, or the file has no head, the head stays fresh and everything else is taken; any
    /// other difference is an error. For a network with a backbone of its own, a file of the backbone is enough (a classifier's, or that
    /// of a network for another task, whose heads and pyramid are not taken): the other parts stay fresh.
    /// </summary>
    /// <param name="path">The file: safetensors or PyTorch.</param>
    /// <param name="ema">True to take the moving average of a file that holds both.</param>
    /// <param name="specs">The graph's parameters and buffers.</param>
    /// <param name="seed">The seed of fresh parts.</param>
    /// <param name="heads">The official names of the layers that tell classes apart.</param>
    /// <param name="key">Where the weights lie in the file (see <see cref="StateDictOptions.Key"/>); null to find the place.</param>
    /// <exception cref="CheckpointFormatException">The file is not a weight file.</exception>
    /// <exception cref="WeightMismatchException">The weights are another architecture's.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static InitialWeights Load(
        string path,
        bool ema,
        IReadOnlyList<ParameterSpec> specs,
        int seed,
        ImmutableArray<string> heads,
        string? key = null
    )
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        ParameterSpec[] backbone = [.. specs.Where(spec => spec.Name.StartsWith(Backbone, StringComparison.Ordinal))];
        if (backbone.Length > 0 && !HoldsOther(checkpoint, specs))
            return OfBackbone(
                checkpoint,
                backbone,
                specs,
                seed,
                new()
                {
                    Ema = ema,
                    Key = key,
                    Forms = ModelFamilies.Forms,
                }
            );
        StateDict state = StateDict.For(
            checkpoint,
            specs,
            new StateDictOptions
            {
                Ema = ema,
                Key = key,
                Forms = ModelFamilies.Forms,
                MayLack = [.. heads.Select(head => head + ".")],
            }
        );
        return From(state, specs, seed, heads) with { Notes = [.. checkpoint.Notes, .. state.Notes] };
    }

    /// <summary>Weights of a state dict, by the same rules.</summary>
    /// <param name="state">The state dict; its file is open.</param>
    /// <param name="specs">The graph's parameters and buffers.</param>
    /// <param name="seed">The seed of fresh parts.</param>
    /// <param name="heads">The official names of the layers that tell classes apart.</param>
    /// <exception cref="WeightMismatchException">The weights are another architecture's.</exception>
    public static InitialWeights From(StateDict state, IReadOnlyList<ParameterSpec> specs, int seed, ImmutableArray<string> heads)
    {
        if (heads.IsEmpty)
            return new(state.Bind(specs), null);
        string[] prefixes = [.. heads.Select(head => head + ".")];
        int? wanted = specs.FirstOrDefault(spec => spec.Name == prefixes[0] + "weight")?.Shape[0],
            given = state.InferClassCount(heads[0]);
        if (wanted == given || wanted is null)
            return new(state.Bind(specs, new BindOptions { IgnoreUnexpected = wanted is null ? [.. prefixes] : [] }), null);
        var body = new StateDict(state.Tensors.Where(tensor => !IsIn(tensor.Name, prefixes)), state.Source);
        WeightSet bound = body.Bind(specs, new BindOptions { IgnoreMissing = [.. prefixes] });
        WeightSet fresh = WeightInitializer.Create(specs.Where(spec => IsIn(spec.Name, prefixes)), seed);
        string what = given is null ? $"{state.Source} has no head" : $"The head of {state.Source} has {given} classes";
        return new(
            bound.With(fresh.Names.Select(name => KeyValuePair.Create(name, fresh[name]))),
            $"{what}, the data {wanted}: a fresh one takes its place ({string.Join(", ", fresh.Names.Order(StringComparer.Ordinal))})."
        );
    }

    // A file of the whole network has tensors of its heads, whatever stands before their names. Pyramids of other tasks have the same
    // names.
    private static bool HoldsOther(Checkpoint checkpoint, IReadOnlyList<ParameterSpec> specs)
    {
        string[] others = [.. specs.Select(spec => spec.Name).Where(name => !IsIn(name, [Backbone, Neck]))];
        return checkpoint.Tensors.Any(tensor => others.Any(name => tensor.Name.EndsWith(name, StringComparison.Ordinal)));
    }

    private static InitialWeights OfBackbone(
        Checkpoint checkpoint,
        ParameterSpec[] backbone,
        IReadOnlyList<ParameterSpec> all,
        int seed,
        StateDictOptions options
    )
    {
        ParameterSpec[] specs = [.. backbone.Select(spec => spec with { Name = spec.Name[Backbone.Length..] })];
        StateDict state = StateDict.For(checkpoint, specs, options);
        WeightSet bound = state.Bind(specs);
        WeightSet fresh = WeightInitializer.Create(all.Except(backbone), seed);
        string taken = string.Create(
            CultureInfo.InvariantCulture,
            $"{state.Source} holds a backbone, whose {bound.Names.Count:N0} tensors are taken"
        );
        return new(
            new WeightSet([
                .. bound.Names.Select(name => KeyValuePair.Create(Backbone + name, bound[name])),
                .. fresh.Names.Select(name => KeyValuePair.Create(name, fresh[name])),
            ]),
            $"{taken}; the other {fresh.Names.Count} of the network are fresh."
        )
        {
            Notes = [.. checkpoint.Notes, .. state.Notes],
        };
    }

    internal static bool IsIn(string name, IEnumerable<string> prefixes) =>
        prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
}
