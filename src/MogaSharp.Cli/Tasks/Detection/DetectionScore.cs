using System.Collections.Immutable;
using MogaSharp.Data;
using MogaSharp.Training;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary><c>moga eval --predictions</c> for detection: scores the boxes and masks that any program found, without a network.</summary>
internal static class DetectionScore
{
    /// <summary>Scores a file in COCO's form for results of boxes and masks.</summary>
    public static int Run(EvalRequest request, string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
            throw new UsageException($"There is no file '{path}'.");
        string file =
            DetectionSpec.Parse(request.Data, KnownFolders.OfMnist).AnnotationFile(request.Split)
            ?? throw new UsageException(
                $"'{request.Data}' has no file whose images predictions name; write coco:FOLDER or coco:FILE,IMAGES."
            );
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
}
