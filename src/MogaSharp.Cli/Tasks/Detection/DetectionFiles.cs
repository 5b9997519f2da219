using MogaSharp.Drawing;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary>The files that <c>moga eval</c> writes of detections.</summary>
internal sealed class DetectionFiles(DetectionEvalSettings settings, IReadOnlyList<string> names)
{
    /// <summary>Writes what is asked for.</summary>
    /// <param name="results">Those of boxes, and of masks where there are any.</param>
    /// <param name="title">What stands above the curves.</param>
    /// <returns>The paths of the files.</returns>
    /// <exception cref="FailureException">One cannot be written.</exception>
    public string[] Write(IReadOnlyList<DetectionResult> results, string title)
    {
        List<string> files = [];
        // One file has one kind of curves: those of masks, where there are any.
        if (settings.Curves is { } curves)
            Curves(curves, results[^1], title, files);
        if (settings.Output is not { } folder)
            return [.. files];
        Paths.MakeFolder(folder);
        foreach (DetectionResult one in results)
        {
            string PathOf(string name) => Path.Combine(folder, $"{one.Key}_{name}");
            Curves(PathOf("curves.svg"), one, title, files);
            Table(PathOf("classes.csv"), Classes(one), files);
            Table(PathOf("confusion.csv"), Confusion(one.Confusion), files);
            Table(PathOf("errors.csv"), Errors(one.Errors), files);
        }

        return [.. files];
    }

    private void Curves(string path, DetectionResult result, string title, List<string> files)
    {
        ChartSheet sheet = PrecisionRecallSheet.Of(result.Report, names, $"{title}, {result.Name}");
        Paths.Write(path, sheet.SaveSvg);
        files.Add(path);
    }

    private IEnumerable<string[]> Classes(DetectionResult result) =>
        [
            ["class", "ap", "ap50", "ap75", "ar", "objects", "detections"],
            .. result.Report.Classes.Select(
                (one, label) =>
                    (string[])
                        [
                            names[label],
                            .. ((double[])[one.Precision, one.Precision50, one.Precision75, one.Recall]).Select(CsvFile.Number),
                            CsvFile.Number(one.Objects),
                            CsvFile.Number(one.Detections),
                        ]
            ),
        ];

    // Rows are the annotated classes, columns those that were found.
    private IEnumerable<string[]> Confusion(DetectionConfusion confusion)
    {
        string[] all = [.. Enumerable.Range(0, names.Count + 1).Select(label => DetectionReport.NameOf(names, label))];
        return
        [
            ["annotated \\ found", .. all],
            .. all.Select((name, truth) => (string[])[name, .. all.Select((_, found) => CsvFile.Number(confusion[truth, found]))]),
        ];
    }

    private static IEnumerable<string[]> Errors(DetectionErrors errors) =>
        [
            ["kind", "count", "dap50"],
            .. Enum.GetValues<DetectionErrorKind>()
                .Select(kind =>
                    (string[])[DetectionReport.NameOf(kind), CsvFile.Number(errors.Count(kind)), CsvFile.Number(errors.Gain(kind))]
                ),
        ];

    private static void Table(string path, IEnumerable<string[]> rows, List<string> files)
    {
        CsvFile.Write(path, rows);
        files.Add(path);
    }
}
