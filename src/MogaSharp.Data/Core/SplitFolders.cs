namespace MogaSharp.Data;

/// <summary>A part of a data set of folders.</summary>
/// <param name="Folder">Where it lies.</param>
/// <param name="Notes">What was guessed or left out to find it.</param>
internal sealed record SplitFolder(string Folder, IReadOnlyList<string> Notes);

/// <summary>
/// Finds the parts of a data set by the names of its folders, those that Hugging Face's data sets know, in any case. To evaluate on,
/// validation comes before test. A folder without such parts is the same for both.
/// </summary>
internal static class SplitFolders
{
    private static readonly string[] Train = ["train", "training"];
    private static readonly string[] Validation = ["val", "valid", "validation", "dev"];
    private static readonly string[] Test = ["test", "testing", "eval", "evaluation"];

    /// <summary>Finds a part.</summary>
    /// <param name="root">The data set's folder, which exists.</param>
    /// <param name="split">The part.</param>
    /// <param name="named">The folders that options name for training and testing; null where they do not.</param>
    /// <param name="testOption">How the option for the second is called.</param>
    /// <param name="isPart">Whether a folder of such a name is a part, not a class that is called so.</param>
    /// <returns>The part; null when there is one to train on but none to test with.</returns>
    /// <exception cref="DatasetSpecException">A named folder is not there, or it is not clear which folder is meant.</exception>
    public static SplitFolder? Find(
        string root,
        DatasetSplit split,
        (string? Train, string? Test) named,
        string testOption,
        Func<string, bool> isPart
    )
    {
        if ((split == DatasetSplit.Train ? named.Train : named.Test) is { } own)
        {
            string folder = Path.Combine(root, own);
            return Directory.Exists(folder)
                ? new SplitFolder(folder, [])
                : throw new DatasetSpecException($"There is no folder '{folder}'.");
        }
        string[] names = Names(root);
        if (
            names is [var only]
            && !IsPart(only, [.. Train, .. Validation, .. Test])
            && Names(Path.Combine(root, only)).Any(name => Has(Train, name))
        )
            throw new DatasetSpecException(
                $"The folder '{root}' holds nothing but the folder '{only}', in which the parts are; write '{Path.Combine(root, only)}'."
            );
        string[] train = Parts(Train),
            validation = Parts(Validation),
            test = Parts(Test);
        string[] others =
        [
            .. names
                .Except([.. train, .. validation, .. test])
                .Where(name => name != named.Train && name != named.Test)
                .Order(StringComparer.Ordinal),
        ];
        if (train.Length == 0 && named.Train is null && (validation.Length + test.Length == 0 || others.Length > 0))
            return new SplitFolder(root, []);
        if (split == DatasetSplit.Train)
        {
            if (train.Length == 0)
                throw new DatasetSpecException($"The folder '{root}' has no folder 'train'; '?train=NAME' says which one to train on.");
            return new SplitFolder(Path.Combine(root, One(train, "train")), Beside());
        }
        if (validation.Length > 0)
        {
            string chosen = One(validation, testOption);
            string[] note = test.Length > 0 ? [$"evaluated on '{chosen}', not on '{test[0]}'; '?{testOption}={test[0]}' takes that"] : [];
            return new SplitFolder(Path.Combine(root, chosen), note);
        }
        if (test.Length > 0)
        {
            string chosen = One(test, testOption);
            return new SplitFolder(
                Path.Combine(root, chosen),
                [$"evaluated on '{chosen}', as there is no part for validation; in training it also decides which epoch is the best"]
            );
        }
        _ = Beside();
        return null;

        bool IsPart(string name, string[] known) => Has(known, name) && isPart(Path.Combine(root, name));

        string[] Parts(string[] known) => [.. names.Where(name => IsPart(name, known)).Order(StringComparer.Ordinal)];

        string One(string[] found, string option) =>
            found.Length == 1
                ? found[0]
                : throw new DatasetSpecException(
                    $"The folder '{root}' has '{found[0]}' and '{found[1]}' for the same part; '?{option}={found[0]}' says which one "
                        + "is meant."
                );

        // A class may be called train, and hold folders as others do not.
        string[] Beside()
        {
            if (others.Length == 0)
                return [];
            string list = DatasetNotes.Names(others);
            if (named.Test is null && validation.Length + test.Length == 0 && others.Any(name => HasImages(Path.Combine(root, name))))
            {
                throw new DatasetSpecException(
                    $"The folder '{root}' has the folder '{train.FirstOrDefault() ?? named.Train}' and beside it others with images "
                        + $"({list}); write '?train=.' if all of them are classes, or '?{testOption}=NAME' for the one to evaluate on."
                );
            }
            return [$"{DatasetNotes.Some(others.Length, "folder")} beside the parts left out ({list})"];
        }
    }

    private static bool Has(string[] known, string name) => known.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static string[] Names(string folder)
    {
        try
        {
            return
            [
                .. Directory
                    .EnumerateDirectories(folder)
                    .Select(Path.GetFileName)
                    .OfType<string>()
                    .Where(name => !SystemNames.IsSystem(name)),
            ];
        }
        catch (UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static bool HasImages(string folder) =>
        Directory
            .EnumerateFiles(folder)
            .Any(file => ImageFolder.DefaultExtensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase));

    /// <summary>What to say where there is nothing to test with.</summary>
    /// <param name="root">The data set's folder.</param>
    /// <param name="train">The part to train on.</param>
    /// <param name="testOption">How the option is called that names the other part.</param>
    /// <param name="of">What the folders hold, such as " with class folders".</param>
    public static DatasetSpecException NothingToTestWith(string root, string train, string testOption, string of = "")
    {
        string known = string.Join(", ", Validation.Concat(Test).Select(name => $"'{name}'"));
        return new(
            $"the folder '{root}' has a folder '{Path.GetFileName(train)}' but none of {known}{of}; '?{testOption}=NAME' names another"
        );
    }

    /// <summary>Whether a folder holds folders that could be classes.</summary>
    public static bool HasFolders(string folder) => Names(folder).Length > 0;
}
