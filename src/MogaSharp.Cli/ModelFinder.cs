using System.CommandLine;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>Finds and loads the models that command lines name.</summary>
internal static class ModelFinder
{
    /// <summary>The model that ships with the program.</summary>
    public const string DefaultModel = "moganet_xtiny_fashion";

    /// <summary>The model for video that ships with the program.</summary>
    public const string DefaultVideoModel = "simvp_moga_small";

    /// <summary>The official models and those beside the program.</summary>
    public static ModelCatalogue Catalogue { get; } = ModelCatalogue.Official.WithShipped(Path.Combine(AppContext.BaseDirectory, "models"));

    /// <summary>Used for all requests.</summary>
    public static HttpClient Http { get; } =
        new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(20) }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Where nobody named a model: says what the demonstration that ships with the program knows, since it has an answer to
    /// everything.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">The option that names a model.</param>
    /// <param name="weights">A weight file that replaces the demonstration's own; null for none.</param>
    /// <param name="module">The task, whose demonstration it is.</param>
    public static void SayDefault(ParseResult parsed, Option model, string? weights, TaskModule module)
    {
        if (weights is not null || parsed.GetResult(model)?.Implicit == false)
            return;
        Notices.Hint($"without --model this is {module.DefaultModel}, {module.AboutDefaultModel}");
    }

    /// <summary>The card that a command line names.</summary>
    public static ModelCard Card(string nameOrPath) => ModelSource.FindCard(nameOrPath, Catalogue);

    /// <summary>The input of a network, checked to fit into memory as one array.</summary>
    /// <exception cref="UsageException">It has too many elements.</exception>
    public static Shape Input(int batch, ModelCard card, (int Height, int Width)? size = null)
    {
        (int height, int width) = size ?? (card.Preprocess.Height, card.Preprocess.Width);
        Shape input = card.CreateDefinition().InputShape(batch, height, width);
        if (input.ElementCount <= Array.MaxLength)
            return input;
        throw new UsageException(
            $"An input of {input} has {input.ElementCount:N0} numbers, more than the {Array.MaxLength:N0} that fit into one; take a "
                + "smaller batch or size."
        );
    }

    /// <summary>The options of a model that has to be a classifier.</summary>
    /// <exception cref="UsageException">It is for another task.</exception>
    public static ClassifierOptions Classifier(ModelCard card) =>
        card.Options as ClassifierOptions
        ?? throw new UsageException(
            $"{card.Name} is a model for {card.Options.Task.ToString().ToLowerInvariant()}; this takes a classifier."
        );

    /// <summary>Loads a model; downloads its weights with a progress bar when they are not there. Says what was left out or
    /// guessed.</summary>
    public static async Task<LoadedModel> LoadAsync(ModelCard card, string? weights, bool ema, CancellationToken cancellationToken)
    {
        string? path = weights is null ? null : Paths.ExistingWeights(weights);
        var options = new ModelSourceOptions
        {
            Catalogue = Catalogue,
            WeightsPath = path,
            Ema = ema ? true : null,
            Key = CommonOptions.WeightsKey,
            Downloader = Downloader(),
        };
        LoadedModel loaded =
            path is not null || card.Weights.Url is null
                ? await ModelSource.LoadAsync(card, options, cancellationToken).ConfigureAwait(false)
                : await Output
                    .WithProgressAsync(
                        $"Downloading {card.Name}",
                        report => ModelSource.LoadAsync(card, options with { Progress = Output.Download(report) }, cancellationToken)
                    )
                    .ConfigureAwait(false);
        Notices.OfThisRun.AddRange(loaded.Notes);
        return loaded;
    }

    /// <summary>Downloads into the user's cache.</summary>
    /// <param name="verify">True to check the hash of what is there already.</param>
    public static ModelDownloader Downloader(bool verify = false) =>
        new(Http, new DownloadOptions { Logger = TraceLogger.Instance, Verify = verify });
}
