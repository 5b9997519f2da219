using System.Globalization;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Training;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary>What <c>moga eval</c> does for tasks whose evaluation is that of training: the same items, the same figures, on any
/// engine.</summary>
internal static class DenseEval
{
    /// <summary>Evaluates a model.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="more">Further numbers of an evaluation, for JSON and for people; null for none.</param>
    /// <param name="cancellationToken">Ends the evaluation.</param>
    /// <param name="report">Tells of the evaluation in place of the usual report.</param>
    public static async Task<int> RunAsync(
        EvalRequest request,
        Func<TaskEvaluation, ModelCard, IReadOnlyList<ClassFigures>>? more,
        CancellationToken cancellationToken,
        Action<TaskEvaluation, ModelCard>? report = null
    )
    {
        // What is wrong with the data is found before weights are downloaded.
        using TrainingSet set = Evaluation.Open(request);
        LoadedModel loaded = await ModelFinder
            .LoadAsync(request.Card, request.Weights, request.Ema, cancellationToken)
            .ConfigureAwait(false);
        using ModelEvaluationResult result = await Evaluation.RunAsync(request, loaded, set, cancellationToken).ConfigureAwait(false);
        Notices.OfThisRun.AddRange(result.BadItems.Select(bad => $"{bad.Name} is left out: {bad.Problem}"));
        if (report is not null)
        {
            report(result.Evaluation, loaded.Card);
            return ExitCode.Success;
        }

        Write(
            request,
            result.Task,
            new DenseEvalReport(
                loaded.Card.Name,
                request.Data,
                result.Evaluation.Count,
                Math.Round(result.ItemsPerSecond, 2),
                Finite(result.Figures),
                more?.Invoke(result.Evaluation, loaded.Card),
                Notices.OfThisRun.AllOrNull
            )
        );
        return ExitCode.Success;
    }

    /// <summary>Prints the figures of predictions that a file or a folder holds.</summary>
    public static int Report(
        EvalRequest request,
        ModelTask task,
        string predictions,
        long count,
        IReadOnlyDictionary<string, double> figures,
        IReadOnlyList<ClassFigures>? classes
    )
    {
        TaskTraining training = TaskTraining.Of(task);
        Write(
            request,
            training.Create(training.Default(), request.Card.Options),
            new DenseEvalReport(predictions, request.Data, count, null, Finite(figures), classes, Notices.OfThisRun.AllOrNull)
        );
        return ExitCode.Success;
    }

    private static void Write(EvalRequest request, TrainingTask task, DenseEvalReport report)
    {
        if (request.Json)
            Output.Json(report, CliJson.Printed.DenseEvalReport);
        else
            Print(report, task);
    }

    private static Dictionary<string, double?> Finite(IReadOnlyDictionary<string, double> figures) =>
        figures.ToDictionary(figure => figure.Key.ToLowerInvariant(), figure => double.IsNaN(figure.Value) ? (double?)null : figure.Value);

    private static void Print(DenseEvalReport report, TrainingTask task)
    {
        string speed = report.PerSecond is { } rate ? string.Create(CultureInfo.InvariantCulture, $", {rate:F1} a second") : "";
        Output.Line($"{report.Count} {task.Items} of {report.Data}{speed}");
        foreach (Metric metric in task.Metrics)
            if (report.Metrics.TryGetValue(metric.Name, out double? value))
                Output.Line($"{metric.Label} {(value is { } number ? metric.Text(number) : "none")}");
        if (report.Classes is null)
            return;
        Output.Table([
            ["class ", "IoU", "accuracy"],
            .. report.Classes.Select(one => (string[])[one.Name, Percent(one.Iou), Percent(one.Accuracy)]),
        ]);
    }

    private static string Percent(double? share) => share is { } number ? (100 * number).ToString("F2", CultureInfo.InvariantCulture) : "-";
}

/// <summary>What <c>moga eval --json</c> prints for these tasks; figures without a value are null. Of predictions the model is their
/// path, and there is no speed.</summary>
internal sealed record DenseEvalReport(
    string Model,
    string Data,
    long Count,
    double? PerSecond,
    IReadOnlyDictionary<string, double?> Metrics,
    IReadOnlyList<ClassFigures>? Classes,
    IReadOnlyList<string>? Notes
);

/// <summary>How well a class is told.</summary>
internal sealed record ClassFigures(string Name, double? Iou, double? Accuracy)
{
    /// <summary>Those of a class of a matrix.</summary>
    public static ClassFigures Of(string name, ConfusionMatrix matrix, int i)
    {
        (double iou, double accuracy) = (matrix.IntersectionOverUnion(i), matrix.Accuracy(i));
        return new(name, double.IsNaN(iou) ? null : iou, double.IsNaN(accuracy) ? null : accuracy);
    }
}
