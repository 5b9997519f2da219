using System.Globalization;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Reads a table of boxes with the columns <c>file</c>, <c>x1</c>, <c>y1</c>, <c>x2</c>, <c>y2</c> and <c>class</c> in any order, which its
/// first line names; also by the names that TensorFlow's tables have. Corners are continuous: a box of the whole image ends at its width.
/// A row with a file and nothing else is an image without objects.
/// </summary>
internal sealed class CsvReader(string path, string folder, Action<DatasetFault>? collect)
{
    private static readonly string[][] Columns =
    [
        ["file", "filename", "image"],
        ["x1", "xmin"],
        ["y1", "ymin"],
        ["x2", "xmax"],
        ["y2", "ymax"],
        ["class", "label"],
    ];

    private readonly FaultSink _faults = new(path, collect);
    private readonly DatasetNotes _notes = new();
    private readonly OrderedDictionary<string, List<(int Line, string[] Values)>> _rows = new(StringComparer.Ordinal);

    /// <summary>Reads the table.</summary>
    /// <param name="classes">The classes; those that occur when null.</param>
    /// <exception cref="DatasetException">The first line does not name the columns, or faults are not collected and there is
    /// one.</exception>
    public DetectionPart Read(IReadOnlyList<ClassLabel>? classes)
    {
        ReadRows();
        ImageSize[] sizes = ImageSizes.Of([.. _rows.Keys.Select(file => Path.Combine(folder, file))], collect);
        var images = new List<(AnnotatedImage Image, List<NamedObject> Objects)>();
        foreach ((int i, (string file, List<(int Line, string[] Values)> rows)) in _rows.Index())
        {
            var objects = new List<NamedObject>();
            foreach ((int line, string[] values) in rows)
            {
                if (values[1..].All(value => value.Length == 0) || sizes[i] == default)
                    continue;
                if (Read(values, sizes[i], file, out string problem) is { } box)
                    objects.Add(new NamedObject(DatasetFault.AtLine(line), values[5], new AnnotatedObject(box, box.Area, 0)));
                else
                    _faults.Add(DatasetFault.AtLine(line), problem);
            }

            images.Add((new AnnotatedImage(i + 1, file, sizes[i], []), objects));
        }

        ClassNumbers numbers = ClassNumbers.Of(classes, images.SelectMany(one => one.Objects.Select(found => found.ClassName)));
        return new DetectionPart(
            path,
            folder,
            numbers.Classes,
            [.. images.Select(one => one.Image with { Objects = numbers.Label(one.Objects, _faults) })],
            _notes
        );
    }

    private void ReadRows()
    {
        int[]? places = null;
        foreach ((int line, string[] fields) in CsvText.Read(path))
        {
            if (places is null)
            {
                places = [.. Columns.Select(names => Array.FindIndex(fields, field => names.Contains(field.ToLowerInvariant())))];
                if (Array.IndexOf(places, -1) is >= 0 and int absent)
                    throw new DatasetException(
                        path,
                        $"Line {line} does not name the column '{Columns[absent][0]}'; it must name file, x1, y1, x2, y2 and class."
                    );
                continue;
            }

            string[] values = [.. places.Select(place => place < fields.Length ? fields[place] : "")];
            if (CocoRules.IsInside(values[0]))
                (_rows.TryGetValue(values[0], out var rows) ? rows : _rows[values[0]] = []).Add((line, values));
            else
                _faults.Add(
                    DatasetFault.AtLine(line),
                    values[0].Length == 0
                        ? "The row names no file."
                        : $"The file name '{values[0]}' is not that of a file in the folder of images."
                );
        }

        if (places is null)
            throw new DatasetException(path, "The file is empty.");
    }

    private Box? Read(string[] values, ImageSize size, string file, out string problem)
    {
        double[] corners = new double[4];
        for (int i = 0; i < corners.Length; i++)
        {
            if (double.TryParse(values[i + 1], NumberStyles.Float, CultureInfo.InvariantCulture, out corners[i]))
                continue;
            problem = $"The '{Columns[i + 1][0]}' of the box is not a number: '{values[i + 1]}'.";
            return null;
        }

        if (values[5].Length == 0)
        {
            problem = "The row names no class.";
            return null;
        }

        Box? box = BoxRules.Within(corners[0], corners[1], corners[2], corners[3], size, out problem, out bool isCut);
        if (box is not null && isCut)
            BoxRules.NoteCut(_notes, file);
        return box;
    }
}
