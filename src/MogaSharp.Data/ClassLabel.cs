namespace MogaSharp.Data;

/// <summary>One class of a model, in the order of its outputs.</summary>
/// <param name="Name">The name to show.</param>
/// <param name="WordNetId">The WordNet id, such as n01440764, if the class has one.</param>
/// <param name="Synonyms">Other names of the class.</param>
public sealed record ClassLabel(string Name, string? WordNetId = null, IReadOnlyList<string>? Synonyms = null);

/// <summary>Finds the model output that belongs to each class folder.</summary>
internal static class LabelMatcher
{
    /// <summary>
    /// Gives the index of each folder's class. When folders match labels, all must, each another one. When none does, and there
    /// are as many folders as labels, the sorted folders are the labels in their order.
    /// </summary>
    public static int[] Match(IReadOnlyList<string> folders, IReadOnlyList<ClassLabel> labels, string root)
    {
        List<int>[] candidates = [.. folders.Select(folder => Candidates(folder, labels))];
        if (candidates.All(found => found.Count == 0))
        {
            return folders.Count == labels.Count
                ? [.. Enumerable.Range(0, folders.Count)]
                : throw new DatasetException(root, $"no folder is named like a class, and there are {folders.Count} folders for {labels.Count} classes");
        }
        for (int i = 0; i < folders.Count; i++)
        {
            if (candidates[i].Count == 0) throw new DatasetException(root, $"the folder '{folders[i]}' is named like no class, though others are");
            if (candidates[i].Count > 1)
                throw new DatasetException(root, $"the folder '{folders[i]}' may be class {candidates[i][0]} or class {candidates[i][1]}; use the WordNet id");
        }
        int[] indices = [.. candidates.Select(found => found[0])];
        if (indices.GroupBy(index => index).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new DatasetException(root, $"two folders are named like class {twice.Key} ({labels[twice.Key].Name})");
        return indices;
    }

    private static List<int> Candidates(string folder, IReadOnlyList<ClassLabel> labels)
    {
        List<int> found = [.. Indices(labels, label => label.WordNetId == folder)];
        return found.Count > 0 ? found : [.. Indices(labels, label => (label.Synonyms ?? []).Prepend(label.Name).Any(name => IsSame(name, folder)))];
    }

    private static IEnumerable<int> Indices(IReadOnlyList<ClassLabel> labels, Func<ClassLabel, bool> fits) =>
        Enumerable.Range(0, labels.Count).Where(i => fits(labels[i]));

    private static bool IsSame(string name, string folder) =>
        string.Equals(name.Replace(' ', '_'), folder.Replace(' ', '_'), StringComparison.OrdinalIgnoreCase);
}
