using System.Text;

namespace MogaSharp.Weights;

/// <summary>
/// Writes weight files. A file appears under its name only when complete; a failure leaves the folder as it was. Equal
/// input gives equal bytes.
/// </summary>
public static class CheckpointWriter
{
    /// <summary>Writes a safetensors file.</summary>
    /// <param name="path">The file; replaced if it exists.</param>
    /// <param name="tensors">The tensors, written in this order, one in memory at a time.</param>
    /// <param name="metadata">Texts for the header, written in this order.</param>
    /// <returns>What converting to a smaller type lost, as sentences without a full stop; empty when nothing was.</returns>
    /// <exception cref="WeightRangeException">Finite values are beyond the range of the type that they are converted to.</exception>
    /// <exception cref="ArgumentException">There are no tensors, or names are repeated, reserved, too long or no valid Unicode.</exception>
    /// <exception cref="IOException">The file cannot be written, for example because the disk is full.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static IReadOnlyList<string> SaveSafetensors(
        string path,
        IEnumerable<TensorEntry> tensors,
        IEnumerable<KeyValuePair<string, string>>? metadata = null
    )
    {
        TensorEntry[] list = Checked(tensors);
        return Write(path, list, stream => SafetensorsWriter.Write(stream, list, metadata ?? []));
    }

    /// <summary>
    /// Writes a zip-format PyTorch file that <c>torch.load</c> reads as an OrderedDict of tensors, also with
    /// <c>weights_only=True</c>.
    /// </summary>
    /// <param name="path">The file; replaced if it exists.</param>
    /// <param name="tensors">The tensors, written in this order, one in memory at a time.</param>
    /// <returns>What converting to a smaller type lost, as sentences without a full stop; empty when nothing was.</returns>
    /// <exception cref="WeightRangeException">Finite values are beyond the range of the type that they are converted to.</exception>
    /// <exception cref="ArgumentException">There are no tensors, names are repeated, too long or no valid Unicode, or all together exceed 4
    /// GiB or 65000 tensors.</exception>
    /// <exception cref="IOException">The file cannot be written, for example because the disk is full.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static IReadOnlyList<string> SavePyTorch(string path, IEnumerable<TensorEntry> tensors)
    {
        TensorEntry[] list = Checked(tensors);
        return Write(path, list, stream => PyTorchWriter.Write(stream, list));
    }

    // Losses are known once everything is converted; the file has no name yet.
    private static IReadOnlyList<string> Write(string path, TensorEntry[] list, Action<Stream> write)
    {
        IReadOnlyList<string> notes = [];
        AtomicFile.Write(
            path,
            stream =>
            {
                write(stream);
                notes = WeightRangeException.Check(list);
            }
        );
        return notes;
    }

    private static TensorEntry[] Checked(IEnumerable<TensorEntry> tensors)
    {
        TensorEntry[] list = [.. tensors];
        if (list.Length == 0)
            throw new ArgumentException("A checkpoint needs at least one tensor.", nameof(tensors));
        string? repeated = list.GroupBy(tensor => tensor.Name).FirstOrDefault(group => group.Count() > 1)?.Key;
        if (repeated is not null)
            throw new ArgumentException($"Two tensors are named '{repeated}'.", nameof(tensors));
        foreach (TensorEntry tensor in list)
            CheckName(tensor.Name);
        return list;
    }

    /// <summary>Names must read back as they are.</summary>
    private static void CheckName(string name)
    {
        if (name.Length > TensorPath.MaxLength)
            throw new ArgumentException($"A tensor's name has {name.Length} characters, at most {TensorPath.MaxLength} are allowed.");
        if (Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(name)) != name)
            throw new ArgumentException($"The tensor's name '{name}' is not valid Unicode.");
    }
}
