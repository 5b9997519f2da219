namespace MogaSharp.Weights;

/// <summary>The names of tensors in nested values: their keys, joined by "/".</summary>
internal static class TensorPath
{
    /// <summary>Most characters of a name.</summary>
    public const int MaxLength = 1024;

    public static string Join(List<string> keys, FileBytes file)
    {
        if (keys.Sum(key => (long)key.Length) > MaxLength)
            throw file.Reject($"A tensor's name has more than {MaxLength} characters.");
        return string.Join('/', keys);
    }

    /// <summary>Lists all tensors of a tree, in file order; one that is referred to from several places is listed for each.</summary>
    public static IReadOnlyList<TensorEntry> List(CheckpointValue root, FileBytes file, CheckpointLimits limits)
    {
        var tensors = new List<TensorEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var keys = new List<string>();
        long bytes = 0;
        Visit(root);
        return tensors;

        void Visit(CheckpointValue value)
        {
            switch (value)
            {
                case CheckpointMap map when !ModelObjects.IsOne(map):
                    foreach ((string key, CheckpointValue item) in map.Entries)
                        VisitInside(key, item);
                    break;
                case CheckpointList list:
                    for (int i = 0; i < list.Items.Count; i++)
                        VisitInside($"{i}", list.Items[i]);
                    break;
                case CheckpointTensor { Tensor: { } tensor }:
                    string name = Join(keys, file);
                    bytes += tensor.ByteCount;
                    if (bytes > (4 * file.Length) + limits.MaxExpandedBytes)
                        throw file.Reject(
                            $"The tensors together are more than {bytes} bytes, far more than the file's {file.Length}: their storage "
                                + "is repeated."
                        );
                    if (!names.Add(name))
                        throw file.Reject($"Two tensors are named '{name}'.");
                    tensors.Add(tensor.WithName(name));
                    break;
            }
        }

        void VisitInside(string key, CheckpointValue value)
        {
            keys.Add(key);
            Visit(value);
            keys.RemoveAt(keys.Count - 1);
        }
    }
}
