using System.Collections.Immutable;
using System.Globalization;

namespace MogaSharp.Data;

/// <summary>The classes of a data set in YOLO's form: <c>names</c> in <c>data.yaml</c>, or else the lines of <c>classes.txt</c>. Of YAML
/// only
/// what such files have is understood: a list or a map from numbers, in brackets or line by line.</summary>
internal static class YoloNames
{
    /// <summary>Reads the classes.</summary>
    /// <exception cref="DatasetSpecException">There is no such file.</exception>
    /// <exception cref="DatasetException">The file does not say them.</exception>
    public static ImmutableArray<ClassLabel> Read(string folder)
    {
        foreach (string name in new[] { "data.yaml", "data.yml", "dataset.yaml" })
            if (File.Exists(Path.Combine(folder, name)))
                return FromYaml(Path.Combine(folder, name));
        string list = Path.Combine(folder, "classes.txt");
        return File.Exists(list)
            ? ClassList.Read(list, int.MaxValue)
            : throw new DatasetSpecException(
                $"The folder '{folder}' has neither a 'data.yaml' nor a 'classes.txt'; "
                    + "'?classes=FILE' names a file with a class in each line."
            );
    }

    private static ImmutableArray<ClassLabel> FromYaml(string path)
    {
        string[] lines = File.ReadAllLines(path);
        int at = Array.FindIndex(lines, line => line.StartsWith("names:", StringComparison.Ordinal));
        if (at < 0)
            throw new DatasetException(path, "There is no 'names'.");
        string value = WithoutComment(lines[at]["names:".Length..]);
        List<(int Line, string Text)> entries = value.Length > 0 ? InBrackets(path, lines, at, value) : LineByLine(lines, at);
        var names = new List<string>();
        foreach ((int line, string text) in entries)
        {
            string name = text;
            // An item of a list is no number with a colon; one of a map has to be the next one.
            int colon = text.IndexOf(':', StringComparison.Ordinal);
            if (text.StartsWith("- ", StringComparison.Ordinal))
                name = text[2..];
            else if (colon > 0 && int.TryParse(text[..colon], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                name =
                    number == names.Count
                        ? text[(colon + 1)..]
                        : throw new DatasetException(path, $"Line {line}: The class {number} follows on {names.Count - 1}.");
            name = Unquoted(name.Trim());
            if (name.Length == 0)
                throw new DatasetException(path, $"Line {line}: A class has no name.");
            if (names.Contains(name))
                throw new DatasetException(path, $"Line {line}: The class '{name}' is named twice.");
            names.Add(name);
        }

        return names.Count > 0
            ? [.. names.Select(name => new ClassLabel(name))]
            : throw new DatasetException(path, $"Line {at + 1}: The file names no class.");
    }

    private static List<(int Line, string Text)> InBrackets(string path, string[] lines, int at, string value)
    {
        char close =
            value[0] == '[' ? ']'
            : value[0] == '{' ? '}'
            : throw new DatasetException(path, $"Line {at + 1}: The 'names' are neither a list nor a map: '{value}'.");
        var entries = new List<(int, string)>();
        string rest = value[1..];
        for (int line = at; ; rest = WithoutComment(lines[line]))
        {
            (List<string> items, bool isClosed) = Split(rest, close);
            entries.AddRange(items.Select(item => (line + 1, item)));
            if (isClosed)
                return entries;
            if (++line == lines.Length)
                throw new DatasetException(path, $"Line {at + 1}: The 'names' are not closed by '{close}'.");
        }
    }

    // The parts between commas up to the bracket; none of them is empty.
    private static (List<string> Items, bool IsClosed) Split(string text, char close)
    {
        var items = new List<string>();
        int begin = 0;
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            if (quote != '\0')
                quote = text[i] == quote ? '\0' : quote;
            else if (IsQuote(text, i))
                quote = text[i];
            else if (text[i] == ',' || text[i] == close)
            {
                Add(text[begin..i]);
                begin = i + 1;
                if (text[i] == close)
                    return (items, true);
            }
        }

        Add(text[begin..]);
        return (items, false);

        void Add(string item)
        {
            if (!string.IsNullOrWhiteSpace(item))
                items.Add(item.Trim());
        }
    }

    // Indented lines, or those of a list that is not.
    private static List<(int Line, string Text)> LineByLine(string[] lines, int at)
    {
        var entries = new List<(int, string)>();
        for (int line = at + 1; line < lines.Length; line++)
        {
            string text = WithoutComment(lines[line]);
            if (text.Length == 0)
                continue;
            if (!char.IsWhiteSpace(lines[line][0]) && !text.StartsWith("- ", StringComparison.Ordinal))
                break;
            entries.Add((line + 1, text));
        }

        return entries;
    }

    private static string WithoutComment(string line)
    {
        char quote = '\0';
        for (int i = 0; i < line.Length; i++)
        {
            if (quote != '\0')
                quote = line[i] == quote ? '\0' : quote;
            else if (IsQuote(line, i))
                quote = line[i];
            else if (line[i] == '#' && (i == 0 || char.IsWhiteSpace(line[i - 1])))
                return line[..i].Trim();
        }

        return line.Trim();
    }

    // Within a word it is an apostrophe.
    private static bool IsQuote(string text, int at) => text[at] is '\'' or '"' && (at == 0 || !char.IsLetterOrDigit(text[at - 1]));

    private static string Unquoted(string text) =>
        text.Length >= 2 && text[0] == text[^1] && text[0] is '\'' or '"' ? text[1..^1].Trim() : text;
}
