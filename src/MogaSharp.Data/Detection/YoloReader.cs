using System.Globalization;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Reads a data set in YOLO's form: for each image a text file whose lines are a class and a box, as center, width and height, or a
/// polygon, all in parts of the image. An image without such a file has no objects.
/// </summary>
internal sealed class YoloReader(string images, string labels, IReadOnlyList<ClassLabel> classes, Action<DatasetFault>? collect)
{
    // Digits are cut off when files are written.
    private const double Rounding = 1e-3;

    private readonly DatasetNotes _notes = new();

    /// <summary>Reads the images of a folder and all folders below it.</summary>
    /// <exception cref="DatasetException">There is no label file, or faults are not collected and there is one.</exception>
    /// <exception cref="DatasetSpecException">There is no such folder.</exception>
    public DetectionPart Read()
    {
        foreach (string needed in new[] { images, labels })
            if (!Directory.Exists(needed))
                throw new DatasetSpecException($"There is no folder '{needed}'.");
        string[] files = [.. Images()];
        ImageSize[] sizes = ImageSizes.Of([.. files.Select(file => Path.Combine(images, file))], collect);
        var found = new AnnotatedImage[files.Length];
        int without = 0;
        for (int i = 0; i < files.Length; i++)
        {
            string path = LabelOf(files[i]);
            bool hasLabels = File.Exists(path);
            without += hasLabels ? 0 : 1;
            AnnotatedObject[] objects = hasLabels && sizes[i] != default ? [.. Read(path, sizes[i])] : [];
            found[i] = new AnnotatedImage(i + 1, files[i], sizes[i], [.. objects]);
        }

        if (without == files.Length && without > 0)
            throw new DatasetException(labels, $"There is no label file of the image '{files[0]}', nor of any other one.");
        if (without > 0)
            _notes.Add($"{DatasetNotes.Some(without, "image")} without a label file, and so without objects");
        NoteOthers(files);
        return new DetectionPart(labels, images, [.. classes], [.. found], _notes);
    }

    private IEnumerable<string> Images()
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        var faults = new FaultSink(images, collect);
        foreach (string path in new FolderWalk(ImageFolder.DefaultExtensions, _notes).Images(images))
        {
            string file = Path.GetRelativePath(images, path);
            if (known.TryAdd(LabelOf(file), file))
                yield return file;
            else
                faults.Add(file, $"It has the same label file as '{known[LabelOf(file)]}'.");
        }
    }

    private void NoteOthers(string[] files)
    {
        HashSet<string> known = [.. files.Select(LabelOf)];
        foreach (string path in new FolderWalk([".txt"], new DatasetNotes()).Images(labels).Where(path => !known.Contains(path)))
            if (Path.GetFileName(path) != "classes.txt")
                _notes.Count("label file", path, count => $"{DatasetNotes.Some(count, "label file")} without an image left out");
    }

    private string LabelOf(string image) => Path.Combine(labels, Path.ChangeExtension(image, ".txt"));

    private IEnumerable<AnnotatedObject> Read(string path, ImageSize size)
    {
        var faults = new FaultSink(path, collect);
        foreach ((int line, string text) in ClassList.Lines(path, "labels"))
        {
            if (Read(text, size, path, out string problem) is { } one)
                yield return one;
            else
                faults.Add(DatasetFault.AtLine(line), problem);
        }
    }

    private AnnotatedObject? Read(string text, ImageSize size, string path, out string problem)
    {
        string[] words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        bool isBox = words.Length == 5;
        problem =
            isBox || (words.Length >= 7 && words.Length % 2 == 1)
                ? ""
                : $"A class is followed by 4 numbers, or by two for each of three or more points; there are {words.Length - 1}.";
        if (problem.Length > 0)
            return null;
        if (!int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out int label) || label >= classes.Count)
        {
            problem = $"The class '{words[0]}' is not a number from 0 to {classes.Count - 1}.";
            return null;
        }

        double[] values = new double[words.Length - 1];
        for (int i = 0; i < values.Length; i++)
        {
            bool isNumber = double.TryParse(words[i + 1], NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]);
            if (isNumber && values[i] is >= -Rounding and <= 1 + Rounding)
                continue;
            problem = $"'{words[i + 1]}' is not a part of the image from 0 to 1.";
            return null;
        }

        for (int i = 0; i < values.Length; i++)
            values[i] *= i % 2 == 0 ? size.Width : size.Height;
        return isBox ? OfBox(values, label, size, path, out problem) : OfPolygon(values, label, size, out problem);
    }

    private AnnotatedObject? OfBox(double[] values, int label, ImageSize size, string path, out string problem)
    {
        (double x, double y, double width, double height) = (values[0], values[1], values[2] / 2, values[3] / 2);
        if (BoxRules.Within(x - width, y - height, x + width, y + height, size, out problem, out bool isCut) is not { } box)
            return null;
        if (isCut)
            BoxRules.NoteCut(_notes, path);
        return new AnnotatedObject(box, box.Area, label);
    }

    private static AnnotatedObject? OfPolygon(double[] values, int label, ImageSize size, out string problem)
    {
        double[] across = [.. values.Where((_, i) => i % 2 == 0)],
            down = [.. values.Where((_, i) => i % 2 == 1)];
        if (BoxRules.Within(across.Min(), down.Min(), across.Max(), down.Max(), size, out problem, out _) is not { } box)
            return null;
        var mask = RunLengthMask.FromPolygons([values], size);
        return new AnnotatedObject(box, mask.Area, label) { Mask = mask };
    }
}
