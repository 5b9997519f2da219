using System.Collections.Immutable;
using System.Globalization;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>What the numbers in files of label maps mean.</summary>
internal sealed class PixelLabels
{
    private const int MostClasses = LabelMap.Ignored;

    // The label of each number; -1 for numbers that mean nothing.
    private readonly short[] _labels;
    private readonly string _allowed;

    private PixelLabels(short[] labels, string allowed) => (_labels, _allowed) = (labels, allowed);

    /// <summary>The numbers are classes from 0, and 255 none.</summary>
    public static PixelLabels Plain(int classes) => new(Numbers(number => number < classes ? number : -1), $"0 to {classes - 1}");

    /// <summary>The numbers are classes from 1, and 0 none (reduce_zero_label).</summary>
    public static PixelLabels FromOne(int classes) =>
        new(
            Numbers(number =>
                number == 0 ? LabelMap.Ignored
                : number <= classes ? number - 1
                : -1
            ),
            $"0 to {classes}"
        );

    /// <summary>Reads what each number means: lines with a number and a class, its name or its place, or 255 for none.</summary>
    /// <exception cref="DatasetException">The file does not say so.</exception>
    /// <exception cref="DatasetSpecException">There is no such file.</exception>
    public static PixelLabels Read(string path, ImmutableArray<ClassLabel> classes)
    {
        var labels = new Dictionary<int, int>();
        foreach ((int line, string text) in ClassList.Lines(path, "what labels mean"))
        {
            string[] words = text.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (words.Length != 2 || !Number(words[0], out int number) || number > byte.MaxValue)
                throw new DatasetException(path, $"Line {line} is not a number from 0 to 255 and a class: '{text}'.");
            int named = classes.Select(label => label.Name).ToList().IndexOf(words[1]);
            int label =
                named >= 0 ? named
                : Number(words[1], out int place) ? place
                : -1;
            if (label < 0 || (label >= classes.Length && label != LabelMap.Ignored))
                throw new DatasetException(path, $"Line {line}: There is no class '{words[1]}' among {classes.Length}.");
            if (!labels.TryAdd(number, label))
                throw new DatasetException(path, $"Line {line}: The number {number} is given twice.");
        }

        if (labels.Count == 0)
            throw new DatasetException(path, "The file says nothing.");
        return new PixelLabels(Numbers(number => labels.TryGetValue(number, out int label) ? label : -1), $"what '{path}' lists");
    }

    /// <summary>Reads a list of classes: a name in each line, and behind it a color as #rrggbb where there is one.</summary>
    /// <exception cref="DatasetException">It is empty or too long, or names a class twice.</exception>
    /// <exception cref="DatasetSpecException">There is no such file.</exception>
    public static ImmutableArray<ClassLabel> ReadClasses(string path) => ClassList.Read(path, MostClasses);

    /// <summary>Reads a label map.</summary>
    /// <exception cref="DatasetException">A pixel's number means nothing.</exception>
    /// <exception cref="ImageFormatException">The file is not an image of numbers.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public LabelMap ReadMap(string path)
    {
        IndexPng map = IndexPng.Load(path);
        byte[] labels = new byte[map.Values.Length];
        for (int i = 0; i < labels.Length; i++)
        {
            int number = map.Values[i],
                label = number < _labels.Length ? _labels[number] : -1;
            if (label < 0)
                throw new DatasetException(
                    path,
                    $"The pixel ({i % map.Width}, {i / map.Width}) has the label {number}; there are {_allowed}, and 255 for none."
                );
            labels[i] = (byte)label;
        }

        return new LabelMap(new ImageSize(map.Width, map.Height), labels);
    }

    private static short[] Numbers(Func<int, int> labelOf)
    {
        short[] labels = [.. Enumerable.Range(0, 256).Select(number => (short)labelOf(number))];
        if (labels[LabelMap.Ignored] < 0)
            labels[LabelMap.Ignored] = LabelMap.Ignored;
        return labels;
    }

    private static bool Number(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
