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
        var paths = new Argument<string[]>("path") { Description = "Pictures, folders or globs", Arity = ArgumentArity.OneOrMore };
        Option<string> model = Shared.Model();
        Option<FileInfo?> weights = Shared.Weights();
        Option<bool> ema = Shared.Ema();
        Option<int> topK = Shared.Positive("--topk", "-k", 5, "Classes to show for each picture", 100_000);
        Option<int> threads = Shared.Threads();
        Option<bool> json = Shared.Json();
        var command = new Command("classify", "Say what pictures show") { paths, model, weights, ema, topK, threads, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            IReadOnlyList<string> files = PicturePaths.Expand(parsed.GetValue(paths)!);
            LoadedModel loaded = await Shared.LoadAsync(parsed.GetValue(model)!, parsed.GetValue(weights), parsed.GetValue(ema), cancellationToken).ConfigureAwait(false);
            using var engine = new CpuEngine(new CpuEngineOptions(parsed.GetValue(threads)));
            using var classifier = new ImageClassifier(loaded, engine);
            bool asJson = parsed.GetValue(json);
            List<Result> results = await Output.WithProgressAsync("Classifying", report =>
                ClassifyAllAsync(classifier, files, parsed.GetValue(topK), report, cancellationToken)).ConfigureAwait(false);
            if (asJson) Output.Json(results);
            else Print(results);
            int bad = results.Count(result => result.Error is not null);
            if (bad == 0) return ExitCode.Success;
            if (!asJson)
                foreach (Result result in results.Where(result => result.Error is not null)) Console.Error.WriteLine($"moga: {result.Error}");
            return Failure.Report($"{bad} of {results.Count} pictures could not be read", ExitCode.Failure);
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
                    errors[i] = Failure.Describe(e);
                }
            }).ConfigureAwait(false);
            ImmutableArray<ImmutableArray<Prediction>> predictions = classifier.Classify([.. images.OfType<RgbImage>()], topK, cancellationToken);
            int next = 0;
            for (int i = 0; i < batch.Length; i++)
                results.Add(images[i] is null ? new Result(batch[i], null, errors[i]) : new Result(batch[i], predictions[next++], null));
            report((double)results.Count / files.Count, $"{results.Count} of {files.Count}");
        }

        return results;
    }

    private static void Print(List<Result> results)
    {
        foreach (Result result in results)
            if (result.Predictions is { } predictions)
                Console.Out.WriteLine($"{result.Path}: {string.Join(", ", predictions.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Label} {100 * p.Score:F1}%")))}");
    }

    private sealed record Result(string Path, ImmutableArray<Prediction>? Predictions, string? Error);
}
