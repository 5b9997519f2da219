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
    public static Command Create()
    {
        Argument<string[]> paths = CommonOptions.WithoutOptions(
            new("path") { Description = "Images, folders, globs (*, ?, **), or - for stdin", Arity = ArgumentArity.OneOrMore }
        );
        Option<string> model = CommonOptions.Model();
        Option<string?> weights = CommonOptions.Weights();
        Option<bool> ema = CommonOptions.Ema();
        Option<string?> labels = CommonOptions.Labels();
        Option<int> topK = CommonOptions.WholeNumber("--topk", "-k", 5, "Classes to show for each image", 100_000);
        var engine = new EngineOptions();
        Option<bool> json = CommonOptions.Json();
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
                IReadOnlyList<string> files = ImagePaths.Expand(parsed.GetValue(paths)!, Notices.OfThisRun);
                ModelCard card = ModelFinder.Card(parsed.GetValue(model)!);
                // Images are decoded while the model loads, and later while the batch before is classified.
                await using var images = new ImageInputs(
                    new FixedSizePreparation(new Preprocessor(card.Preprocess.ToOptions())),
                    files.Select(Source),
                    cancellationToken: cancellationToken
                );
                using IInferenceEngine running = engine.Create(parsed);
                ModelFinder.SayDefault(parsed, model, parsed.GetValue(weights), TaskModules.Of(ModelTask.Classification));
                Task warmUp = running is CpuEngine cpu ? WarmUp.Begin(cpu) : Task.CompletedTask;
                try
                {
                    using ImageClassifier classifier = await LoadAsync(
                            card,
                            parsed.GetValue(weights),
                            parsed.GetValue(ema),
                            parsed.GetValue(labels),
                            running,
                            warmUp,
                            cancellationToken
                        )
                        .ConfigureAwait(false);
                    var results = new Results(files.Count, parsed.GetValue(json));
                    try
                    {
                        // Where results go to the terminal themselves, they show how far it is.
                        Task<bool> Work(Action<double, string> report) =>
                            ClassifyAllAsync(classifier, images, parsed.GetValue(topK), results, report, cancellationToken);
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
                    await warmUp.ConfigureAwait(false);
                }
            }
        );
        return command;
    }

    private static ImageSource Source(string path) =>
        path == ImagePaths.Stdin ? ImageSource.FromStream(Console.OpenStandardInput, path) : ImageSource.FromFile(path);

    // A method of its own, so that the loaded weights are let go when the engine has packed them.
    private static async Task<ImageClassifier> LoadAsync(
        ModelCard card,
        string? weights,
        bool ema,
        string? labels,
        IInferenceEngine engine,
        Task warmUp,
        CancellationToken cancellationToken
    )
    {
        LoadedModel loaded = await ModelFinder.LoadAsync(card, weights, ema, cancellationToken).ConfigureAwait(false);
        await warmUp.ConfigureAwait(false);
        return new ImageClassifier(LabelFile.Apply(loaded, labels), engine);
    }

    private static async Task<bool> ClassifyAllAsync(
        ImageClassifier classifier,
        ImageInputs images,
        int topK,
        Results results,
        Action<double, string> report,
        CancellationToken cancellationToken
    )
    {
        await foreach (ImageResult<Classification> result in classifier.PredictManyAsync(images, cancellationToken).ConfigureAwait(false))
        {
            results.Add(
                result.IsSuccess
                    ? Classified(result.Source.Name, result.Conversions, result.Value.Top(topK))
                    : new ClassifiedImage(result.Source.Name, null, Failure.WhyUnreadable(result.Source.Name, result.Error), null)
            );
            report((double)results.Count / results.Total, $"{results.Count} of {results.Total}");
        }

        return true;
    }

    private static ClassifiedImage Classified(string path, ImageConversions conversions, ImmutableArray<Prediction> predictions)
    {
        Notices.OfThisRun.Count(conversions, path);
        string[]? notes = conversions == ImageConversions.None ? null : [.. Notices.Describe(conversions)];
        return float.IsNaN(predictions[0].Score)
            ? new ClassifiedImage(path, null, "the network's outputs are not finite; the weights may be damaged", notes)
            : new ClassifiedImage(path, predictions, null, notes);
    }

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
            Notices.OfThisRun.Flush();
            foreach (ClassifiedImage result in _bad)
                Failure.Report($"{result.Path}: {result.Error}", ExitCode.Failure);
        }

        /// <summary>The exit code, with a last line about what could not be classified.</summary>
        public int Report() =>
            _bad.Count == 0 ? ExitCode.Success
            : total == 1 ? ExitCode.Failure
            : Failure.Report($"{_bad.Count} of {total} images could not be classified.", ExitCode.Failure);
    }
}

/// <summary>What <c>moga classify --json</c> prints of an image: its classes, or why there are none.</summary>
internal sealed record ClassifiedImage(string Path, ImmutableArray<Prediction>? Predictions, string? Error, string[]? Notes);
