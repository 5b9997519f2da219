using System.Collections.Immutable;
using System.Drawing;
using System.Globalization;

namespace MogaSharp.Data;

/// <summary>Files with the names of classes.</summary>
internal static class ClassList
{
    /// <summary>Reads a list of classes: a name in each line, and behind it a color as #rrggbb where there is one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">How many there may be.</param>
    /// <exception cref="DatasetException">It is empty or too long, or names a class twice.</exception>
    /// <exception cref="DatasetSpecException">There is no such file.</exception>
    public static ImmutableArray<ClassLabel> Read(string path, int most)
    {
        var classes = ImmutableArray.CreateBuilder<ClassLabel>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach ((int line, string text) in Lines(path, "class names"))
        {
            ClassLabel label = WithColor(text);
            if (!names.Add(label.Name))
                throw new DatasetException(path, $"Line {line}: The class '{label.Name}' is named twice.");
            if (classes.Count == most)
                throw new DatasetException(path, $"The file names more than {most} classes.");
            classes.Add(label);
        }

        return classes.Count > 0 ? classes.ToImmutable() : throw new DatasetException(path, "The file names no class.");
    }

    /// <summary>The lines of a file without blank ones, trimmed and numbered from 1.</summary>
    /// <param name="path">The file.</param>
    /// <param name="of">What it lists, for messages.</param>
    /// <exception cref="DatasetSpecException">There is no such file.</exception>
    public static IEnumerable<(int Line, string Text)> Lines(string path, string of)
    {
        if (!File.Exists(path))
            throw new DatasetSpecException($"There is no file '{path}' of {of}.");
        return File.ReadLines(path).Select((text, i) => (i + 1, text.Trim())).Where(line => line.Item2.Length > 0);
    }

    private static ClassLabel WithColor(string text)
    {
        int mark = text.LastIndexOf('#');
        if (mark > 0 && char.IsWhiteSpace(text[mark - 1]) && text.Length - mark == 7)
            if (int.TryParse(text.AsSpan(mark + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int color))
                return new ClassLabel(text[..mark].TrimEnd()) { Color = Color.FromArgb(byte.MaxValue, Color.FromArgb(color)) };
        return new ClassLabel(text);
    }
}
