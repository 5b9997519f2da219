using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary>What <c>moga eval</c> does for classifiers: the accuracy on a labeled data set.</summary>
internal static class ClassificationEval
{
    public static async Task<int> RunAsync(EvalRequest request, CancellationToken cancellationToken)
    {
        DatasetSpec source = DatasetSpec.Parse(request.Data);
        source.RequireFolder();
        ModelFinder.Input(request.Batch, request.Card);
        LoadedModel loaded = await ModelFinder
            .LoadAsync(request.Card, request.Weights, request.Ema, cancellationToken)
            .ConfigureAwait(false);
        using IInferenceEngine running = request.CreateEngine();
        loaded = LabelFile.Apply(loaded, request.Labels);
        using var classifier = new ImageClassifier(loaded, running);
        IImageDataset set = source.Open(request.Split, classifier.Card.GetClassLabels());
        Notices.OfThisRun.AddRange(set.Notes);
        var clock = Stopwatch.StartNew();
        var inputs = new LabeledInputs(set, classifier.Preprocessor, classifier.InputShape);
        ClassificationMetrics metrics = await Output
            .WithProgressAsync(
                "Evaluating",
                report => Task.Run(() => Evaluate(classifier, set, inputs, request.Batch, report, cancellationToken), cancellationToken)
            )
            .ConfigureAwait(false);
        double rate = metrics.Images / clock.Elapsed.TotalSeconds;
        Notices.OfThisRun.Flush();
        SkippedImage[] bad = inputs.ReportSkipped();
        if (metrics.Images == 0)
            throw new FailureException($"None of the {set.Count} images of '{request.Data}' can be read.");
        if (request.Json)
            PrintJson(classifier, metrics, rate, bad);
        else
            Print(classifier, metrics, rate);
        return bad.Length == 0
            ? ExitCode.Success
            : Failure.Report(
                $"{bad.Length} of {set.Count} images could not be read; the figures are those of the others.",
                ExitCode.Failure
            );
    }

    private static ClassificationMetrics Evaluate(
        ImageClassifier classifier,
        IImageDataset set,
        LabeledInputs inputs,
        int batchSize,
        Action<double, string> report,
        CancellationToken cancellationToken
    )
    {
        var metrics = new ClassificationMetrics(classifier.Labels.Length);
        for (int first = 0; first < set.Count; first += batchSize)
        {
            int count = Math.Min(batchSize, set.Count - first);
            LabeledBatch batch = inputs.Read([.. Enumerable.Range(first, count)], cancellationToken);
            Tensor logits = classifier.Logits(batch.Input, cancellationToken);
            for (int i = 0; i < count; i++)
                if (batch.IsRead[i])
                    metrics.Add(logits.Span.Slice(i * metrics.Classes, metrics.Classes), batch.Labels[i]);
            report((double)(first + count) / set.Count, $"{first + count} of {set.Count}");
        }

        return metrics;
    }

    private static void Print(ImageClassifier classifier, ClassificationMetrics metrics, double rate)
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
                classifier.Labels[c],
                Share(metrics.Precision(c)),
                Share(metrics.Recall(c)),
                worst.Count > 0 ? $"{classifier.Labels[worst.Class]} ({worst.Count})" : "",
            ]);
        }

        Output.Table(rows);
    }

    // Nothing was predicted so, or no image is of the class.
    private static string Share(double value) => double.IsNaN(value) ? "-" : value.ToString("F3", CultureInfo.InvariantCulture);

    private static void PrintJson(ImageClassifier classifier, ClassificationMetrics metrics, double rate, SkippedImage[] skipped)
    {
        int[,] confusion = metrics.Confusion;
        EvalReport report = new(
            classifier.Card.Name,
            metrics.Top1,
            metrics.Top5,
            metrics.Images,
            skipped.Length == 0 ? null : skipped,
            Math.Round(rate, 1),
            classifier.Labels,
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
