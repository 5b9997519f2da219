using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga classify</c>: the classes of images, printed as they come.</summary>
internal static class ClassifyCommand
{
    private const int BatchSize = 8;

    public static Command Create()
    {
        Argument<string[]> paths = Shared.WithoutOptions(
            new("path") { Description = "Images, folders, globs (*, ?, **), or - for stdin", Arity = ArgumentArity.OneOrMore }
        );
        Option<string> model = Shared.Model();
        Option<string?> weights = Shared.Weights();
        Option<bool> ema = Shared.Ema();
        Option<string?> labels = Shared.Labels();
        Option<int> topK = Shared.Whole("--topk", "-k", 5, "Classes to show for each image", 100_000);
        var engine = new EngineOptions();
        Option<bool> json = Shared.Json();
        var command = new Command("classify", "Say what images show")
        {
            paths,
            model,
            weights,
            ema,
            labels,
            topK,
            engine.Engine,
            engine.Provider,
            engine.Device,
            engine.Threads,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                IReadOnlyList<string> files = ImagePaths.Expand(parsed.GetValue(paths)!, Shared.Notices);
                string[][] batches = [.. files.Chunk(BatchSize)];
                ModelCard card = Shared.Card(parsed.GetValue(model)!);
                Preprocessor preprocessor = ImageClassifier.CreatePreprocessor(card);
                using IInferenceEngine running = engine.Create(parsed);
                Shared.SayDefault(parsed, model, parsed.GetValue(weights), TaskModules.Of(ModelTask.Classification));
                Task warmUp = running is CpuEngine cpu ? WarmUp.Begin(cpu) : Task.CompletedTask;
                // Images are decoded while the model loads, and later while the batch before is classified.
                using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                Task<Decoded> first = Task.Run(() => DecodeAsync(batches[0], preprocessor, abandon.Token), abandon.Token);
                try
                {
                    LoadedModel loaded = await Shared
                        .LoadAsync(card, parsed.GetValue(weights), parsed.GetValue(ema), cancellationToken)
                        .ConfigureAwait(false);
                    await warmUp.ConfigureAwait(false);
                    loaded = LabelFile.Apply(loaded, parsed.GetValue(labels));
                    using var classifier = new ImageClassifier(loaded, running);
                    var results = new Results(files.Count, parsed.GetValue(json));
                    try
                    {
                        // Where results go to the terminal themselves, they show how far it is.
                        Task<bool> Work(Action<double, string> report) =>
                            ClassifyAllAsync(classifier, batches, first, parsed.GetValue(topK), results, report, abandon.Token);
                        if (Console.IsOutputRedirected)
                            await Output.WithProgressAsync("Classifying", Work).ConfigureAwait(false);
                        else
                            await Work((_, _) => { }).ConfigureAwait(false);
                    }
                    finally
                    {
                        // What is done is kept, whatever ended the work.
                        results.End();
                    }

                    return results.Report();
                }
                finally
                {
                    await abandon.CancelAsync().ConfigureAwait(false);
                    await warmUp.ConfigureAwait(false);
                }
            }
        );
        return command;
    }

    private static async Task<bool> ClassifyAllAsync(
        ImageClassifier classifier,
        string[][] batches,
        Task<Decoded> first,
        int topK,
        Results results,
        Action<double, string> report,
        CancellationToken cancellationToken
    )
    {
        Task<Decoded> next = first;
        for (int b = 0; b < batches.Length; b++)
        {
            Decoded decoded = await next.ConfigureAwait(false);
            if (b + 1 < batches.Length)
            {
                string[] following = batches[b + 1];
                next = Task.Run(() => DecodeAsync(following, classifier.Preprocessor, cancellationToken), cancellationToken);
            }

            float[][] inputs = [.. decoded.Inputs.OfType<float[]>()];
            ImmutableArray<ImmutableArray<Prediction>> predictions =
                inputs.Length == 0 ? [] : classifier.Classify(Together(inputs, classifier.InputShape), topK, cancellationToken);
            int good = 0;
            for (int i = 0; i < batches[b].Length; i++)
                results.Add(
                    decoded.Inputs[i] is null
                        ? new ClassifiedImage(batches[b][i], null, decoded.Errors[i], null)
                        : Classified(batches[b][i], decoded.Conversions[i], predictions[good++])
                );
            report((double)results.Count / results.Total, $"{results.Count} of {results.Total}");
        }

        return true;
    }

    private static Tensor Together(float[][] inputs, Shape one)
    {
        var batch = new Tensor(one.With(0, inputs.Length));
        for (int i = 0; i < inputs.Length; i++)
            inputs[i].CopyTo(batch.Span[(i * inputs[i].Length)..]);
        return batch;
    }

    // Of an image only the input is kept: photos of many megapixels would fill the memory in batches.
    private static async Task<Decoded> DecodeAsync(string[] files, Preprocessor preprocessor, CancellationToken cancellationToken)
    {
        var decoded = new Decoded(new float[files.Length][], new ImageConversions[files.Length], new string?[files.Length]);
        await Parallel
            .ForAsync(
                0,
                files.Length,
                cancellationToken,
                async (i, token) =>
                {
                    try
                    {
                        RgbImage image = await LoadAsync(files[i], token).ConfigureAwait(false);
                        float[] input = new float[preprocessor.InputLength];
                        preprocessor.Process(image, input);
                        (decoded.Inputs[i], decoded.Conversions[i]) = (input, image.Conversions);
                    }
                    catch (Exception e) when (e is not ImagingUnavailableException && Failure.Describe(e) is not null)
                    {
                        // One bad image does not keep the others from being classified.
                        decoded.Errors[i] =
                            e is ImageFormatException { Problem: { } problem } ? problem
                            : e is FileNotFoundException && ImagePaths.WhyMissing(files[i]) is { } why ? why
                            : Failure.Describe(e);
                    }
                }
            )
            .ConfigureAwait(false);
        return decoded;
    }

    private static async Task<RgbImage> LoadAsync(string path, CancellationToken cancellationToken)
    {
        if (path != ImagePaths.Stdin)
            return await ImageDecoder.LoadAsync(path, null, cancellationToken).ConfigureAwait(false);
        await using Stream stdin = Console.OpenStandardInput();
        return await ImageDecoder.LoadAsync(stdin, "stdin", null, cancellationToken).ConfigureAwait(false);
    }

    private static ClassifiedImage Classified(string path, ImageConversions conversions, ImmutableArray<Prediction> predictions)
    {
        Shared.Notices.Count(conversions, path);
        string[]? notes = conversions == ImageConversions.None ? null : [.. Notices.Describe(conversions)];
        return float.IsNaN(predictions[0].Score)
            ? new ClassifiedImage(path, null, "the network's outputs are not finite; the weights may be damaged", notes)
            : new ClassifiedImage(path, predictions, null, notes);
    }

    // One entry per file: its input and what decoding lost, or why there is none.
    private sealed record Decoded(float[]?[] Inputs, ImageConversions[] Conversions, string?[] Errors);

    /// <summary>Prints results in their order, each when it is known: lines, or the elements of one JSON array.</summary>
    private sealed class Results(int total, bool json)
    {
        private readonly JsonArrayOutput<ClassifiedImage>? _array = json ? new(CliJson.Printed.ClassifiedImage) : null;
        private readonly List<ClassifiedImage> _bad = [];

        public int Total => total;

        public int Count { get; private set; }

        public void Add(ClassifiedImage result)
        {
            Count++;
            if (result.Error is not null)
                _bad.Add(result);
            if (_array is not null)
                _array.Add(result);
            else if (result.Predictions is { } predictions)
            {
                IEnumerable<string> scores = predictions.Select(p =>
                    string.Create(CultureInfo.InvariantCulture, $"{p.Label} {100 * p.Score:F1}%")
                );
                Output.Line($"{result.Path}: {string.Join(", ", scores)}");
            }
        }

        /// <summary>Completes the output.</summary>
        public void End()
        {
            _array?.End();
            Shared.Notices.Flush();
            foreach (ClassifiedImage result in _bad)
                Failure.Report($"{result.Path}: {result.Error}", ExitCode.Failure);
        }

        /// <summary>The exit code, with a last line about what could not be classified.</summary>
        public int Report() =>
            _bad.Count == 0 ? ExitCode.Success
            : total == 1 ? ExitCode.Failure
            : Failure.Report($"{_bad.Count} of {total} images could not be classified", ExitCode.Failure);
    }
}

/// <summary>What <c>moga classify --json</c> prints of an image: its classes, or why there are none.</summary>
internal sealed record ClassifiedImage(string Path, ImmutableArray<Prediction>? Predictions, string? Error, string[]? Notes);
