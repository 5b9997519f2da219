using System.CommandLine;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>What a command prints of an image.</summary>
internal interface IImageReport
{
    /// <summary>The image.</summary>
    string Path { get; }

    /// <summary>Why there is nothing else; null where there is.</summary>
    string? Error { get; }
}

/// <summary>The arguments and options of commands that predict something for images.</summary>
/// <param name="defaultModel">The model that is taken where nobody names one.</param>
internal sealed class ImageArguments(string defaultModel)
{
    public Argument<string[]> Paths { get; } =
        CommonOptions.WithoutOptions(
            new("path") { Description = "Images, folders, globs (*, ?, **), or - for stdin", Arity = ArgumentArity.OneOrMore }
        );

    public Option<string> Model { get; } = CommonOptions.Model(defaultModel);

    public Option<string?> Weights { get; } = CommonOptions.Weights();

    public Option<bool> Ema { get; } = CommonOptions.Ema();

    public EngineOptions Engine { get; } = new();

    public Option<bool> Json { get; } = CommonOptions.Json();

    /// <summary>Adds all to a command, with its own options between the model and the engine.</summary>
    public void AddTo(Command command, params ReadOnlySpan<Option> own)
    {
        command.Arguments.Add(Paths);
        foreach (
            Option option in (Option[])[Model, Weights, Ema, .. own, Engine.Engine, Engine.Provider, Engine.Device, Engine.Threads, Json]
        )
            command.Options.Add(option);
    }
}

/// <summary>
/// Predicts for the images of a command line: decodes them while the model loads and while the batch before is computed, prints each result
/// when it is known, and says at the end what could not be read.
/// </summary>
/// <typeparam name="T">What is predicted for an image.</typeparam>
/// <typeparam name="TReport">What is printed of it.</typeparam>
internal abstract class ImageRun<T, TReport>
    where TReport : class, IImageReport
{
    /// <summary>The task.</summary>
    protected abstract ModelTask Task { get; }

    /// <summary>What is done, for the progress bar: <c>Segmenting</c>.</summary>
    protected abstract string Title { get; }

    /// <summary>What images could not be, for the last line: <c>segmented</c>.</summary>
    protected abstract string Done { get; }

    /// <summary>Where files are written, for which results need the decoded images; null for none.</summary>
    protected virtual OutputFolder? Folder => null;

    /// <summary>The images of the call.</summary>
    protected IReadOnlyList<string> Files { get; private set; } = [];

    /// <summary>How a report is written as JSON.</summary>
    protected abstract JsonTypeInfo<TReport> Json { get; }

    /// <summary>Makes inputs of images; needs no weights.</summary>
    protected abstract IImagePreparation Prepare(ModelCard card);

    /// <summary>Binds the model.</summary>
    protected abstract ImagePredictor<T> Create(LoadedModel model, IInferenceEngine engine);

    /// <summary>What is printed of a prediction; files are written here.</summary>
    /// <exception cref="FailureException">It cannot be printed or written, or means nothing.</exception>
    protected abstract IEnumerable<TReport> Report(ImageResult<T> result, string[]? notes);

    /// <summary>What is printed of an image for which there is no prediction.</summary>
    protected abstract TReport Fail(string path, string error, string[]? notes);

    /// <summary>A report for people.</summary>
    protected abstract string Line(TReport report);

    /// <summary>The images of a path; more than one where it has frames.</summary>
    protected virtual IEnumerable<ImageSource> Sources(string path, CancellationToken cancellationToken) =>
        [path == ImagePaths.Stdin ? ImageSource.FromStream(Console.OpenStandardInput, path) : ImageSource.FromFile(path)];

    /// <summary>Does it.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(ParseResult parsed, ImageArguments arguments, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> files = ImagePaths.Expand(parsed.GetValue(arguments.Paths)!, Notices.OfThisRun);
        ModelCard card = ModelFinder.Card(parsed.GetValue(arguments.Model)!);
        if (card.Options.Task != Task)
            throw new UsageException($"{card.Name} is a model for {card.Options.Task}; this takes one for {Task}.");
        Files = files;
        Folder?.RequireOthers(files);
        await using var images = new ImageInputs(
            Prepare(card),
            files.SelectMany(path => Sources(path, cancellationToken)),
            new ImageInputOptions { KeepsImages = Folder is not null },
            cancellationToken
        );
        using IInferenceEngine engine = arguments.Engine.Create(parsed);
        ModelFinder.SayDefault(parsed, arguments.Model, parsed.GetValue(arguments.Weights), TaskModules.Of(Task));
        Task warmUp = engine is CpuEngine cpu ? WarmUp.Begin(cpu) : System.Threading.Tasks.Task.CompletedTask;
        try
        {
            using ImagePredictor<T> predictor = await LoadAsync(parsed, arguments, card, engine, warmUp, cancellationToken)
                .ConfigureAwait(false);
            JsonArrayOutput<TReport>? array = parsed.GetValue(arguments.Json) ? new(Json) : null;
            var bad = new List<TReport>();
            int done = 0;
            try
            {
                // Where results go to the terminal themselves, they show how far it is.
                if (Console.IsOutputRedirected)
                    await Output.WithProgressAsync(Title, AllAsync).ConfigureAwait(false);
                else
                    await AllAsync((_, _) => { }).ConfigureAwait(false);
            }
            finally
            {
                // What is done is kept, whatever ended the work.
                array?.End();
                Notices.OfThisRun.Flush();
                foreach (TReport report in bad)
                    Failure.Report($"{report.Path}: {report.Error}", ExitCode.Failure);
            }

            return bad.Count == 0 ? ExitCode.Success
                : Math.Max(files.Count, done) == 1 ? ExitCode.Failure
                : Failure.Report($"{bad.Count} of {Math.Max(files.Count, done)} images could not be {Done}.", ExitCode.Failure);

            async Task<bool> AllAsync(Action<double, string> progress)
            {
                await foreach (ImageResult<T> result in predictor.PredictManyAsync(images, cancellationToken).ConfigureAwait(false))
                {
                    foreach (TReport report in Reports(result))
                    {
                        if (report.Error is not null)
                            bad.Add(report);
                        if (array is not null)
                            array.Add(report);
                        else if (report.Error is null)
                            Output.Line(Line(report));
                    }

                    // Frames are counted as they come.
                    int all = Math.Max(files.Count, ++done);
                    progress((double)done / all, $"{done} of {all}");
                }

                return true;
            }
        }
        finally
        {
            await warmUp.ConfigureAwait(false);
        }
    }

    // A method of its own, so that the loaded weights are let go when the engine has packed them.
    private async Task<ImagePredictor<T>> LoadAsync(
        ParseResult parsed,
        ImageArguments arguments,
        ModelCard card,
        IInferenceEngine engine,
        Task warmUp,
        CancellationToken cancellationToken
    )
    {
        LoadedModel loaded = await ModelFinder
            .LoadAsync(card, parsed.GetValue(arguments.Weights), parsed.GetValue(arguments.Ema), cancellationToken)
            .ConfigureAwait(false);
        await warmUp.ConfigureAwait(false);
        return Create(loaded, engine);
    }

    private TReport[] Reports(ImageResult<T> result)
    {
        if (!result.IsSuccess)
            return [Fail(result.Source.Name, Failure.WhyUnreadable(result.Source.Name, result.Error), null)];
        Notices.OfThisRun.Count(result.Conversions, result.Source.Name);
        string[]? notes = result.Conversions == Imaging.ImageConversions.None ? null : [.. Notices.Describe(result.Conversions)];
        try
        {
            return [.. Report(result, notes)];
        }
        catch (FailureException e)
        {
            return [Fail(result.Source.Name, e.Message, notes)];
        }
    }
}
