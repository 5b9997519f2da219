using System.IO.Enumeration;
using System.Text.RegularExpressions;

namespace MogaSharp.Data;

/// <summary>
/// The files that a pattern names: braces with a range (<c>{0000..0127}</c>; leading zeros are kept) or a list (<c>{a,b}</c>) as
/// in WebDataset, then <c>*</c> and <c>?</c> in the name of the file.
/// </summary>
internal static partial class ShardPattern
{
    // What nobody means; a slip such as {0..99999999} must not take all memory.
    private const int MaxFiles = 1_000_000;

    /// <summary>Gives the files, those of braces in their order, those of wildcards ordinally sorted.</summary>
    /// <exception cref="DatasetException">The pattern cannot be read, a file does not exist, or nothing matches.</exception>
    public static string[] Expand(string pattern)
    {
        List<string> paths = [pattern];
        while (paths.Any(path => Braces().IsMatch(path)))
        {
            paths = [.. paths.SelectMany(path => ExpandFirst(path, pattern)).Take(MaxFiles + 1)];
            if (paths.Count > MaxFiles)
                throw new DatasetException(pattern, $"The braces name more than {MaxFiles} files.");
        }
        return [.. paths.SelectMany(Files)];
    }

    private static IEnumerable<string> ExpandFirst(string path, string pattern)
    {
        Match match = Braces().Match(path);
        if (!match.Success)
            return [path];
        string before = path[..match.Index],
            after = path[(match.Index + match.Length)..];
        if (!match.Groups["first"].Success)
            return match.Groups["list"].Value.Split(',').Select(part => before + part + after);
        string from = match.Groups["first"].Value,
            to = match.Groups["last"].Value;
        if (!long.TryParse(from, out long first) || !long.TryParse(to, out long last) || last < first || last - first >= MaxFiles)
            throw new DatasetException(pattern, $"'{match.Value}' is not a range of file numbers.");
        return Enumerable.Range(0, (int)(last - first) + 1).Select(i => $"{before}{(first + i).ToString($"D{from.Length}")}{after}");
    }

    private static IEnumerable<string> Files(string path)
    {
        string name = Path.GetFileName(path),
            folder = Path.GetDirectoryName(path) is { Length: > 0 } parent ? parent : ".";
        if (name.AsSpan().IndexOfAny('*', '?') < 0)
            return File.Exists(path) ? [path] : throw new DatasetException(path, "There is no such file.");
        if (!Directory.Exists(folder))
            throw new DatasetException(path, $"There is no folder '{folder}'.");
        // As in a shell, a wildcard does not stand for the dot of a hidden file, such as those that a Mac puts beside others.
        string[] found =
        [
            .. Directory
                .EnumerateFiles(folder)
                .Where(file => name[0] == '.' || Path.GetFileName(file)[0] != '.')
                .Where(file => FileSystemName.MatchesSimpleExpression(name, Path.GetFileName(file), ignoreCase: false))
                .Order(StringComparer.Ordinal),
        ];
        return found.Length > 0 ? found : throw new DatasetException(path, "No file matches.");
    }

    [GeneratedRegex(@"\{(?:(?<first>\d{1,18})\.\.(?<last>\d{1,18})|(?<list>[^{}]*,[^{}]*))\}", RegexOptions.CultureInvariant)]
    private static partial Regex Braces();
}
