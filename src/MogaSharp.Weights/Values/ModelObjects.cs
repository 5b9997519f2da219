namespace MogaSharp.Weights;

/// <summary>Objects of PyTorch's modules in a checkpoint: what <c>torch.save(model)</c> leaves instead of a state dict.</summary>
internal static class ModelObjects
{
    /// <summary>Whether a value is such an object. Its tensors are not listed: their names are its attributes' and not those of a state
    /// dict.</summary>
    public static bool IsOne(CheckpointMap map) =>
        map.Kind != "dict" && (PickleNames.IsModule(map.Kind) || (map["_modules"] is not null && map["_parameters"] is not null));

    /// <summary>The class of the first one; null when there is none.</summary>
    public static string? Find(CheckpointValue value) =>
        value switch
        {
            CheckpointMap map when IsOne(map) => PickleNames.IsModule(map.Kind) ? map.Kind
            : Parts(map).Select(Module).FirstOrDefault(kind => kind is not null) is { } part ? $"{map.Kind}, with {part}"
            : map.Kind,
            CheckpointMap map => map.Entries.Select(entry => Find(entry.Value)).FirstOrDefault(kind => kind is not null),
            CheckpointList list => list.Items.Select(Find).FirstOrDefault(kind => kind is not null),
            _ => null,
        };

    private static IEnumerable<CheckpointValue> Parts(CheckpointMap map) =>
        map["_modules"] is CheckpointMap modules ? modules.Entries.Select(entry => entry.Value) : [];

    private static string? Module(CheckpointValue value) => value is CheckpointMap map && PickleNames.IsModule(map.Kind) ? map.Kind : null;
}
