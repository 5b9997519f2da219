using System.Collections.Immutable;
using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;

namespace MogaSharp.Tasks;

/// <summary>One class that a picture may belong to.</summary>
/// <param name="Label">The class's name.</param>
/// <param name="Index">Its position in the model's outputs.</param>
/// <param name="Score">The softmax probability, 0 to 1; NaN for every class when an output of the network is not finite.</param>
public readonly record struct Prediction(string Label, int Index, float Score);

/// <summary>
/// Classifies pictures: decoding, preprocessing as the model card says, network, softmax. Safe for concurrent use. Owns its
/// session, not the engine.
/// </summary>
public sealed class ImageClassifier : IDisposable
{
    private readonly IInferenceEngine _engine;
    private readonly IInferenceSession _session;
    private readonly Preprocessor _preprocessor;
    private readonly Lazy<IInferenceSession> _features;
    private bool _disposed;

    /// <summary>Binds a loaded model to an engine.</summary>
    /// <param name="model">The model.</param>
    /// <param name="engine">The engine; it must outlive the classifier.</param>
    /// <exception cref="GraphException">
    /// The model is no classifier, has no classes, takes other than 3 channels, or its card has labels for another number of classes or an
    /// unknown mode or filter.
    /// </exception>
    public ImageClassifier(LoadedModel model, IInferenceEngine engine)
    {
        Model = model;
        _engine = engine;
        if (model.Definition is not IClassifierDefinition definition)
            throw new GraphException(
                $"'{model.Card.Name}' is a model for {model.Card.Options.Task.ToString().ToLowerInvariant()}; it does not classify "
                    + "pictures."
            );
        if (definition.NumClasses == 0)
            throw new GraphException($"'{model.Card.Name}' has no classes; it gives features only.");
        if (definition.InChannels != 3)
            throw new GraphException($"'{model.Card.Name}' takes {definition.InChannels} channels; pictures have 3.");
        Labels = model.Card.GetLabels();
        if (Labels.Length != definition.NumClasses)
            throw new GraphException($"'{model.Card.Name}' has {Labels.Length} labels for {definition.NumClasses} classes.");
        _preprocessor = CreatePreprocessor(model.Card);
        _session = CreateSession(ModelOutputs.Head);
        _features = new Lazy<IInferenceSession>(() => CreateSession(ModelOutputs.Stages));
    }

    /// <summary>The model.</summary>
    public LoadedModel Model { get; }

    /// <summary>The class names in the order of the outputs.</summary>
    public ImmutableArray<string> Labels { get; }

    /// <summary>The input for one picture: (1, 3, Height, Width).</summary>
    public Shape InputShape => new(1, 3, Model.Card.Preprocess.Height, Model.Card.Preprocess.Width);

    /// <summary>Loads a model by catalogue name or card and binds it to an engine.</summary>
    /// <inheritdoc cref="ModelSource.LoadAsync(string, ModelSourceOptions, CancellationToken)"/>
    public static async Task<ImageClassifier> CreateAsync(
        string nameOrCard,
        IInferenceEngine engine,
        ModelSourceOptions? options = null,
        CancellationToken cancellationToken = default
    ) => new(await ModelSource.LoadAsync(nameOrCard, options ?? new(), cancellationToken).ConfigureAwait(false), engine);

    /// <summary>Classifies one picture.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="topK">How many classes to return, best first; at least 1. Equal scores come in the order of the classes.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="topK"/> is below 1.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The classifier has been disposed.</exception>
    public ImmutableArray<Prediction> Classify(RgbImage image, int topK = 5, CancellationToken cancellationToken = default) =>
        Classify([image], topK, cancellationToken)[0];

    /// <summary>Classifies pixels in memory, 8 bits each.</summary>
    /// <param name="pixels">Rows from top to bottom.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="layout">The order of a pixel's bytes.</param>
    /// <param name="stride">Bytes from row to row; 0 for tight rows.</param>
    /// <param name="topK">How many classes to return, best first; at least 1.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="ArgumentException">The span is too short for the size.</exception>
    public ImmutableArray<Prediction> Classify(
        ReadOnlySpan<byte> pixels,
        int width,
        int height,
        PixelLayout layout,
        int stride = 0,
        int topK = 5,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(topK, 1);
        var input = new Tensor(InputShape);
        _preprocessor.Process(pixels, width, height, layout, stride, input.Span);
        return TopK(Logits(input, cancellationToken).Span, topK);
    }

    /// <summary>Classifies pictures in one batch.</summary>
    /// <param name="images">The pictures, of any sizes; none gives no predictions.</param>
    /// <param name="topK">How many classes to return for each, best first; at least 1. Equal scores come in the order of the
    /// classes.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>The predictions of each picture, in order: those that it would get alone.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="topK"/> is below 1.</exception>
    public ImmutableArray<ImmutableArray<Prediction>> Classify(
        IReadOnlyList<RgbImage> images,
        int topK = 5,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(topK, 1);
        if (images.Count == 0)
            return [];
        var input = new Tensor(InputShape.With(0, images.Count));
        for (int i = 0; i < images.Count; i++)
            _preprocessor.Process(images[i], Image(input, i));
        return Classify(input, topK, cancellationToken);
    }

    /// <summary>Classifies images that are already preprocessed.</summary>
    /// <param name="input">(N, 3, Height, Width), as <see cref="Preprocess"/> writes it.</param>
    /// <param name="topK">How many classes to return for each, best first; at least 1. Equal scores come in the order of the
    /// classes.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>The predictions of each image, in order.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="topK"/> is below 1.</exception>
    /// <exception cref="GraphException">The input has another rank or other channels, or is empty.</exception>
    public ImmutableArray<ImmutableArray<Prediction>> Classify(Tensor input, int topK = 5, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(topK, 1);
        Tensor logits = Logits(input, cancellationToken);
        return [.. Enumerable.Range(0, input.Shape[0]).Select(i => TopK(Image(logits, i), topK))];
    }

    /// <summary>Decodes and classifies a picture file without blocking the caller.</summary>
    /// <param name="path">The file.</param>
    /// <param name="topK">How many classes to return, best first; at least 1.</param>
    /// <param name="cancellationToken">Ends reading and the run.</param>
    /// <exception cref="ImageFormatException">The file is no picture that can be read.</exception>
    /// <exception cref="ImagingUnavailableException">The decoder's library is missing.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public async Task<ImmutableArray<Prediction>> ClassifyAsync(string path, int topK = 5, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(topK, 1);
        RgbImage image = await ImageDecoder.LoadAsync(path, null, cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => Classify(image, topK, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Decodes and classifies a picture stream without blocking the caller.</summary>
    /// <param name="stream">The encoded picture, read to its end; it stays open.</param>
    /// <param name="topK">How many classes to return, best first; at least 1.</param>
    /// <param name="cancellationToken">Ends reading and the run.</param>
    /// <exception cref="ImageFormatException">The stream is no picture that can be read.</exception>
    /// <exception cref="ImagingUnavailableException">The decoder's library is missing.</exception>
    public async Task<ImmutableArray<Prediction>> ClassifyAsync(Stream stream, int topK = 5, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(topK, 1);
        RgbImage image = await ImageDecoder.LoadAsync(stream, "stream", null, cancellationToken).ConfigureAwait(false);
        return await Task.Run(() => Classify(image, topK, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The feature maps at the end of each stage, <c>stage1</c> to <c>stage4</c>: (1, C_i, H_i, W_i).</summary>
    /// <param name="image">The picture.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public IReadOnlyDictionary<string, Tensor> ExtractFeatures(RgbImage image, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var input = new Tensor(InputShape);
        _preprocessor.Process(image, input.Span);
        return _features.Value.Run(input, cancellationToken);
    }

    /// <summary>The raw outputs for inputs that are already preprocessed.</summary>
    /// <param name="input">(N, 3, H, W).</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>(N, classes).</returns>
    /// <exception cref="GraphException">The input has another rank or other channels, or is empty.</exception>
    public Tensor Logits(Tensor input, CancellationToken cancellationToken = default) => _session.Run(input, cancellationToken)["logits"];

    /// <summary>Writes a picture's input (3, Height, Width) as the model card says.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="input">3 x Height x Width values, overwritten.</param>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    public void Preprocess(RgbImage image, Span<float> input) => _preprocessor.Process(image, input);

    /// <summary>The preprocessing that the model card describes.</summary>
    public Preprocessor Preprocessor => _preprocessor;

    /// <summary>Frees the sessions; no call may be in progress.</summary>
    public void Dispose()
    {
        _disposed = true;
        _session.Dispose();
        if (_features.IsValueCreated)
            _features.Value.Dispose();
    }

    private IInferenceSession CreateSession(ModelOutputs outputs)
    {
        ComputationGraph graph = Model.Definition.Build(InputShape, outputs);
        return _engine.CreateSession(graph, Model.Weights);
    }

    private static Span<float> Image(Tensor batch, int index)
    {
        int length = batch.Data.Length / batch.Shape[0];
        return batch.Span.Slice(index * length, length);
    }

    private ImmutableArray<Prediction> TopK(ReadOnlySpan<float> logits, int topK)
    {
        float[] values = logits.ToArray();
        double largest = values.Max(),
            sum = values.Sum(x => Math.Exp(x - largest));
        return
        [
            .. values
                .Select((x, i) => (x, i))
                .OrderByDescending(pair => pair.x)
                .ThenBy(pair => pair.i)
                .Take(topK)
                .Select(pair => new Prediction(Labels[pair.i], pair.i, (float)(Math.Exp(pair.x - largest) / sum))),
        ];
    }

    /// <summary>The preprocessing that a card describes; it needs no weights.</summary>
    /// <param name="card">The card.</param>
    /// <exception cref="GraphException">The card has an unknown mode or filter.</exception>
    public static Preprocessor CreatePreprocessor(ModelCard card) =>
        new(
            new PreprocessOptions(card.Preprocess.Width, card.Preprocess.Height)
            {
                CropFraction = card.Preprocess.Crop,
                Mode = Named<ResizeMode>(card, "mode", card.Preprocess.Mode),
                Filter = Named<ResizeFilter>(card, "filter", card.Preprocess.Filter),
                IsBgr = card.Preprocess.ChannelOrder == "bgr",
                Mean = card.Preprocess.Mean,
                StandardDeviation = card.Preprocess.Std,
            }
        );

    private static T Named<T>(ModelCard card, string property, string name)
        where T : struct, Enum
    {
        string[] names = [.. Enum.GetNames<T>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];
        int index = Array.IndexOf(names, name);
        return index >= 0
            ? Enum.GetValues<T>()[index]
            : throw new GraphException($"The card of '{card.Name}' has the {property} '{name}'; there are {string.Join(", ", names)}.");
    }
}
