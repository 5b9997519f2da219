namespace MogaSharp.Data;

/// <summary>Gathers what opening a data set leaves out or guesses: each kind of thing once, with its count and the first example.</summary>
internal sealed class DatasetNotes
{
    private readonly OrderedDictionary<string, (Func<int, string> Describe, int Count, string First)> _counted = new(
        StringComparer.Ordinal
    );

    /// <summary>Adds a sentence without a full stop.</summary>
    public void Add(string sentence) => _counted.TryAdd(sentence, (_ => sentence, 0, ""));

    /// <summary>Counts something that happens to many items.</summary>
    /// <param name="kind">What tells it from other things.</param>
    /// <param name="item">The item; the first one is named.</param>
    /// <param name="describe">The sentence for a count, such as "3 hidden files left out".</param>
    public void Count(string kind, string item, Func<int, string> describe) =>
        _counted[kind] = _counted.TryGetValue(kind, out var known) ? known with { Count = known.Count + 1 } : (describe, 1, item);

    /// <summary>Adds what another one gathered, such as that of another shard.</summary>
    public void AddRange(DatasetNotes other)
    {
        foreach ((string kind, var more) in other._counted)
            _counted[kind] = _counted.TryGetValue(kind, out var known) ? known with { Count = known.Count + more.Count } : more;
    }

    /// <summary>The sentences in the order in which each thing was first met.</summary>
    public IReadOnlyList<string> ToList() =>
        [
            .. _counted.Values.Select(note =>
                note.Count == 0 ? note.Describe(0) : $"{note.Describe(note.Count)} ({(note.Count > 1 ? "the first: " : "")}{note.First})"
            ),
        ];

    /// <summary>A count with its noun: "1 file", "2 files".</summary>
    public static string Some(int count, string noun, string? plural = null) => $"{count} {(count == 1 ? noun : plural ?? noun + "s")}";

    /// <summary>Some of many names, for a message of bounded length.</summary>
    public static string Names(IReadOnlyCollection<string> names, int most = 5) =>
        string.Join(", ", names.Take(most)) + (names.Count > most ? $" and {names.Count - most} more" : "");
}
