using System.Collections.Immutable;

namespace MogaSharp.Data;

/// <summary>How often a class occurs.</summary>
/// <param name="Name">The class.</param>
/// <param name="Images">The images that it occurs in.</param>
/// <param name="Objects">Its objects; as many as images where classes are those of images or of pixels.</param>
public sealed record ClassCount(string Name, int Images, int Objects);

/// <summary>What a data set holds.</summary>
/// <param name="Images">Its images.</param>
/// <param name="Objects">Their objects or people; null where the set has none but classes of images or of pixels.</param>
/// <param name="Classes">The classes in their order.</param>
/// <param name="Notes">What was left out or guessed, and what is unusual and yet not wrong, each a clause without a full stop.</param>
public sealed record DatasetSummary(int Images, int? Objects, ImmutableArray<ClassCount> Classes, IReadOnlyList<string> Notes);

/// <summary>Looks at all items of a data set, for faults that would only be found while it is used.</summary>
public static class DatasetCheck
{
    /// <summary>Reads the header of each image, or all of it, and all annotations. Items are read on all processors.</summary>
    /// <param name="set">The data set; what opening it left out is not looked at.</param>
    /// <param name="collect">Is told of every fault, in the order of the items.</param>
    /// <param name="decode">Whether to decode every image too, which finds damaged pixels and takes as long as reading an epoch.</param>
    /// <param name="progress">Is told how many items were read, from many threads at once.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="Imaging.ImagingUnavailableException">libvips cannot be loaded.</exception>
    public static DatasetSummary Run(
        IImageDataset set,
        Action<DatasetFault> collect,
        bool decode = false,
        Action<int>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        var seen = new SeenItem[set.Count];
        int done = 0;
        Parallel.For(
            0,
            set.Count,
            new ParallelOptions { CancellationToken = cancellationToken },
            i =>
            {
                seen[i] = SeenItem.Of(set[i], decode);
                progress?.Invoke(Interlocked.Increment(ref done));
            }
        );
        foreach (DatasetFault fault in seen.SelectMany(item => item.Faults))
            collect(fault);
        var tally = new DatasetTally(set);
        for (int i = 0; i < seen.Length; i++)
            tally.Add(set[i].Name, seen[i]);
        return tally.ToSummary();
    }
}
