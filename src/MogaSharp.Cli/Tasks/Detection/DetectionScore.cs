using System.Collections.Immutable;
using MogaSharp.Data;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary><c>moga eval --predictions</c> for detection: scores the boxes and masks that any program found, without a network.</summary>
internal static class DetectionScore
{
    private const string Kind = "coco:";
    private const string Evaluation = "?val=";

    /// <summary>Whether data has a file of annotations that results can be compared with.</summary>
    public static bool IsData(string text) => text.StartsWith(Kind, StringComparison.Ordinal);

    /// <summary>Scores a file in COCO's form for results of boxes and masks.</summary>
    public static int Run(EvalRequest request, string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
            throw new UsageException($"There is no file '{path}'.");
        string file = AnnotationsOf(request.Data, request.Split);
        if (!File.Exists(file))
            throw new UsageException($"There is no file '{file}'.");
        foreach (string input in (string[])[path, file])
            if (request.Detection.Curves is { } curves)
                Paths.RequireOther(curves, input, "file");
        CocoInstances truth = CocoInstances.Load(file);
        ImmutableArray<(long Image, Detection Detection)> detections = CocoDetectionResults.Load(path, truth);
        cancellationToken.ThrowIfCancellationRequested();
        bool hasMasks = detections is [{ Detection.Mask: not null }, ..];
        CocoComparison[] comparisons = hasMasks ? [CocoComparison.Boxes, CocoComparison.Masks] : [CocoComparison.Boxes];
        List<DetectionResult> results = [];
        foreach (CocoComparison comparison in comparisons)
        {
            CocoDetectionMetrics metrics = truth.CreateMetrics(comparison, request.Detection.Most);
            foreach ((long image, Detection detection) in detections)
                metrics.Add(image, detection);
            results.Add(DetectionResult.Of(metrics, comparison, request.Detection.Score));
            cancellationToken.ThrowIfCancellationRequested();
        }

        DetectionReport.Write(request, path, truth.Images.Length, truth.Categories, results);
        return ExitCode.Success;
    }

    /// <summary>The file of annotations of a part: images need not be there to score.</summary>
    /// <exception cref="UsageException">The text names none.</exception>
    internal static string AnnotationsOf(string data, DatasetSplit split)
    {
        if (!IsData(data))
            throw new UsageException($"'{data}' has no file whose images predictions name; write coco:FOLDER or coco:FILE,IMAGES.");
        string text = data[Kind.Length..];
        int question = text.IndexOf(Evaluation, StringComparison.Ordinal);
        string train = question < 0 ? text : text[..question];
        if (question >= 0 && split == DatasetSplit.Test)
            train = text[(question + Evaluation.Length)..];
        string file = train.Split(',')[0];
        if (file.Length == 0)
            throw new UsageException($"'{data}' names no path; write coco:FOLDER or coco:FILE,IMAGES.");
        string part = split == DatasetSplit.Test ? "val2017" : "train2017";
        return Directory.Exists(file) ? Path.Combine(file, "annotations", $"instances_{part}.json") : file;
    }
}
