using Microsoft.Extensions.FileSystemGlobbing;
using MogaSharp.Data;

namespace MogaSharp.Cli;

/// <summary>Turns the paths of a command line into picture files.</summary>
internal static class PicturePaths
{
    /// <summary>Files as they are, the pictures of folders, the matches of globs (<c>*</c>, <c>**</c>, <c>?</c>), each in the order of names.</summary>
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

        if (path.AsSpan().IndexOfAny('*', '?') < 0) throw new UsageException($"there is no file or folder '{path}'");
        string root = Root(path);
        string pattern = Path.GetRelativePath(root, path);
        // The library knows * and ** but no ?; a single character is matched by hand afterwards.
        var matcher = new Matcher(StringComparison.Ordinal).AddInclude(pattern.Replace('?', '*'));
        string[] matches = Directory.Exists(root)
            ? [.. matcher.GetResultsInFullPath(root).Select(match => Path.GetRelativePath(Directory.GetCurrentDirectory(), match))
                .Where(match => MatchesSingles(pattern, match)).Order(StringComparer.Ordinal)]
            : [];
        return matches.Length > 0 ? matches : throw new UsageException($"nothing matches '{path}'");
    }

    private static bool IsPicture(string path) => ImageFolder.DefaultExtensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    private static bool MatchesSingles(string pattern, string match) =>
        !pattern.Contains('?', StringComparison.Ordinal)
        || System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(Path.GetFileName(pattern), Path.GetFileName(match), ignoreCase: false);

    // The part of a glob before its first wildcard.
    private static string Root(string glob)
    {
        string[] fixedParts = [.. glob.Split(Path.DirectorySeparatorChar).TakeWhile(part => part.AsSpan().IndexOfAny('*', '?') < 0)];
        string root = string.Join(Path.DirectorySeparatorChar, fixedParts);
        return root.Length > 0 ? root : glob.StartsWith(Path.DirectorySeparatorChar) ? Path.DirectorySeparatorChar.ToString() : ".";
    }
}
