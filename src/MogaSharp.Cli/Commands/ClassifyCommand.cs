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
            LoadedModel loaded = await Shared.LoadAsync(Shared.Card(parsed.GetValue(model)!), parsed.GetValue(weights), parsed.GetValue(ema), cancellationToken).ConfigureAwait(false);
            using var engine = new CpuEngine(new CpuEngineOptions(parsed.GetValue(threads)));
            using var classifier = new ImageClassifier(loaded, engine);
            List<Result> results = await Output.WithProgressAsync("Classifying", report =>
                ClassifyAllAsync(classifier, files, parsed.GetValue(topK), report, cancellationToken)).ConfigureAwait(false);
            if (parsed.GetValue(json)) Output.Json(results);
            else Print(results);
            return ReportErrors(results);
        });
        return command;
    }

    private static async Task<List<Result>> ClassifyAllAsync(
        ImageClassifier classifier, IReadOnlyList<string> files, int topK, Action<double, string> report, CancellationToken cancellationToken)
    {
        var results = new List<Result>(files.Count);
        foreach (string[] batch in files.Chunk(BatchSize))
        {
            var images = new RgbImage?[batch.Length];
            var errors = new string?[batch.Length];
            await Parallel.ForAsync(0, batch.Length, cancellationToken, async (i, token) =>
            {
                try
                {
                    images[i] = await ImageDecoder.LoadAsync(batch[i], null, token).ConfigureAwait(false);
                }
                catch (Exception e) when (e is not ImagingUnavailableException && Failure.Describe(e) is not null)
                {
                    // One bad picture does not keep the others from being classified.
                    errors[i] = e is ImageFormatException { Problem: { } problem } ? problem : Failure.Describe(e);
                }
            }).ConfigureAwait(false);
            ImmutableArray<ImmutableArray<Prediction>> predictions = classifier.Classify([.. images.OfType<RgbImage>()], topK, cancellationToken);
            int next = 0;
            for (int i = 0; i < batch.Length; i++)
                results.Add(images[i] is null ? new Result(batch[i], null, errors[i]) : Classified(batch[i], predictions[next++]));
            report((double)results.Count / files.Count, $"{results.Count} of {files.Count}");
        }

        return results;
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

    private sealed record Result(string Path, ImmutableArray<Prediction>? Predictions, string? Error);
}
