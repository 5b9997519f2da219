namespace MogaSharp.Weights;

/// <summary>Tensors that lie under one key of a checkpoint, by their names there.</summary>
/// <param name="Key">The keys that lead there, joined by "/"; empty at the top level.</param>
/// <param name="Tensors">The tensors.</param>
internal sealed record WeightGroup(string Key, TensorEntry[] Tensors)
{
    // What torch.compile, checkpointing of activations and sharded training put between the names of modules.
    private static readonly string[] InnerWrappers = ["_orig_mod.", "_checkpoint_wrapped_module.", "_fsdp_wrapped_module.", "_fpw_module."];

    /// <summary>How the group is called in messages.</summary>
    public string Title => Key.Length == 0 ? "the top level" : $"'{Key}'";

    /// <summary>All groups of a checkpoint, in file order. A "/" in a name is a level as the nesting of a pickled tree is: formats without
    /// nesting, and this library's own writers, have no other way to keep it.</summary>
    public static IReadOnlyList<WeightGroup> All(Checkpoint checkpoint) =>
        [
            .. checkpoint
                .Tensors.GroupBy(tensor => tensor.Name[..Math.Max(0, tensor.Name.LastIndexOf('/'))], StringComparer.Ordinal)
                .Select(group => new WeightGroup(group.Key, Rename([.. group], name => name[(name.LastIndexOf('/') + 1)..]))),
        ];

    /// <summary>The group with other names; null leaves a tensor out.</summary>
    public WeightGroup Rename(Func<string, string?> rename) => this with { Tensors = Rename(Tensors, rename) };

    /// <summary>Tensors under other names; null leaves one out.</summary>
    public static TensorEntry[] Rename(TensorEntry[] tensors, Func<string, string?> rename) =>
        [.. tensors.Select(tensor => rename(tensor.Name) is { } name ? tensor.WithName(name) : null).OfType<TensorEntry>()];

    /// <summary>The group with the names of compiled, checkpointed and sharded modules as those of the modules themselves.</summary>
    public WeightGroup WithoutInnerWrappers() => Rename(Unwrapped);

    /// <summary>The tensors whose names begin with a prefix, which is taken away.</summary>
    public WeightGroup Within(string prefix) =>
        Rename(name => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : null) with
        {
            Key = Key.Length == 0 ? prefix.TrimEnd('.') : $"{Key}/{prefix.TrimEnd('.')}",
        };

    private static string Unwrapped(string name)
    {
        if (!name.Contains('_', StringComparison.Ordinal))
            return name;
        foreach (string wrapper in InnerWrappers)
        {
            while (name.StartsWith(wrapper, StringComparison.Ordinal))
                name = name[wrapper.Length..];
            while (name.Contains("." + wrapper, StringComparison.Ordinal))
                name = name.Replace("." + wrapper, ".", StringComparison.Ordinal);
        }

        return name;
    }
}
