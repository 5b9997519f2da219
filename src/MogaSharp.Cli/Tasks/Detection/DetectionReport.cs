using System.Collections.Immutable;
using System.Globalization;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary>What <c>moga eval</c> tells of detections.</summary>
internal static class DetectionReport
{
    private const int MostMistakes = 10;
    private const string Background = "background";

    private static readonly DetectionErrorKind[] Kinds = Enum.GetValues<DetectionErrorKind>();

    /// <summary>Writes the files that are asked for, and prints.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="model">What found them.</param>
    /// <param name="images">The images that were evaluated.</param>
    /// <param name="classes">The classes.</param>
    /// <param name="results">Those of boxes, and of masks where there are any.</param>
    public static void Write(
        EvalRequest request,
        string model,
        int images,
        ImmutableArray<ClassLabel> classes,
        IReadOnlyList<DetectionResult> results
    )
    {
        string[] names = [.. classes.Select(label => label.Name)];
        string[] files = new DetectionFiles(request.Detection, names).Write(results, Path.GetFileName(model));
        var report = new DetectionEvalReport(
            model,
            request.Data,
            images,
            results
                .SelectMany(one => one.Report.Figures.Select(figure => ($"{one.Key}_{figure.Key.ToLowerInvariant()}", figure.Value)))
                .ToDictionary(figure => figure.Item1, figure => Finite(figure.Value)),
            [.. names.Select((name, label) => ClassOf(name, classes[label].Number, label, results))],
            results.ToDictionary(one => one.Key, one => Kinds.Select(kind => ErrorOf(one.Errors, kind)).ToArray()),
            results.ToDictionary(one => one.Key, one => MistakesOf(one.Confusion, names)),
            files.Length == 0 ? null : files,
            Notices.OfThisRun.AllOrNull
        );
        if (request.Json)
            Output.Json(report, CliJson.Printed.DetectionEvalReport);
        else
            Print(report, results, names);
    }

    /// <summary>The name of a class of a table of confusions.</summary>
    public static string NameOf(IReadOnlyList<string> names, int label) => label < names.Count ? names[label] : Background;

    private static void Print(DetectionEvalReport report, IReadOnlyList<DetectionResult> results, string[] names)
    {
        int detections = results[0].Report.Classes.Sum(one => one.Detections);
        Output.Line($"{report.Count} images of {report.Data}, {detections} detections");
        Output.Table([
            [" ", .. results.Select(one => one.Name)],
            .. results[0].Report.Figures.Keys.Select(key => (string[])[key, .. results.Select(one => Percent(one.Report.Figures[key]))]),
        ]);
        Output.Line("");
        bool hasMasks = results.Count > 1;
        Output.Table([
            ["class ", "AP", "AP50", "AP75", "AR", .. hasMasks ? (string[])["mask AP", "AP50", "AP75", "AR"] : [], "objects", "found"],
            .. names.Select(
                (name, label) =>
                    (string[])
                        [
                            name,
                            .. results.SelectMany(one => FiguresOf(one.Report.Classes[label]).Select(Percent)),
                            Number(results[0].Report.Classes[label].Objects),
                            Number(results[0].Report.Classes[label].Detections),
                        ]
            ),
        ]);
        Output.Line("");
        Output.Table([
            ["errors ", .. results.SelectMany(one => (string[])[one.Name, "dAP50"])],
            .. Kinds.Select(kind =>
                (string[])
                    [NameOf(kind), .. results.SelectMany(one => (string[])[Number(one.Errors.Count(kind)), Percent(one.Errors.Gain(kind))])]
            ),
        ]);
        PrintMistakes(report.Confusions[results[^1].Key]);
        foreach (string file in report.Files ?? [])
            Output.Line($"-> {file}");
    }

    private static void PrintMistakes(Mistake[] mistakes)
    {
        if (mistakes.Length == 0)
            return;
        Output.Line("");
        Output.Table([
            ["is ", "found as ", "times"],
            .. mistakes.Take(MostMistakes).Select(one => (string[])[one.Truth, one.Found, Number(one.Count)]),
        ]);
        if (mistakes.Length > MostMistakes)
            Output.Line($"and {mistakes.Length - MostMistakes} more pairs");
    }

    private static DetectedClass ClassOf(string name, int? number, int label, IReadOnlyList<DetectionResult> results)
    {
        CocoClassFigures figures = results[0].Report.Classes[label];
        return new DetectedClass(
            name,
            number,
            figures.Objects,
            figures.Detections,
            results.ToDictionary(
                one => one.Key,
                one =>
                    FiguresOf(one.Report.Classes[label]) is [var ap, var ap50, var ap75, var ar]
                        ? new ClassScores(Finite(ap), Finite(ap50), Finite(ap75), Finite(ar))
                        : throw new InvalidOperationException("A class has four figures.")
            )
        );
    }

    private static double[] FiguresOf(CocoClassFigures one) => [one.Precision, one.Precision50, one.Precision75, one.Recall];

    private static ErrorFigures ErrorOf(DetectionErrors errors, DetectionErrorKind kind) =>
        new(NameOf(kind), errors.Count(kind), Finite(errors.Gain(kind)));

    private static Mistake[] MistakesOf(DetectionConfusion confusion, string[] names) =>
        [.. confusion.Mistakes().Select(one => new Mistake(NameOf(names, one.Truth), NameOf(names, one.Found), one.Count))];

    internal static string NameOf(DetectionErrorKind kind) => kind.ToString().ToLowerInvariant();

    private static double? Finite(double value) => double.IsNaN(value) ? null : value;

    private static string Percent(double share) => double.IsNaN(share) ? "-" : (100 * share).ToString("F2", CultureInfo.InvariantCulture);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What <c>moga eval --json</c> prints of detections: fractions, null where there is nothing to tell. Of predictions the model is
/// their path. The keys of errors, confusions and the scores of classes are <c>box</c> and <c>mask</c>.</summary>
internal sealed record DetectionEvalReport(
    string Model,
    string Data,
    int Count,
    IReadOnlyDictionary<string, double?> Metrics,
    IReadOnlyList<DetectedClass> Classes,
    IReadOnlyDictionary<string, ErrorFigures[]> Errors,
    IReadOnlyDictionary<string, Mistake[]> Confusions,
    IReadOnlyList<string>? Files,
    IReadOnlyList<string>? Notes
);

/// <summary>How well the objects of a class are found.</summary>
internal sealed record DetectedClass(
    string Name,
    int? Number,
    int Objects,
    int Detections,
    IReadOnlyDictionary<string, ClassScores> Scores
);

/// <summary>The figures of a class.</summary>
internal sealed record ClassScores(double? Ap, double? Ap50, double? Ap75, double? Ar);

/// <summary>How many errors of a kind there are, and by how much the AP50 grows when they are corrected.</summary>
internal sealed record ErrorFigures(string Kind, int Count, double? Gain);

/// <summary>How often a class is taken for another one, or for the background.</summary>
internal sealed record Mistake(string Truth, string Found, int Count);
