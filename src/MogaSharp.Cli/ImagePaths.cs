using System.Globalization;
using System.IO.Enumeration;
using MogaSharp.Data;

namespace MogaSharp.Cli;

/// <summary>Turns the paths of a command line into image files, and says what it leaves out.</summary>
internal static class ImagePaths
{
    /// <summary>The path that stands for stdin.</summary>
    public const string Stdin = "-";

    private const string AnyFolders = "**";

    // Counting what is left out may not take longer than what is asked for.
    private const int MaxCounted = 10_000;

    /// <summary>
    /// Files as they are, the images of folders, the matches of globs: <c>*</c> and <c>?</c> within a name, <c>**</c> for any folders,
    /// each in the order of names. A folder stands for the images that lie in it; where none does, for those of the folders below. <c>-</c>
    /// is stdin.
    /// </summary>
    /// <param name="paths">The paths.</param>
    /// <param name="notices">Receives what is left out.</param>
    /// <exception cref="UsageException">A path does not exist, a folder has no image, a glob matches nothing, or stdin is read
    /// twice.</exception>
    public static IReadOnlyList<string> Expand(IReadOnlyCollection<string> paths, Notices notices)
    {
        if (paths.Count(path => path == Stdin) > 1)
            throw new UsageException("'-' stands for stdin, which can be read only once.");
        return [.. paths.SelectMany(path => Expand(path, notices))];
    }

    /// <summary>Why a file that was found by its name is not there when it is opened; null where its name and its being a link are not the
    /// reason.</summary>
    public static string? WhyMissing(string path)
    {
        if (path.Length == 0)
            return null;
        if (path.Contains('\uFFFD', StringComparison.Ordinal))
            return "The name is not valid UTF-8; rename the file (convmv does it for whole folders).";
        return new FileInfo(path).LinkTarget is { } target ? $"This is a link to '{target}', which does not exist." : null;
    }

    private static IEnumerable<string> Expand(string path, Notices notices)
    {
        if (path == Stdin || File.Exists(path))
            return [path];
        if (Directory.Exists(path))
            return OfFolder(path, notices);
        if (!IsGlob(path))
            throw new UsageException(WhyMissing(path) is { } why ? $"{path}: {why}" : $"There is no file or folder '{path}'.");
        string[] matches = [.. Matches(path).Distinct().Order(StringComparer.Ordinal)];
        return matches.Length > 0 ? matches : throw new UsageException($"Nothing matches '{path}'.");
    }

    private static string[] OfFolder(string folder, Notices notices)
    {
        string[] images = [.. ImagesIn(folder, notices).Order(StringComparer.Ordinal)];
        IEnumerable<string> below = WithSubfolders(folder).Skip(1).SelectMany(inner => ImagesIn(inner, notices: null));
        string pattern = Path.Combine(folder, AnyFolders);
        if (images.Length > 0)
        {
            int left = below.Take(MaxCounted).Count();
            if (left > 0)
            {
                string count = $"{(left == MaxCounted ? "at least " : "")}{left.ToString("N0", CultureInfo.InvariantCulture)}";
                notices.Add($"{count} image{(left == 1 ? "" : "s")} in folders below '{folder}' left out; '{pattern}' takes them");
            }

            return images;
        }

        images = [.. below.Order(StringComparer.Ordinal)];
        if (images.Length == 0)
            throw new UsageException(
                $"The folder '{folder}' has no image, nor has any folder below it ({string.Join(' ', ImageFolder.DefaultExtensions)})."
            );
        notices.Add(
            $"no image lies in '{folder}' itself: the {images.Length.ToString("N0", CultureInfo.InvariantCulture)} of the folders "
                + $"below are taken, as by '{pattern}'"
        );
        return images;
    }

    private static List<string> ImagesIn(string folder, Notices? notices)
    {
        var images = new List<string>();
        foreach (string path in Directory.EnumerateFiles(folder))
        {
            string name = Path.GetFileName(path);
            if (!IsImage(name))
                continue;
            if (!name.StartsWith('.'))
                images.Add(path);
            else
                notices?.Count(
                    $"hidden in {folder}",
                    name,
                    count => $"{count} hidden file{(count == 1 ? "" : "s")} in '{folder}' left out"
                );
        }

        return images;
    }

    private static bool IsImage(string path) =>
        ImageFolder.DefaultExtensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    private static bool IsGlob(string part) => part.AsSpan().IndexOfAny('*', '?') >= 0;

    private static IEnumerable<string> Matches(string glob)
    {
        string[] parts = glob.Split(Path.DirectorySeparatorChar);
        IEnumerable<string> folders = [""];
        if (parts[0].Length == 0)
            (folders, parts) = ([Path.DirectorySeparatorChar.ToString()], parts[1..]);
        foreach (string part in parts[..^1])
            folders = folders.SelectMany(folder => Folders(folder, part));
        string last = parts[^1] == AnyFolders ? "*" : parts[^1];
        if (parts[^1] == AnyFolders)
            folders = folders.SelectMany(WithSubfolders);
        return folders
            .SelectMany(folder => Names(folder, last, Directory.EnumerateFiles))
            .Where(path => parts[^1] != AnyFolders || IsImage(path));
    }

    private static IEnumerable<string> Folders(string folder, string part)
    {
        if (part == AnyFolders)
            return WithSubfolders(folder);
        if (IsGlob(part))
            return Names(folder, part, Directory.EnumerateDirectories);
        string inner = Path.Combine(folder, part);
        return part.Length == 0 ? [folder]
            : Directory.Exists(inner) ? [inner]
            : [];
    }

    // Links are not followed: one may lead back to a folder above.
    private static IEnumerable<string> WithSubfolders(string folder) =>
        Names(folder, "*", Directory.EnumerateDirectories)
            .Where(inner => new DirectoryInfo(inner).LinkTarget is null)
            .SelectMany(WithSubfolders)
            .Prepend(folder);

    // As in a shell, hidden names must be asked for.
    private static IEnumerable<string> Names(string folder, string pattern, Func<string, IEnumerable<string>> list) =>
        list(folder.Length == 0 ? "." : folder)
            .Select(path => Path.GetFileName(path))
            .Where(name =>
                FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false) && (name[0] != '.' || pattern[0] == '.')
            )
            .Select(name => Path.Combine(folder, name));
}
