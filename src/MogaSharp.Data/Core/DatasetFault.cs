namespace MogaSharp.Data;

/// <summary>An entry of a data set that cannot be used and was left out.</summary>
/// <param name="File">The path of the file that has it.</param>
/// <param name="Entry">Where it stands in the file, such as <c>annotations[3]</c> or <c>line 3</c>; empty where it is all of it.</param>
/// <param name="Problem">What is wrong with it, as whole sentences.</param>
public sealed record DatasetFault(string File, string Entry, string Problem)
{
    private const string Line = "line ";

    /// <summary>The message of the exception for this fault where faults are not collected.</summary>
    public override string ToString() => $"{File}: {Sentence}";

    /// <summary>Entry and problem in one sentence.</summary>
    internal string Sentence =>
        Entry.Length == 0 ? Problem
        : Entry.StartsWith(Line, StringComparison.Ordinal) ? $"L{Entry[1..]}: {Problem}"
        : $"The entry '{Entry}': {Problem}";

    /// <summary>The entry of a line.</summary>
    internal static string AtLine(int line) => $"{Line}{line}";
}

/// <summary>Where faults of a file go: to whoever collects them, or else the first one ends the reading.</summary>
internal sealed class FaultSink(string path, Action<DatasetFault>? collect)
{
    /// <summary>Tells of an entry that is left out.</summary>
    /// <exception cref="DatasetException">Nobody collects faults.</exception>
    public void Add(string entry, string problem)
    {
        var fault = new DatasetFault(path, entry, problem);
        if (collect is null)
            throw new DatasetException(path, fault.Sentence);
        collect(fault);
    }

    /// <summary>The exception for what ends the reading whoever collects faults.</summary>
    public DatasetException End(string problem) => new(path, problem);
}
