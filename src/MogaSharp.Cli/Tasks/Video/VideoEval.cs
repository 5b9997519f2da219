using System.Diagnostics;
using System.Globalization;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
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
        IVideoDefinition definition =
            request.Card.CreateDefinition() as IVideoDefinition
            ?? throw new UsageException(
                $"{request.Card.Name} is a model for {request.Card.Options.Task}; '{request.Data}' takes one for video."
            );
        ClipSpec spec = ClipSources.Parse(request.Data, definition.Frames, request.Card.Clip?.OutFrames ?? definition.Frames);
        IClipDataset clips = spec.Open(request.Split);
        using var owned = clips as IDisposable;
        Notices.OfThisRun.AddRange(clips.Notes);
        Require(definition, clips.Shape);
        LoadedModel loaded = await ModelFinder
            .LoadAsync(request.Card, request.Weights, request.Ema, cancellationToken)
            .ConfigureAwait(false);
        using IInferenceEngine engine = request.CreateEngine();
        using var predictor = new VideoPredictor(loaded, engine);
        var clock = Stopwatch.StartNew();
        VideoMetrics metrics = await Output
            .WithProgressAsync("Evaluating", report => CompareAsync(predictor, clips, report, cancellationToken))
            .ConfigureAwait(false);
        double rate = clips.Count / clock.Elapsed.TotalSeconds;
        if (double.IsNaN(metrics.Mse))
            throw new FailureException("The network's outputs are not finite; the weights may be damaged.");
        Dictionary<string, double> published = Published(spec.Kind);
        string source = request.Split == DatasetSplit.Test ? spec.DescribeTest() : $"clips to train on in {spec.Path}";
        if (request.Json)
            PrintJson(clips, metrics, published, source, rate);
        else
            Print(clips, metrics, published, source, rate);
        return ExitCode.Success;
    }

    private void Require(IVideoDefinition definition, ClipShape clip)
    {
        if (clip.InputFrames != definition.Frames)
            throw new UsageException($"{request.Card.Name} sees {definition.Frames} frames, '{request.Data}' gives {clip.InputFrames}.");
        if (clip.Channels != definition.Channels)
            throw new UsageException(
                $"{request.Card.Name} takes frames of {definition.Channels} channels, '{request.Data}' has "
                    + $"{clip.Channels}{(definition.Channels == 1 ? "; the option gray makes them gray" : "")}."
            );
        definition.Build(definition.InputShape(1, clip.Height, clip.Width));
    }

    private async Task<VideoMetrics> CompareAsync(
        VideoPredictor predictor,
        IClipDataset clips,
        Action<double, string> report,
        CancellationToken cancellationToken
    )
    {
        ClipShape shape = clips.Shape;
        var metrics = new VideoMetrics(shape.Channels, shape.Height, shape.Width);
        // The clips of the next batch are made while this one is predicted; more threads would only take the engine's processors.
        var options = new LoaderOptions(request.Batch) { Workers = 1, Ahead = 2 };
        using var loader = new ClipLoader(clips, new OrderedSampler(clips.Count, ProcessShare.Single), options, LoaderUse.Evaluation);
        await foreach (ClipBatch batch in loader.ReadAsync(0, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            using (batch)
            {
                var input = new Tensor(
                    new Shape(batch.Count, shape.InputFrames, shape.Channels, shape.Height, shape.Width),
                    batch.Input.ToArray()
                );
                Tensor predicted = predictor.Predict(input, shape.OutputFrames, cancellationToken);
                metrics.Add(predicted.Data, batch.Output);
            }

            long done = metrics.Frames / shape.OutputFrames;
            report(
                (double)done / clips.Count,
                string.Create(CultureInfo.InvariantCulture, $"{done} of {clips.Count}  MSE {metrics.Mse:F2}")
            );
        }

        return metrics;
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

    private void Print(IClipDataset clips, VideoMetrics metrics, Dictionary<string, double> published, string source, double rate)
    {
        Output.Line(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{request.Card.Name} on {clips.Count} clips, {clips.Shape.InputFrames} to {clips.Shape.OutputFrames} frames of "
                    + $"{clips.Shape.Width} x {clips.Shape.Height}, {rate:F1} clips/s"
            )
        );
        Output.Line(source);
        VideoReport.Print(metrics, request.OfficialPsnr, published);
    }

    private void PrintJson(IClipDataset clips, VideoMetrics metrics, Dictionary<string, double> published, string source, double rate)
    {
        ClipReport report = new(
            request.Card.Name,
            request.Data,
            source,
            clips.Count,
            clips.Shape.InputFrames,
            clips.Shape.OutputFrames,
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
