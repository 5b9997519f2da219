namespace MogaSharp.Onnx.Export;

/// <summary>Keeps names apart: a name that is taken gets a number.</summary>
internal sealed class NameTable(IEnumerable<string> taken)
{
    private readonly HashSet<string> _taken = new(taken, StringComparer.Ordinal);
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);

    public string Unique(string wanted)
    {
        string name = wanted;
        while (!_taken.Add(name))
            name = $"{wanted}_{_counts[wanted] = _counts.GetValueOrDefault(wanted) + 1}";
        return name;
    }
}
