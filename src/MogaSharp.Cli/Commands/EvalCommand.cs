using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga eval</c>: accuracy on a labelled data set, or how well clips are predicted.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data", "-d")
        {
            Description = "folder:PATH (one folder per class), idx:PATH (MNIST-style idx or idx.gz files), tar:PATTERN (WebDataset shards); clips: moving-mnist[:PATH], moving-fashion[:PATH], frames:PATH",
            Required = true,
            HelpName = "kind:path",
        };
        Option<string> model = Shared.Model();
        model.Description += $"; default for clips: {Shared.DefaultVideoModel}";
        var task = new Option<ModelTask?>("--task") { Description = "classification or video; default: what the data is for", HelpName = "task" };
        task.AcceptOnlyFromAmong([.. Enum.GetNames<ModelTask>().Select(name => name.ToLowerInvariant())]);
        var card = new Option<string?>("--card") { Description = "A model card to use instead of --model", HelpName = "file" };
        Option<string?> weights = Shared.Weights();
        Option<bool> ema = Shared.Ema();
        Option<string?> labels = Shared.Labels();
        var split = new Option<DatasetSplit>("--split")
        {
            Description = "The part of the set: test or train",
            DefaultValueFactory = _ => DatasetSplit.Test,
            HelpName = "part",
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (text is not ("test" or "train")) result.AddError($"--split takes test or train, not '{text}'");
                return text == "train" ? DatasetSplit.Train : DatasetSplit.Test;
            },
        };
        Option<int> batch = Shared.Whole("--batch", "-b", 0, "Pictures or clips per run; default: 32 pictures, 16 clips", 4096);
        var engine = new EngineOptions();
        var officialPsnr = new Option<bool>("--official-psnr") { Description = "Clips: also print what the official code calls PSNR" };
        Option<bool> json = Shared.Json();
        var command = new Command("eval", "Measure accuracy on a labelled data set, or how well clips are predicted") { data, model, card, task, weights, ema, labels, split, batch, engine.Engine, engine.Provider, engine.Device, officialPsnr, engine.Threads, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string text = parsed.GetValue(data)!;
            bool isVideo = ClipSpec.IsClips(text);
            if (parsed.GetValue(task) is { } named && (named == ModelTask.Video) != isVideo)
                throw new UsageException($"'{text}' is no data for {named.ToString().ToLowerInvariant()}; {(isVideo ? "those are clips" : "write moving-mnist, moving-fashion or frames:PATH")}");
            bool isDefault = parsed.GetResult(model)?.Implicit != false;
            ModelCard Chosen() => parsed.GetValue(card) is { } file ? ModelCard.Load(Paths.Existing(file)) : Shared.Card(isVideo && isDefault ? Shared.DefaultVideoModel : parsed.GetValue(model)!);
            if (parsed.GetValue(card) is null) Shared.SayDefault(parsed, model, parsed.GetValue(weights), isVideo);
            int batchSize = parsed.GetValue(batch) is > 0 and var given ? given : isVideo ? 16 : 32;
            if (isVideo)
            {
                var evaluation = new VideoEval
                {
                    Data = text,
                    Card = Chosen(),
                    Weights = parsed.GetValue(weights),
                    Ema = parsed.GetValue(ema),
                    Split = parsed.GetValue(split),
                    Batch = batchSize,
                    CreateEngine = () => engine.Create(parsed),
                    OfficialPsnr = parsed.GetValue(officialPsnr),
                    Json = parsed.GetValue(json),
                };
                return await evaluation.RunAsync(cancellationToken).ConfigureAwait(false);
            }

            DatasetSpec source = DatasetSpec.Parse(text);
            source.RequireFolder();
            ModelCard chosen = Chosen();
            Shared.Input(batchSize, chosen);
            LoadedModel loaded = await Shared.LoadAsync(chosen, parsed.GetValue(weights), parsed.GetValue(ema), cancellationToken).ConfigureAwait(false);
            IInferenceEngine running = engine.Create(parsed);
            using var resources = running as IDisposable;
            loaded = LabelFile.Apply(loaded, parsed.GetValue(labels));
            using var classifier = new ImageClassifier(loaded, running);
            IImageDataset set = source.Open(parsed.GetValue(split), Labels(classifier));
            Shared.Notices.AddRange(set.Notes);
            var clock = Stopwatch.StartNew();
            var skipped = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
            ClassificationMetrics metrics = await Output.WithProgressAsync("Evaluating", report =>
                Task.Run(() => Evaluate(classifier, set, batchSize, skipped, report, cancellationToken), cancellationToken)).ConfigureAwait(false);
            double rate = metrics.Images / clock.Elapsed.TotalSeconds;
            Shared.Notices.Flush();
            (string Name, string Problem)[] bad = [.. skipped.Select(pair => (pair.Key, pair.Value)).OrderBy(pair => pair.Key, StringComparer.Ordinal)];
            foreach ((string name, string problem) in bad) Failure.Report($"{name}: {problem}", ExitCode.Failure);
            if (metrics.Images == 0) throw new FailureException($"none of the {set.Count} images of '{text}' can be read");
            if (parsed.GetValue(json)) PrintJson(loaded.Card, classifier, metrics, rate, bad);
            else Print(classifier, metrics, rate);
            return bad.Length == 0
                ? ExitCode.Success
                : Failure.Report($"{bad.Length} of {set.Count} images could not be read; the figures are those of the others", ExitCode.Failure);
        });
        return command;
    }

    private static IReadOnlyList<Data.ClassLabel> Labels(ImageClassifier classifier) => classifier.Model.Card.LabelSet is { } set
        ? [.. LabelSet.Find(set).Select(label => new Data.ClassLabel(label.Names[0], label.Synset, label.Names))]
        : [.. classifier.Labels.Select(label => new Data.ClassLabel(label))];

    private static ClassificationMetrics Evaluate(
        ImageClassifier classifier, IImageDataset set, int batchSize, ConcurrentDictionary<string, string> skipped, Action<double, string> report, CancellationToken cancellationToken)
    {
        var metrics = new ClassificationMetrics(classifier.Labels.Length);
        for (int first = 0; first < set.Count; first += batchSize)
        {
            int count = Math.Min(batchSize, set.Count - first);
            var input = new Tensor(classifier.InputShape.With(0, count));
            int length = input.Data.Length / count;
            bool[] isRead = new bool[count];
            int[] labels = new int[count];
            Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellationToken }, i =>
            {
                ImageItem item = set[first + i];
                labels[i] = item.Label;
                isRead[i] = TryWriteInput(item, classifier.Preprocessor, input.Data.AsSpan(i * length, length), skipped);
            });
            Tensor logits = classifier.Logits(input, cancellationToken);
            for (int i = 0; i < count; i++)
                if (isRead[i]) metrics.Add(logits.Span.Slice(i * metrics.Classes, metrics.Classes), labels[i]);
            report((double)(first + count) / set.Count, $"{first + count} of {set.Count}");
        }

        return metrics;
    }

    // As timm, an evaluation passes over what cannot be read; but it says so, and its exit code does.
    private static bool TryWriteInput(ImageItem item, Preprocessor preprocessor, Span<float> input, ConcurrentDictionary<string, string> skipped)
    {
        try
        {
            PixelBlock pixels = item.ReadPixels();
            Shared.Notices.Count(pixels.Conversions, item.Name);
            preprocessor.Process(pixels.Pixels.Span, pixels.Width, pixels.Height, pixels.Layout, 0, input);
            return true;
        }
        catch (Exception e) when (e is ImageFormatException or IOException or UnauthorizedAccessException)
        {
            skipped[item.Name] = e is ImageFormatException { Problem: { } problem } ? problem
                : e is FileNotFoundException && ImagePaths.WhyMissing(item.Name) is { } why ? why : Failure.Describe(e)!;
            return false;
        }
    }

    private static void Print(ImageClassifier classifier, ClassificationMetrics metrics, double rate)
    {
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"top-1 {100 * metrics.Top1:F2}%  top-5 {100 * metrics.Top5:F2}%  {metrics.Images} images  {rate:F0} images/s"));
        if (metrics.Classes > 20) return;
        int[,] confusion = metrics.Confusion;
        var rows = new List<string[]> { new[] { "class ", "precision", "recall", "most often taken for " } };
        for (int c = 0; c < metrics.Classes; c++)
        {
            (int Count, int Class) worst = Enumerable.Range(0, metrics.Classes).Where(p => p != c).Select(p => (confusion[c, p], p)).DefaultIfEmpty().MaxBy(pair => pair.Item1);
            rows.Add([classifier.Labels[c], Share(metrics.Precision(c)), Share(metrics.Recall(c)), worst.Count > 0 ? $"{classifier.Labels[worst.Class]} ({worst.Count})" : ""]);
        }

        Output.Table(rows);
    }

    // Nothing was predicted so, or no picture is of the class.
    private static string Share(double value) => double.IsNaN(value) ? "-" : value.ToString("F3", CultureInfo.InvariantCulture);

    private static void PrintJson(ModelCard card, ImageClassifier classifier, ClassificationMetrics metrics, double rate, (string Name, string Problem)[] skipped)
    {
        int[,] confusion = metrics.Confusion;
        EvalReport report = new(
            card.Name,
            metrics.Top1,
            metrics.Top5,
            metrics.Images,
            skipped.Length == 0 ? null : [.. skipped.Select(item => new SkippedImage(item.Name, item.Problem))],
            Math.Round(rate, 1),
            classifier.Labels,
            [.. Enumerable.Range(0, metrics.Classes).Select(t => Enumerable.Range(0, metrics.Classes).Select(p => confusion[t, p]).ToArray())],
            Shared.Notices.AllOrNull);
        Output.Json(report, CliJson.Printed.EvalReport);
    }
}

/// <summary>What <c>moga eval --json</c> prints for pictures.</summary>
internal sealed record EvalReport(
    string Model, double Top1, double Top5, long Images, SkippedImage[]? Skipped, double ImagesPerSecond, ImmutableArray<string> Labels, int[][] Confusion,
    IReadOnlyList<string>? Notes);

/// <summary>A picture that could not be read.</summary>
internal sealed record SkippedImage(string Path, string Error);
