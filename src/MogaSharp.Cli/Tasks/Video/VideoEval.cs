using System.Globalization;
using MogaSharp.Data;
using MogaSharp.Tasks;
using MogaSharp.Training;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary>What <c>moga eval</c> does for video: predicts the clips of a set and compares.</summary>
internal sealed class VideoEval(EvalRequest request)
{
    // The official numbers of a set stand in a card under its name.
    private static readonly Dictionary<string, string[]> Prefixes = new(StringComparer.Ordinal)
    {
        ["moving-mnist"] = ["mmnist_", "moving_mnist_"],
        ["moving-fashion"] = ["mfmnist_", "moving_fashion_"],
    };

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var set = (ClipTrainingSet)Evaluation.Open(request);
        LoadedModel loaded = await ModelFinder
            .LoadAsync(request.Card, request.Weights, request.Ema, cancellationToken)
            .ConfigureAwait(false);
        using ModelEvaluationResult result = await Evaluation.RunAsync(request, loaded, set, cancellationToken).ConfigureAwait(false);
        VideoMetrics metrics = ((VideoEvaluation)result.Evaluation).Metrics!;
        if (double.IsNaN(metrics.Mse))
            throw new FailureException("The network's outputs are not finite; the weights may be damaged.");
        Dictionary<string, double> published = Published(set.Source.Kind);
        string source = request.Split == DatasetSplit.Test ? set.Source.DescribeTest() : $"clips to train on in {set.Source.Path}";
        if (request.Json)
            PrintJson(set, metrics, published, source, result.ItemsPerSecond);
        else
            Print(set, metrics, published, source, result.ItemsPerSecond);
        return ExitCode.Success;
    }

    // What the papers call SSIM is the one for a data range of 2.
    private Dictionary<string, double> Published(string kind)
    {
        var published = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (string prefix in Prefixes.GetValueOrDefault(kind, []))
        {
            foreach ((string name, double value) in request.Card.Metrics)
                if (name.StartsWith(prefix, StringComparison.Ordinal))
                    published[name[prefix.Length..] is "ssim" ? "ssim_official" : name[prefix.Length..]] = value;
        }

        return published;
    }

    private void Print(ClipTrainingSet set, VideoMetrics metrics, Dictionary<string, double> published, string source, double rate)
    {
        Output.Line(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{request.Card.Name} on {set.EvalCount} clips, {set.Shape.InputFrames} to {set.Shape.OutputFrames} frames of "
                    + $"{set.Shape.Width} x {set.Shape.Height}, {rate:F1} clips/s"
            )
        );
        Output.Line(source);
        VideoReport.Print(metrics, request.OfficialPsnr, published);
    }

    private void PrintJson(ClipTrainingSet set, VideoMetrics metrics, Dictionary<string, double> published, string source, double rate)
    {
        ClipReport report = new(
            request.Card.Name,
            request.Data,
            source,
            set.EvalCount!.Value,
            set.Shape.InputFrames,
            set.Shape.OutputFrames,
            Math.Round(rate, 2),
            VideoReport.Numbers(metrics, request.OfficialPsnr),
            published.Count > 0 ? published : null,
            Notices.OfThisRun.AllOrNull
        );
        Output.Json(report, CliJson.Printed.ClipReport);
    }
}

/// <summary>What <c>moga eval --json</c> prints for clips.</summary>
internal sealed record ClipReport(
    string Model,
    string Data,
    string Source,
    int Clips,
    int InputFrames,
    int OutputFrames,
    double ClipsPerSecond,
    IReadOnlyDictionary<string, double?> Metrics,
    IReadOnlyDictionary<string, double>? Published,
    IReadOnlyList<string>? Notes
);
