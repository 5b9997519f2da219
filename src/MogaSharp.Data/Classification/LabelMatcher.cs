using System.Globalization;

namespace MogaSharp.Data;

/// <summary>Finds the model output that belongs to each class folder.</summary>
public static class LabelMatcher
{
    /// <summary>
    /// Finds the classes that names mean: by WordNet id, name or synonym. An exact name wins; else the form of Unicode, case, blanks around
    /// it, and a space or an underscore do not matter.
    /// </summary>
    /// <param name="names">The names, such as those of class folders.</param>
    /// <param name="labels">The classes.</param>
    /// <returns>For each name the index of its class; null where there is none, or more than one.</returns>
    public static IReadOnlyList<int?> Match(IReadOnlyList<string> names, IReadOnlyList<ClassLabel> labels) =>
        [.. Candidates(names, labels).Select(found => found is [int only] ? only : (int?)null)];

    /// <summary>
    /// Gives the index of each folder's class. When folders match labels, all must, each another one. When none does, and there
    /// are as many folders as labels, the sorted folders are the labels in their order.
    /// </summary>
    /// <param name="folders">The folders that hold images.</param>
    /// <param name="all">All class folders, which may be as many as the labels where those with images are not.</param>
    /// <param name="labels">The classes.</param>
    /// <param name="root">The data set's folder, for messages.</param>
    /// <param name="order">The order of folders that match nothing; null when that is an error.</param>
    /// <param name="notes">Receives what was guessed.</param>
    internal static Dictionary<string, int> Match(
        IReadOnlyList<string> folders,
        IReadOnlyList<string> all,
        IReadOnlyList<ClassLabel> labels,
        string root,
        ClassOrder? order,
        DatasetNotes notes
    )
    {
        int[]?[] found = Candidates(folders, labels);
        if (found.All(candidates => candidates is null))
        {
            if (order is null)
            {
                string[] classes = [.. labels.Select(label => label.Name)];
                throw new DatasetException(
                    root,
                    $"No folder is named like a class; the folders are {DatasetNotes.Names(folders)}, the classes "
                        + $"{DatasetNotes.Names(classes)}."
                );
            }
            IReadOnlyList<string> taken = folders.Count == labels.Count ? folders : all;
            return taken.Count == labels.Count
                ? InOrder(taken, labels, order.Value, notes)
                : throw new DatasetException(
                    root,
                    $"No folder is named like a class, and there are {taken.Count} folders for {labels.Count} classes."
                );
        }
        for (int i = 0; i < folders.Count; i++)
        {
            if (found[i] is null)
            {
                string[] classes = [.. labels.Select(label => label.Name)];
                throw new DatasetException(
                    root,
                    $"The folder '{folders[i]}' is named like no class, though others are; the classes are {DatasetNotes.Names(classes)}."
                );
            }
            if (found[i] is [var first, var second, ..])
                throw new DatasetException(root, $"The folder '{folders[i]}' may be class {first} or class {second}; use the WordNet id.");
        }
        Dictionary<string, int> indices = ImageFolder
            .Places(folders)
            .ToDictionary(pair => pair.Key, pair => found[pair.Value]![0], StringComparer.Ordinal);
        if (indices.GroupBy(pair => pair.Value).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            string[] both = [.. twice.Select(pair => $"'{pair.Key}'").Order(StringComparer.Ordinal)];
            throw new DatasetException(
                root,
                $"Two folders are named like class {twice.Key} ({labels[twice.Key].Name}): {both[0]} and {both[1]}."
            );
        }
        foreach ((string folder, int index) in indices)
        {
            // That a space may be an underscore is usual.
            if (Names(labels[index]).Append(labels[index].WordNetId).Any(name => name?.Replace(' ', '_') == folder.Replace(' ', '_')))
                continue;
            notes.Count(
                "spelling",
                $"'{folder}' for '{labels[index].Name}'",
                count =>
                    $"{DatasetNotes.Some(count, "class folder is", "class folders are")} spelled unlike the class, by case, blanks or "
                    + "the form of Unicode"
            );
        }
        return indices;
    }

    /// <summary>Whether two names are the same but for case, the form of Unicode, blanks around them, and underscores.</summary>
    public static bool IsSame(string a, string b) => Plain(a) == Plain(b);

    /// <summary>The classes that each folder may mean; null for none.</summary>
    // An exact name wins over one that is only alike, so that A and a can be two classes; what one folder has exactly, another does not get
    // by likeness.
    internal static int[]?[] Candidates(IReadOnlyList<string> folders, IReadOnlyList<ClassLabel> labels)
    {
        ILookup<string, int> ids = Lookup(label => label.WordNetId is { } id ? [id] : []),
            exact = Lookup(Names),
            alike = Lookup(label => Names(label).Select(Plain));
        int[]?[] found = [.. folders.Select(folder => Found(ids[folder]) ?? Found(exact[folder]))];
        HashSet<int> taken = [.. found.Where(candidates => candidates is { Length: 1 }).Select(candidates => candidates![0])];
        for (int i = 0; i < folders.Count; i++)
            found[i] ??= Found(alike[Plain(folders[i])].Where(index => !taken.Contains(index)));
        return found;

        ILookup<string, int> Lookup(Func<ClassLabel, IEnumerable<string>> names) =>
            labels
                .SelectMany((label, i) => names(label).Distinct().Select(name => (Name: name, Index: i)))
                .ToLookup(pair => pair.Name, pair => pair.Index, StringComparer.Ordinal);

        static int[]? Found(IEnumerable<int> indices) => indices.ToArray() is { Length: > 0 } some ? some : null;
    }

    private static Dictionary<string, int> InOrder(
        IReadOnlyList<string> folders,
        IReadOnlyList<ClassLabel> labels,
        ClassOrder order,
        DatasetNotes notes
    )
    {
        string[] natural = [.. folders.Order(NaturalClassOrder.Instance)],
            ordinal = [.. folders.Order(StringComparer.Ordinal)];
        bool unlike = !natural.SequenceEqual(ordinal),
            named = !labels.Select((label, i) => label.Name == i.ToString(CultureInfo.InvariantCulture)).All(isNumber => isNumber);
        int first = Enumerable.Range(0, natural.Length).FirstOrDefault(i => natural[i] != ordinal[i]);
        string example = unlike
            ? $" ({(order == ClassOrder.Natural ? natural : ordinal)[first]} before "
                + $"{(order == ClassOrder.Natural ? ordinal : natural)[first]})"
            : "";
        string rule = order == ClassOrder.Natural ? $"natural order as timm{example}" : $"ordinal order as torchvision{example}";
        string other =
            !unlike ? ""
            : order == ClassOrder.Natural ? "; '?order=ordinal' takes torchvision's"
            : "; '?order=natural' takes timm's";
        if (unlike || named)
            notes.Add(
                "the order of classes is a guess, as "
                    + $"{(named ? "no folder is named like a class of the model" : "the model has no names of classes")}: {rule}{other}"
            );
        return ImageFolder.Places(order == ClassOrder.Natural ? natural : ordinal);
    }

    private static IEnumerable<string> Names(ClassLabel label) => (label.Synonyms ?? []).Prepend(label.Name);

    private static string Plain(string name) => CanonicalForm.Of(name).Trim().Replace(' ', '_').ToUpperInvariant();
}
