using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Weights;

namespace MogaSharp.Tasks;

/// <summary>Which weights a task uses.</summary>
public sealed record ModelSourceOptions
{
    /// <summary>The models that names are looked up in. Default: the official ones.</summary>
    public ModelCatalogue Catalogue { get; init; } = ModelCatalogue.Official;

    /// <summary>A weight file to use instead of the card's; its class count may differ from the card's.</summary>
    public string? WeightsPath { get; init; }

    /// <summary>True to take the moving average; null for what the card says.</summary>
    public bool? Ema { get; init; }

    /// <summary>Where the weights lie in the file (see <see cref="StateDictOptions.Key"/>); null to find the place.</summary>
    public string? Key { get; init; }

    /// <summary>Downloads weights that are not in the cache yet; null to do without.</summary>
    public ModelDownloader? Downloader { get; init; }

    /// <summary>Receives a download's progress.</summary>
    public IProgress<DownloadProgress>? Progress { get; init; }
}

/// <summary>Finds cards and weights and binds them.</summary>
public static class ModelSource
{
    private const string CardFile = "card.json";

    /// <summary>A card by catalogue name, or by path when the text names a file, ends in <c>.json</c>, or names a folder with a
    /// <c>card.json</c>.</summary>
    /// <exception cref="UnknownModelException">No model has this name.</exception>
    /// <exception cref="ModelCardException">The file is not a card.</exception>
    /// <exception cref="FileNotFoundException">The text ends in <c>.json</c> and there is no such file.</exception>
    public static ModelCard FindCard(string nameOrPath, ModelCatalogue catalogue)
    {
        string inFolder = Path.Combine(nameOrPath, CardFile);
        if (File.Exists(inFolder))
            return ModelCard.Load(inFolder);
        bool isPath = nameOrPath.EndsWith(".json", StringComparison.OrdinalIgnoreCase);
        if (File.Exists(nameOrPath) || (isPath && Directory.Exists(nameOrPath)))
            return ModelCard.Load(nameOrPath);
        return isPath ? throw new FileNotFoundException($"There is no model card '{nameOrPath}'.", nameOrPath) : catalogue.Find(nameOrPath);
    }

    /// <summary>Loads a model by name or path.</summary>
    /// <param name="nameOrPath">See <see cref="FindCard"/>.</param>
    /// <param name="options">Which weights.</param>
    /// <param name="cancellationToken">Ends a download.</param>
    /// <exception cref="UnknownModelException">No model has this name.</exception>
    /// <exception cref="ModelCardException">The card cannot be used.</exception>
    /// <inheritdoc cref="LoadAsync(ModelCard, ModelSourceOptions, CancellationToken)"/>
    public static Task<LoadedModel> LoadAsync(
        string nameOrPath,
        ModelSourceOptions options,
        CancellationToken cancellationToken = default
    ) => LoadAsync(FindCard(nameOrPath, options.Catalogue), options, cancellationToken);

    /// <summary>Loads a model.</summary>
    /// <param name="card">Its card.</param>
    /// <param name="options">Which weights.</param>
    /// <param name="cancellationToken">Ends a download.</param>
    /// <exception cref="FileNotFoundException">The weights are not there and may not be downloaded.</exception>
    /// <exception cref="DownloadException">The download failed.</exception>
    /// <exception cref="CheckpointFormatException">The weight file is none.</exception>
    /// <exception cref="WeightMismatchException">The weights are another architecture's.</exception>
    /// <exception cref="GraphException">The card's options describe no network.</exception>
    public static async Task<LoadedModel> LoadAsync(
        ModelCard card,
        ModelSourceOptions options,
        CancellationToken cancellationToken = default
    )
    {
        string path = options.WeightsPath ?? await FindWeightsAsync(card, options, cancellationToken).ConfigureAwait(false);
        return Bind(card, path, options.Ema ?? card.Weights.Ema, options.Key);
    }

    /// <summary>The file that a card's address is downloaded as; null when the card has no address.</summary>
    public static ModelFile? DownloadOf(ModelCard card)
    {
        if (card.Weights.Url is not { } url)
            return null;
        var address = new Uri(url);
        return new ModelFile(card.Weights.SaveAs ?? Path.GetFileName(address.LocalPath), address, card.Weights.Sha256);
    }

    /// <summary>Binds a weight file to a card. Another class count than the card's is taken from the file, and the labels become
    /// numbers.</summary>
    /// <param name="card">The card.</param>
    /// <param name="weightsPath">The weight file.</param>
    /// <param name="ema">True to take the moving average that the file holds beside the weights.</param>
    /// <param name="key">Where the weights lie in the file; null to find the place.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="CheckpointFormatException">The file is not a weight file, or holds no moving average.</exception>
    /// <exception cref="WeightMismatchException">The weights are another architecture's.</exception>
    /// <exception cref="GraphException">The card's options describe no network.</exception>
    public static LoadedModel Bind(ModelCard card, string weightsPath, bool ema, string? key = null)
    {
        using Checkpoint checkpoint = Checkpoint.Open(weightsPath);
        IModelDefinition definition = card.CreateDefinition();
        ComputationGraph graph = LoadedModel.BuildFor(card, definition);
        // Names do not depend on the number of classes.
        StateDict state = StateDict.For(
            checkpoint,
            graph.Parameters,
            new StateDictOptions
            {
                Ema = ema,
                Key = key,
                Forms = ModelFamilies.Of(card.Options).Forms,
            }
        );
        if (
            card.Options is { ClassCount: > 0 } options
            && state.InferClassCount(options.HeadNames[0]) is { } outputs
            && options.ClassesOf(outputs) is var classes
            && classes != options.ClassCount
        )
        {
            card = card with { Options = options.WithClasses(classes), Labels = [], LabelSet = null };
            definition = card.CreateDefinition();
            graph = LoadedModel.BuildFor(card, definition);
        }

        return new LoadedModel
        {
            Card = card,
            Definition = definition,
            Graph = graph,
            Weights = state.Bind(graph.Parameters),
            Notes = [.. checkpoint.Notes, .. state.Notes],
        };
    }

    private static async Task<string> FindWeightsAsync(ModelCard card, ModelSourceOptions options, CancellationToken cancellationToken)
    {
        if (card.GetWeightsPath() is { } local && (File.Exists(local) || card.Weights.Url is null))
            return local;
        if (DownloadOf(card) is not { } file)
            throw new FileNotFoundException($"The card of '{card.Name}' names no weights; give a weight file.");
        if (options.Downloader is not { } downloader)
            throw new FileNotFoundException($"The weights of '{card.Name}' are not on this machine and downloads are off.");
        DownloadedModel downloaded = await downloader.GetAsync(file, options.Progress, cancellationToken).ConfigureAwait(false);
        return downloaded.Path;
    }
}
