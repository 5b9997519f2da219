using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using MogaSharp.Cpu;
using MogaSharp.Imaging;
using MogaSharp.Tasks;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga classify</c>: the classes of pictures.</summary>
internal static class ClassifyCommand
{
    private const int BatchSize = 8;

    public static Command Create()
    {
        Argument<string[]> paths = Shared.WithoutOptions(new("path") { Description = "Pictures, folders or globs (*, ?, **)", Arity = ArgumentArity.OneOrMore });
        Option<string> model = Shared.Model();
        Option<string?> weights = Shared.Weights();
        Option<bool> ema = Shared.Ema();
        Option<int> topK = Shared.Whole("--topk", "-k", 5, "Classes to show for each picture", 100_000);
        Option<int> threads = Shared.Threads();
        Option<bool> json = Shared.Json();
        var command = new Command("classify", "Say what pictures show") { paths, model, weights, ema, topK, threads, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            IReadOnlyList<string> files = PicturePaths.Expand(parsed.GetValue(paths)!);
            string[][] batches = [.. files.Chunk(BatchSize)];
            using var engine = new CpuEngine(new CpuEngineOptions(parsed.GetValue(threads)));
            Task warmUp = WarmUp.Begin(engine);
            // Pictures are decoded while the model loads, and later while the batch before is classified.
            using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task<Decoded> first = Task.Run(() => DecodeAsync(batches[0], abandon.Token), abandon.Token);
            try
            {
                LoadedModel loaded = await Shared.LoadAsync(Shared.Card(parsed.GetValue(model)!), parsed.GetValue(weights), parsed.GetValue(ema), cancellationToken).ConfigureAwait(false);
                await warmUp.ConfigureAwait(false);
                using var classifier = new ImageClassifier(loaded, engine);
                List<Result> results = await Output.WithProgressAsync("Classifying", report =>
                    ClassifyAllAsync(classifier, batches, first, parsed.GetValue(topK), report, abandon.Token)).ConfigureAwait(false);
                if (parsed.GetValue(json)) Output.Json(results);
                else Print(results);
                return ReportErrors(results);
            }
            finally
            {
                await abandon.CancelAsync().ConfigureAwait(false);
                await warmUp.ConfigureAwait(false);
            }
        });
        return command;
    }

    private static async Task<List<Result>> ClassifyAllAsync(
        ImageClassifier classifier, string[][] batches, Task<Decoded> first, int topK, Action<double, string> report, CancellationToken cancellationToken)
    {
        int count = batches.Sum(batch => batch.Length);
        var results = new List<Result>(count);
        Task<Decoded> next = first;
        for (int b = 0; b < batches.Length; b++)
        {
            Decoded decoded = await next.ConfigureAwait(false);
            if (b + 1 < batches.Length)
            {
                string[] following = batches[b + 1];
                next = Task.Run(() => DecodeAsync(following, cancellationToken), cancellationToken);
            }

            ImmutableArray<ImmutableArray<Prediction>> predictions = classifier.Classify([.. decoded.Images.OfType<RgbImage>()], topK, cancellationToken);
            int good = 0;
            for (int i = 0; i < batches[b].Length; i++)
                results.Add(decoded.Images[i] is null ? new Result(batches[b][i], null, decoded.Errors[i]) : Classified(batches[b][i], predictions[good++]));
            report((double)results.Count / count, $"{results.Count} of {count}");
        }

        return results;
    }

    private static async Task<Decoded> DecodeAsync(string[] files, CancellationToken cancellationToken)
    {
        var decoded = new Decoded(new RgbImage?[files.Length], new string?[files.Length]);
        await Parallel.ForAsync(0, files.Length, cancellationToken, async (i, token) =>
        {
            try
            {
                decoded.Images[i] = await ImageDecoder.LoadAsync(files[i], null, token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not ImagingUnavailableException && Failure.Describe(e) is not null)
            {
                // One bad picture does not keep the others from being classified.
                decoded.Errors[i] = e is ImageFormatException { Problem: { } problem } ? problem : Failure.Describe(e);
            }
        }).ConfigureAwait(false);
        return decoded;
    }

    private static Result Classified(string path, ImmutableArray<Prediction> predictions) =>
        float.IsNaN(predictions[0].Score) ? new Result(path, null, "the network's outputs are not finite; the weights may be damaged") : new Result(path, predictions, null);

    private static int ReportErrors(List<Result> results)
    {
        List<Result> bad = [.. results.Where(result => result.Error is not null)];
        foreach (Result result in bad) Failure.Report($"{result.Path}: {result.Error}", ExitCode.Failure);
        if (bad.Count == 0) return ExitCode.Success;
        return results.Count == 1 ? ExitCode.Failure : Failure.Report($"{bad.Count} of {results.Count} pictures could not be classified", ExitCode.Failure);
    }

    private static void Print(List<Result> results)
    {
        foreach (Result result in results)
            if (result.Predictions is { } predictions)
                Output.Line($"{result.Path}: {string.Join(", ", predictions.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Label} {100 * p.Score:F1}%")))}");
    }

    // One entry per file: its picture, or why there is none.
    private sealed record Decoded(RgbImage?[] Images, string?[] Errors);

    private sealed record Result(string Path, ImmutableArray<Prediction>? Predictions, string? Error);
}
