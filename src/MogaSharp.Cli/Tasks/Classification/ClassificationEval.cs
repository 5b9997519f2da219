using System.Collections.Immutable;
using System.Globalization;
using MogaSharp.Data;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Training;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary>What <c>moga eval</c> does for classifiers: the accuracy on a labeled data set.</summary>
internal static class ClassificationEval
{
    public static async Task<int> RunAsync(EvalRequest request, CancellationToken cancellationToken)
    {
        DatasetSpec.Parse(request.Data).RequireFolder();
        ModelFinder.Input(request.Batch, request.Card);
        LoadedModel loaded = await ModelFinder
            .LoadAsync(request.Card, request.Weights, request.Ema, cancellationToken)
            .ConfigureAwait(false);
        loaded = LabelFile.Apply(loaded, request.Labels);
        using TrainingSet set = Evaluation.Open(request, loaded);
        using ModelEvaluationResult result = await Evaluation.RunAsync(request, loaded, set, cancellationToken).ConfigureAwait(false);
        ClassificationMetrics metrics = ((ClassificationEvaluation)result.Evaluation).Metrics!;
        SkippedImage[] bad = [.. result.BadItems.Select(item => new SkippedImage(item.Name, item.Problem))];
        foreach (SkippedImage image in bad)
            Failure.Report($"{image.Path}: {image.Error}", ExitCode.Failure);
        if (request.Json)
            PrintJson(loaded.Card, metrics, result.ItemsPerSecond, bad);
        else
            Print(loaded.Card.GetLabels(), metrics, result.ItemsPerSecond);
        return bad.Length == 0
            ? ExitCode.Success
            : Failure.Report(
                $"{bad.Length} of {set.EvalCount} images could not be read; the figures are those of the others.",
                ExitCode.Failure
            );
    }

    private static void Print(ImmutableArray<string> labels, ClassificationMetrics metrics, double rate)
    {
        Console.Out.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"top-1 {100 * metrics.Top1:F2}%  top-5 {100 * metrics.Top5:F2}%  {metrics.Images} images  {rate:F0} images/s"
            )
        );
        if (metrics.Classes > 20)
            return;
        int[,] confusion = metrics.Confusion;
        var rows = new List<string[]> { new[] { "class ", "precision", "recall", "most often taken for " } };
        for (int c = 0; c < metrics.Classes; c++)
        {
            (int Count, int Class) worst = Enumerable
                .Range(0, metrics.Classes)
                .Where(p => p != c)
                .Select(p => (confusion[c, p], p))
                .DefaultIfEmpty()
                .MaxBy(pair => pair.Item1);
            rows.Add([
                labels[c],
                Share(metrics.Precision(c)),
                Share(metrics.Recall(c)),
                worst.Count > 0 ? $"{labels[worst.Class]} ({worst.Count})" : "",
            ]);
        }

        Output.Table(rows);
    }

    // Nothing was predicted so, or no image is of the class.
    private static string Share(double value) => double.IsNaN(value) ? "-" : value.ToString("F3", CultureInfo.InvariantCulture);

    private static void PrintJson(ModelCard card, ClassificationMetrics metrics, double rate, SkippedImage[] skipped)
    {
        int[,] confusion = metrics.Confusion;
        EvalReport report = new(
            card.Name,
            metrics.Top1,
            metrics.Top5,
            metrics.Images,
            skipped.Length == 0 ? null : skipped,
            Math.Round(rate, 1),
            card.GetLabels(),
            [
                .. Enumerable
                    .Range(0, metrics.Classes)
                    .Select(t => Enumerable.Range(0, metrics.Classes).Select(p => confusion[t, p]).ToArray()),
            ],
            Notices.OfThisRun.AllOrNull
        );
        Output.Json(report, CliJson.Printed.EvalReport);
    }
}

/// <summary>What <c>moga eval --json</c> prints for images.</summary>
internal sealed record EvalReport(
    string Model,
    double Top1,
    double Top5,
    long Images,
    SkippedImage[]? Skipped,
    double ImagesPerSecond,
    ImmutableArray<string> Labels,
    int[][] Confusion,
    IReadOnlyList<string>? Notes
);
