namespace MogaSharp.Data;

/// <summary>
/// Lists folders and images as a data set counts them, and notes what it leaves out: hidden and system folders and files, files of other
/// formats, links that lead nowhere or in a circle, what cannot be read.
/// </summary>
internal sealed class FolderWalk(IReadOnlyList<string> extensions, DatasetNotes notes)
{
    // Deeper nesting means that a link leads back to a folder above it.
    private const int MaxDepth = 32;

    private static readonly EnumerationOptions All = new() { AttributesToSkip = default, IgnoreInaccessible = false };

    // Which entries are links is known from listing alone this way; asking for each file's attributes would read the disk for every image.
    private static readonly EnumerationOptions WithoutLinks = new()
    {
        AttributesToSkip = FileAttributes.ReparsePoint,
        IgnoreInaccessible = false,
    };

    /// <summary>The names of the folders in a folder that count, sorted ordinally; nothing when it cannot be read.</summary>
    public string[] Folders(string folder) => List(folder, Directory.EnumerateDirectories, FolderNames);

    /// <summary>The names of the images of a folder itself, sorted ordinally.</summary>
    public string[] ImagesIn(string folder) => List(folder, Directory.EnumerateFiles, ImageNames);

    /// <summary>The images of a folder and all folders below it, sorted by folder and then by name, all ordinally.</summary>
    public IEnumerable<string> Images(string folder) =>
        WithSubfolders(folder, 0)
            .Order(StringComparer.Ordinal)
            .SelectMany(inner => ImagesIn(inner).Select(name => Path.Combine(inner, name)));

    private IEnumerable<string> WithSubfolders(string folder, int depth)
    {
        if (depth > MaxDepth)
            throw new DatasetException(folder, $"Folders are nested more than {MaxDepth} deep, or a link leads to a folder above.");
        return Folders(folder)
            .Select(name => Path.Combine(folder, name))
            .SelectMany(inner => WithSubfolders(inner, depth + 1))
            .Prepend(folder);
    }

    private string[] List(
        string folder,
        Func<string, string, EnumerationOptions, IEnumerable<string>> enumerate,
        Func<string, HashSet<string>, string[], IEnumerable<string>> choose
    )
    {
        try
        {
            string[] names = [.. enumerate(folder, "*", All).Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)];
            HashSet<string> plain = [.. enumerate(folder, "*", WithoutLinks).Select(Path.GetFileName).OfType<string>()];
            return [.. choose(folder, plain, names)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            notes.Count("unreadable folder", folder, count => $"{DatasetNotes.Some(count, "folder")} cannot be read and left out");
            return [];
        }
    }

    private IEnumerable<string> FolderNames(string folder, HashSet<string> plain, string[] names)
    {
        foreach (string name in names)
        {
            string path = Path.Combine(folder, name);
            if (SystemNames.IsSystem(name))
                notes.Count("system folder", path, count => $"{DatasetNotes.Some(count, "hidden or system folder")} left out");
            else if (SystemNames.MayBeUndecodable(name) && !Directory.Exists(path))
                notes.Count(
                    "undecodable",
                    path,
                    count => $"{DatasetNotes.Some(count, "name")} that are not UTF-8 cannot be opened and are left out"
                );
            else if (!plain.Contains(name) && LeadsUp(path, folder))
                notes.Count("circle", path, count => $"{DatasetNotes.Some(count, "link")} to a folder above left out");
            else
                yield return name;
        }
    }

    private IEnumerable<string> ImageNames(string folder, HashSet<string> plain, string[] names)
    {
        foreach (string name in names)
        {
            string path = Path.Combine(folder, name);
            if (SystemNames.IsSystem(name))
                notes.Count("system file", path, count => $"{DatasetNotes.Some(count, "hidden or system file")} left out");
            else if (!extensions.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
                CountOther(name, path);
            else if (SystemNames.MayBeUndecodable(name) && !File.Exists(path))
                notes.Count(
                    "undecodable",
                    path,
                    count => $"{DatasetNotes.Some(count, "name")} that are not UTF-8 cannot be opened and are left out"
                );
            else if (!plain.Contains(name) && !LeadsToFile(path))
                notes.Count("dangling", path, count => $"{DatasetNotes.Some(count, "link")} to files that are not there left out");
            else
                yield return name;
        }
    }

    private void CountOther(string name, string path)
    {
        string ending = Path.GetExtension(name).ToLowerInvariant();
        string what = ending.Length is 0 or > 16 ? "file without a known ending" : $"{ending} file";
        notes.Count(
            $"other {what}",
            path,
            count => $"{DatasetNotes.Some(count, what, what.Replace("file", "files", StringComparison.Ordinal))} left out"
        );
    }

    // A link that leads nowhere exists by itself.
    private static bool LeadsToFile(string link)
    {
        try
        {
            return new FileInfo(link).ResolveLinkTarget(returnFinalTarget: true) is not { Exists: false };
        }
        catch (IOException)
        {
            // It leads back to itself.
            return false;
        }
    }

    // A link to the folder that it lies in, or to one above that.
    private static bool LeadsUp(string link, string folder)
    {
        string target = Real(link, 0) + Path.DirectorySeparatorChar,
            here = Real(folder, 0) + Path.DirectorySeparatorChar;
        return here.StartsWith(target, StringComparison.Ordinal);
    }

    // The path without any links in it, as far as they can be followed.
    private static string Real(string path, int depth)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (depth > MaxDepth || Path.GetDirectoryName(full) is not { } parent)
            return full;
        string here = Path.Combine(Real(parent, depth + 1), Path.GetFileName(full));
        return new DirectoryInfo(here).LinkTarget is { } target
            ? Real(Path.Combine(Path.GetDirectoryName(here)!, target), depth + 1)
            : here;
    }
}
