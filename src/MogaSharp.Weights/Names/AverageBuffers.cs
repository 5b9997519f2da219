namespace MogaSharp.Weights;

/// <summary>
/// The averages that mmcv's hook keeps as buffers of the model itself, by flattened names: <c>ema_backbone_norm_weight</c> for
/// <c>backbone.norm.weight</c>. There are none of buffers.
/// </summary>
internal static class AverageBuffers
{
    private const string Prefix = "ema_";

    /// <summary>The tensors of a group without averages of others among them, and how many those were.</summary>
    public static (WeightGroup Group, string[] Averages) Separate(WeightGroup group)
    {
        IReadOnlyDictionary<string, TensorEntry> averages = Find(group);
        if (averages.Count == 0)
            return (group, []);
        return (group with { Tensors = [.. group.Tensors.Where(tensor => !averages.ContainsKey(tensor.Name))] }, [.. averages.Keys]);
    }

    /// <summary>The group with averages in the place of the tensors that have them; null when there are none.</summary>
    public static WeightGroup? TakeFrom(WeightGroup group)
    {
        IReadOnlyDictionary<string, TensorEntry> averages = Find(group);
        if (averages.Count == 0)
            return null;
        return group with
        {
            Tensors =
            [
                .. group
                    .Tensors.Where(tensor => !averages.ContainsKey(tensor.Name))
                    .Select(tensor =>
                        averages.TryGetValue(Flattened(tensor.Name), out TensorEntry? average) ? average.WithName(tensor.Name) : tensor
                    ),
            ],
        };
    }

    private static Dictionary<string, TensorEntry> Find(WeightGroup group)
    {
        TensorEntry[] candidates = [.. group.Tensors.Where(tensor => IsFlat(tensor.Name))];
        if (candidates.Length == 0)
            return [];
        HashSet<string> expected = [.. group.Tensors.Where(tensor => !IsFlat(tensor.Name)).Select(tensor => Flattened(tensor.Name))];
        return candidates
            .Where(tensor => expected.Contains(tensor.Name))
            .DistinctBy(tensor => tensor.Name)
            .ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    private static bool IsFlat(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && !name.Contains('.', StringComparison.Ordinal);

    private static string Flattened(string name) => Prefix + name.Replace('.', '_');
}
