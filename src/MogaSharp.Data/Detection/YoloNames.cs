using System.Collections.Immutable;
using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace MogaSharp.Data;

/// <summary>The classes of a data set in YOLO's form: <c>names</c> in <c>data.yaml</c>, a list or a map from numbers, or else the lines of
/// <c>classes.txt</c>.</summary>
internal static class YoloNames
{
    private const int DeepestNesting = 64;

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

    // Event by event: the tree of a hostile file may be deeper than a stack.
    private static ImmutableArray<ClassLabel> FromYaml(string path)
    {
        using StreamReader text = File.OpenText(path);
        var parser = new Parser(text);
        try
        {
            parser.Consume<StreamStart>();
            if (parser.TryConsume<DocumentStart>(out _) && parser.TryConsume<MappingStart>(out _))
            {
                while (!parser.Accept<MappingEnd>(out _))
                {
                    if (parser.TryConsume<Scalar>(out Scalar? key) && key.Value == "names")
                        return Names(path, parser);
                    if (key is null)
                        Skip(path, parser);
                    Skip(path, parser);
                }
            }
        }
        // The library's scanner throws the second kind where a file ends within a word.
        catch (Exception wrong) when (wrong is YamlException or InvalidOperationException)
        {
            long line = (wrong as YamlException)?.Start.Line ?? parser.Current?.End.Line ?? 1;
            throw new DatasetException(path, $"Line {line}: The file is not proper YAML: {wrong.Message.TrimEnd('.')}.", wrong);
        }

        throw new DatasetException(path, "There is no 'names'.");
    }

    // The time of the library's scanner grows with the square of the depth.
    private static void Skip(string path, Parser parser)
    {
        int depth = 0;
        do
        {
            ParsingEvent part = parser.Consume<ParsingEvent>();
            depth += part.NestingIncrease;
            if (depth > DeepestNesting)
                throw new DatasetException(path, $"Line {part.Start.Line}: Values are nested more than {DeepestNesting} deep.");
        } while (depth > 0);
    }

    private static ImmutableArray<ClassLabel> Names(string path, Parser parser)
    {
        ParsingEvent value = parser.Consume<ParsingEvent>();
        bool isMap = value is MappingStart;
        if (!isMap && value is not SequenceStart)
            throw value is Scalar { Value: "" }
                ? Wrong(value, "The file names no class.")
                : Wrong(value, $"The 'names' are neither a list nor a map{(value is Scalar one ? $": '{one.Value}'" : "")}.");
        var names = new OrderedDictionary<string, ClassLabel>(StringComparer.Ordinal);
        while (!parser.Accept<MappingEnd>(out _) && !parser.Accept<SequenceEnd>(out _))
        {
            Scalar entry = Word(parser);
            if (isMap)
            {
                if (!int.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                    throw Wrong(entry, $"'{entry.Value}' is not the number of a class.");
                if (number != names.Count)
                    throw Wrong(entry, $"The class {number} follows on {names.Count - 1}.");
                entry = Word(parser);
            }

            string name = entry.Value.Trim();
            if (name.Length == 0)
                throw Wrong(entry, "A class has no name.");
            if (!names.TryAdd(name, new ClassLabel(name)))
                throw Wrong(entry, $"The class '{name}' is named twice.");
        }

        return names.Count > 0 ? [.. names.Values] : throw Wrong(value, "The file names no class.");

        Scalar Word(Parser events) =>
            events.TryConsume<Scalar>(out Scalar? word)
                ? word
                : throw Wrong(events.Current!, "The name of a class is a word, not a list or a map.");

        DatasetException Wrong(ParsingEvent where, string problem) => new(path, $"Line {where.Start.Line}: {problem}");
    }
}
