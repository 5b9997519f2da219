using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;

namespace MogaSharp.Tasks;

/// <summary>Classifies images: decoding, preprocessing as the model card says, network, softmax. Safe for concurrent use.</summary>
public sealed class ImageClassifier : FixedSizePredictor<Classification>
{
    private const int DefaultTopK = 5;

    /// <summary>Binds a loaded model to an engine.</summary>
    /// <param name="model">The model. It need not be kept: the engine has its weights in a form of its own.</param>
    /// <param name="engine">The engine, which must outlive the classifier; null for a managed one that the classifier owns.</param>
    /// <param name="logger">Receives the batches that go through the network and images that cannot be read; null for none.</param>
    /// <exception cref="ModelCardException">
    /// The model does not classify, has no classes, takes other than 3 channels, or its card has labels for another number of classes.
    /// </exception>
    public ImageClassifier(LoadedModel model, IInferenceEngine? engine = null, ILogger? logger = null)
        : base(model, Check(model), engine, logger) => Labels = model.Card.GetLabels();

    /// <summary>The class names in the order of the outputs.</summary>
    public ImmutableArray<string> Labels { get; }

    /// <summary>Loads a model by catalogue name or card and binds it to an engine.</summary>
    /// <param name="nameOrCard">See <see cref="ModelSource.FindCard"/>.</param>
    /// <param name="engine">The engine, which must outlive the classifier; null for a managed one that the classifier owns.</param>
    /// <param name="options">Which weights.</param>
    /// <param name="cancellationToken">Ends a download.</param>
    /// <inheritdoc cref="ModelSource.LoadAsync(string, ModelSourceOptions, CancellationToken)"/>
    public static async Task<ImageClassifier> CreateAsync(
        string nameOrCard,
        IInferenceEngine? engine = null,
        ModelSourceOptions? options = null,
        CancellationToken cancellationToken = default
    ) => new(await ModelSource.LoadAsync(nameOrCard, options ?? new(), cancellationToken).ConfigureAwait(false), engine);

    /// <summary>Classifies an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="topK">How many classes to return, best first; at least 1. Equal scores come in the order of the classes.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="topK"/> is below 1.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The classifier has been disposed.</exception>
    public ImmutableArray<Prediction> Classify(RgbImage image, int topK = DefaultTopK, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(topK, 1);
        return Predict(image, cancellationToken).Top(topK);
    }

    /// <summary>Decodes and classifies an image file without blocking the caller.</summary>
    /// <param name="path">The file.</param>
    /// <param name="topK">How many classes to return, best first; at least 1.</param>
    /// <param name="cancellationToken">Ends reading and the run.</param>
    /// <exception cref="ImageFormatException">The file is not an image that can be read.</exception>
    /// <exception cref="ImagingUnavailableException">The decoder's library is missing.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public Task<ImmutableArray<Prediction>> ClassifyAsync(
        string path,
        int topK = DefaultTopK,
        CancellationToken cancellationToken = default
    ) => ClassifyAsync(ImageDecoder.LoadAsync, path, topK, cancellationToken);

    /// <summary>Decodes and classifies an image stream without blocking the caller.</summary>
    /// <param name="stream">The encoded image, read to its end; it stays open.</param>
    /// <param name="topK">How many classes to return, best first; at least 1.</param>
    /// <param name="cancellationToken">Ends reading and the run.</param>
    /// <exception cref="ImageFormatException">The stream is not an image that can be read.</exception>
    /// <exception cref="ImagingUnavailableException">The decoder's library is missing.</exception>
    public Task<ImmutableArray<Prediction>> ClassifyAsync(
        Stream stream,
        int topK = DefaultTopK,
        CancellationToken cancellationToken = default
    ) => ClassifyAsync((from, limits, token) => ImageDecoder.LoadAsync(from, "stream", limits, token), stream, topK, cancellationToken);

    /// <summary>The raw outputs for inputs that are already preprocessed.</summary>
    /// <param name="input">(N, 3, H, W).</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>(N, classes).</returns>
    /// <exception cref="GraphException">The input has another rank or other channels, or is empty.</exception>
    public Tensor Logits(Tensor input, CancellationToken cancellationToken = default) =>
        Run(input, cancellationToken)[ClassifierHead.Logits];

    /// <inheritdoc/>
    protected override Classification Interpret(PreparedImage image, NetworkOutputs outputs) => new(Labels, outputs[ClassifierHead.Logits]);

    private async Task<ImmutableArray<Prediction>> ClassifyAsync<TFrom>(
        Func<TFrom, ImageLimits?, CancellationToken, Task<RgbImage>> load,
        TFrom from,
        int topK,
        CancellationToken cancellationToken
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(topK, 1);
        RgbImage image = await load(from, null, cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => Classify(image, topK, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private static ComputationGraph Check(LoadedModel model)
    {
        ModelCard card = model.Card;
        if (model.Definition is not IClassifierDefinition definition)
            throw new ModelCardException(card.Name, $"The model is for {card.Options.Task}; it does not classify images.")
            {
                IsForAnotherTask = true,
            };
        if (definition.NumClasses == 0)
            throw new ModelCardException(card.Name, "The model has no classes; it gives features only.");
        if (definition.InChannels != 3)
            throw new ModelCardException(card.Name, $"The model takes {definition.InChannels} channels; images have 3.");
        int labels = card.GetLabels().Length;
        if (labels != definition.NumClasses)
            throw new ModelCardException(card.Name, $"The card has {labels} labels for {definition.NumClasses} classes.");
        return model.Graph;
    }
}
