namespace MogaSharp.Weights;

/// <summary>Which group of a checkpoint's tensors the weights are, by the keys alone.</summary>
internal static class WeightChoice
{
    private const int MaxListed = 10;

    private static readonly string[] EmaKeys = ["state_dict_ema", "model_ema"];

    /// <summary>The group that an option names: by its key, or by the beginning of the names in it.</summary>
    /// <exception cref="CheckpointFormatException">The file has nothing there.</exception>
    public static WeightGroup Named(Checkpoint checkpoint, IReadOnlyList<WeightGroup> groups, string key)
    {
        string wanted = key.Trim('/');
        if (groups.FirstOrDefault(group => group.Key == wanted) is { } exact)
            return exact;
        foreach (WeightGroup group in groups)
        {
            string outer = group.Key.Length == 0 ? "" : group.Key + "/";
            if (!wanted.StartsWith(outer, StringComparison.Ordinal))
                continue;
            WeightGroup inner = group.Within(wanted[outer.Length..].TrimEnd('.') + ".");
            if (inner.Tensors.Length > 0)
                return inner;
        }

        throw Reject(checkpoint, groups, $"The file has no weights under '{key}'.");
    }

    /// <summary>The group that holds the weights, or the moving average of them.</summary>
    /// <param name="checkpoint">The file.</param>
    /// <param name="groups">Its groups.</param>
    /// <param name="ema">True for the moving average.</param>
    /// <exception cref="CheckpointFormatException">There is none, or several and nothing to choose by.</exception>
    public static WeightGroup ByKey(Checkpoint checkpoint, IReadOnlyList<WeightGroup> groups, bool ema)
    {
        if (ema)
            return Average(checkpoint, groups);
        WeightGroup[] candidates = [.. Candidates(groups, ema: false)];
        if (candidates.Length == 0)
            candidates = [.. Candidates(groups, ema: true)];
        if (candidates.Where(group => KeyKinds.Rank(group.Key) < int.MaxValue).MinBy(group => KeyKinds.Rank(group.Key)) is { } usual)
            return usual;
        return candidates.Length == 1
            ? candidates[0]
            : throw Reject(
                checkpoint,
                groups,
                "The file has no state dict (none of state_dict, model, tensors at the top level or another usual key); name a key "
                    + "with --key."
            );
    }

    /// <summary>Groups that may hold weights, not an optimizer's state; those of moving averages, or the others.</summary>
    public static IEnumerable<WeightGroup> Candidates(IEnumerable<WeightGroup> groups, bool ema) =>
        groups.Where(group => !KeyKinds.IsOptimizer(group.Key) && KeyKinds.IsAverage(group.Key) == ema);

    /// <summary>A refusal that lists what the file has instead.</summary>
    public static CheckpointFormatException Reject(Checkpoint checkpoint, IReadOnlyList<WeightGroup> groups, string problem) =>
        new(
            checkpoint.FileName,
            $"{problem} It has: {Listed(groups)}.{(checkpoint.ModelObject is { } kind ? " " + Checkpoint.WholeModel(kind) : "")}"
        );

    /// <summary>That there is no moving average.</summary>
    public static CheckpointFormatException NoAverage(Checkpoint checkpoint, IReadOnlyList<WeightGroup> groups) =>
        Reject(
            checkpoint,
            groups,
            $"The file has no EMA weights (none of {string.Join(", ", EmaKeys)} or another key with 'ema', 'swa' or 'averaged')."
        );

    /// <summary>Keys with counts, the first few.</summary>
    public static string Listed(IReadOnlyCollection<WeightGroup> groups)
    {
        string first = string.Join(
            ", ",
            groups
                .Take(MaxListed)
                .Select(group => $"{(group.Key.Length == 0 ? "top level" : Text.Clip(group.Key))} ({group.Tensors.Length} tensors)")
        );
        return groups.Count > MaxListed ? $"{first} and {groups.Count - MaxListed} more keys" : first;
    }

    private static WeightGroup Average(Checkpoint checkpoint, IReadOnlyList<WeightGroup> groups)
    {
        WeightGroup[] averages = [.. Candidates(groups, ema: true)];
        if (Array.Find(averages, group => EmaKeys.Contains(group.Key)) is { } usual)
            return usual;
        if (averages.Length == 1)
            return averages[0];
        if (averages.Length > 1)
            throw Reject(checkpoint, groups, "The file has several moving averages; name one with --key.");
        WeightGroup raw = ByKey(checkpoint, groups, ema: false);
        return AverageBuffers.TakeFrom(raw) ?? throw NoAverage(checkpoint, groups);
    }
}
