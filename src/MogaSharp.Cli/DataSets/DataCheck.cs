using System.Text.Json.Serialization;
using MogaSharp.Data;

namespace MogaSharp.Cli;

/// <summary>Checks a data set part by part.</summary>
/// <param name="text">The data, as it was named.</param>
/// <param name="module">The task that it is for.</param>
/// <param name="decode">Whether to decode all images.</param>
internal sealed class DataCheck(string text, TaskModule module, bool decode)
{
    private readonly CheckedData _data = module.ToCheck(text);

    // What both parts have in common would be told twice.
    private readonly OrderedDictionary<DatasetFault, string> _faults = [];

    /// <summary>Checks it.</summary>
    /// <param name="splits">The parts; all that there are when empty.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DatasetSpecException">There is no such file or folder.</exception>
    public CheckedSet Run(IReadOnlyList<DatasetSplit> splits, Action<double, string> progress, CancellationToken cancellationToken)
    {
        if (splits.Count == 0)
            splits = _data.HasSeparateSplits() ? [DatasetSplit.Train, DatasetSplit.Test] : [DatasetSplit.Train];
        IImageDataset? train = null;
        var parts = new List<CheckedPart>();
        foreach (DatasetSplit split in splits)
        {
            string name = split.ToString().ToLowerInvariant();
            // Opening reads all annotations.
            progress(0, $"{name}: annotations");
            IImageDataset? set = Open(split, train, name);
            if (set is null)
                continue;
            using var owner = set as IDisposable;
            train ??= set;
            DatasetSummary found = DatasetCheck.Run(
                set,
                fault => _faults.TryAdd(fault, name),
                decode,
                done => progress((double)done / set.Count, $"{name}: {done} of {set.Count}"),
                cancellationToken
            );
            Notices.OfThisRun.AddRange(found.Notes.Select(note => $"{name}: {note}"));
            parts.Add(new CheckedPart(name, found.Images, found.Objects, [.. found.Classes], found.Notes));
        }

        return new CheckedSet(
            text,
            module.Task.Name,
            [.. parts],
            [.. _faults.Select(fault => new FoundFault(fault.Value, fault.Key.File, fault.Key.Entry, fault.Key.Problem))]
        );
    }

    private IImageDataset? Open(DatasetSplit split, IImageDataset? train, string name)
    {
        try
        {
            return _data.Open(split, train, fault => _faults.TryAdd(fault, name));
        }
        catch (DatasetException end)
        {
            _faults.TryAdd(new DatasetFault(end.DatasetPath, "", end.Problem), name);
            return null;
        }
    }
}

/// <summary>What <c>moga data check --json</c> prints of a data set.</summary>
internal sealed record CheckedSet(string Data, string Task, CheckedPart[] Parts, FoundFault[] Faults);

/// <summary>What a part of a data set holds.</summary>
internal sealed record CheckedPart(string Part, int Images, int? Objects, ClassCount[] Classes, IReadOnlyList<string> Notes);

/// <summary>A fault, and the part in which it was met first.</summary>
internal sealed record FoundFault(string Part, string File, string Entry, string Problem)
{
    /// <summary>All of it in one line.</summary>
    [JsonIgnore]
    public string Sentence => new DatasetFault(File, Entry, Problem).ToString();
}
