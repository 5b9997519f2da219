using System.IO.Enumeration;
using MogaSharp.Data;

namespace MogaSharp.Cli;

/// <summary>Turns the paths of a command line into picture files.</summary>
internal static class PicturePaths
{
    private const string AnyFolders = "**";

    /// <summary>
    /// Files as they are, the pictures of folders, the matches of globs: <c>*</c> and <c>?</c> within a name, <c>**</c> for any folders,
    /// each in the order of names.
    /// </summary>
    /// <exception cref="UsageException">A path does not exist, a folder has no picture, or a glob matches nothing.</exception>
    public static IReadOnlyList<string> Expand(IEnumerable<string> paths) => [.. paths.SelectMany(Expand)];

    private static IEnumerable<string> Expand(string path)
    {
        if (File.Exists(path)) return [path];
        if (Directory.Exists(path))
        {
            string[] pictures = [.. Directory.EnumerateFiles(path).Where(IsPicture).Order(StringComparer.Ordinal)];
            return pictures.Length > 0 ? pictures : throw new UsageException($"the folder '{path}' has no picture ({string.Join(' ', ImageFolder.DefaultExtensions)})");
        }

        if (!IsGlob(path)) throw new UsageException($"there is no file or folder '{path}'");
        string[] matches = [.. Matches(path).Distinct().Order(StringComparer.Ordinal)];
        return matches.Length > 0 ? matches : throw new UsageException($"nothing matches '{path}'");
    }

    private static bool IsPicture(string path) => ImageFolder.DefaultExtensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    private static bool IsGlob(string part) => part.AsSpan().IndexOfAny('*', '?') >= 0;

    private static IEnumerable<string> Matches(string glob)
    {
        string[] parts = glob.Split(Path.DirectorySeparatorChar);
        IEnumerable<string> folders = [""];
        if (parts[0].Length == 0) (folders, parts) = ([Path.DirectorySeparatorChar.ToString()], parts[1..]);
        foreach (string part in parts[..^1]) folders = folders.SelectMany(folder => Folders(folder, part));
        string last = parts[^1] == AnyFolders ? "*" : parts[^1];
        if (parts[^1] == AnyFolders) folders = folders.SelectMany(WithSubfolders);
        return folders.SelectMany(folder => Names(folder, last, Directory.EnumerateFiles)).Where(path => parts[^1] != AnyFolders || IsPicture(path));
    }

    private static IEnumerable<string> Folders(string folder, string part)
    {
        if (part == AnyFolders) return WithSubfolders(folder);
        if (IsGlob(part)) return Names(folder, part, Directory.EnumerateDirectories);
        string inner = Path.Combine(folder, part);
        return part.Length == 0 ? [folder] : Directory.Exists(inner) ? [inner] : [];
    }

    // Links are not followed: one may lead back to a folder above.
    private static IEnumerable<string> WithSubfolders(string folder) => Names(folder, "*", Directory.EnumerateDirectories)
        .Where(inner => new DirectoryInfo(inner).LinkTarget is null).SelectMany(WithSubfolders).Prepend(folder);

    // As in a shell, hidden names must be asked for.
    private static IEnumerable<string> Names(string folder, string pattern, Func<string, IEnumerable<string>> list) =>
        list(folder.Length == 0 ? "." : folder).Select(path => Path.GetFileName(path))
            .Where(name => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false) && (name[0] != '.' || pattern[0] == '.'))
            .Select(name => Path.Combine(folder, name));
}
