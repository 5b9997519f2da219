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

    /// <summary>All groups of a checkpoint, in file order.</summary>
    public static IReadOnlyList<WeightGroup> All(Checkpoint checkpoint) =>
        [
            .. checkpoint
                .Tensors.GroupBy(tensor => tensor.Name[..Math.Max(0, tensor.Name.LastIndexOf('/'))], StringComparer.Ordinal)
                .Select(group => new WeightGroup(
                    group.Key,
                    [.. group.Select(tensor => tensor.WithName(tensor.Name[(group.Key.Length == 0 ? 0 : group.Key.Length + 1)..]))]
                )),
        ];

    /// <summary>The group with the names of compiled, checkpointed and sharded modules as those of the modules themselves.</summary>
    public WeightGroup WithoutInnerWrappers() =>
        this with
        {
            Tensors = Array.ConvertAll(Tensors, tensor => tensor.WithName(Unwrapped(tensor.Name))),
        };

    /// <summary>The tensors whose names begin with a prefix, which is taken away.</summary>
    public WeightGroup Within(string prefix) =>
        new(
            Key.Length == 0 ? prefix.TrimEnd('.') : $"{Key}/{prefix.TrimEnd('.')}",
            [
                .. Tensors
                    .Where(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal))
                    .Select(tensor => tensor.WithName(tensor.Name[prefix.Length..])),
            ]
        );

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
