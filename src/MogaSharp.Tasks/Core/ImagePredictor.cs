using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;

namespace MogaSharp.Tasks;

/// <summary>
/// Predicts something for images: decoding, preprocessing as the model card says, network, and what the task makes of its outputs. An
/// image's prediction is the same bits alone and in any batch. Safe for concurrent use. The base for predictors of any task.
/// </summary>
/// <typeparam name="T">What is predicted for an image.</typeparam>
public abstract partial class ImagePredictor<T> : IDisposable
{
    private readonly ModelSession _session;
    private readonly ILogger _logger;

    /// <summary>Binds a loaded model to an engine. Its weights are not kept beside those that the engine makes of them.</summary>
    /// <param name="model">The model, of 3 image channels.</param>
    /// <param name="graph">The graph to run, of the model's definition; <see cref="LoadedModel.Graph"/> in general.</param>
    /// <param name="preparation">Makes the network's inputs of images.</param>
    /// <param name="engine">The engine, which must outlive the predictor; null for a managed one that the predictor owns.</param>
    /// <param name="logger">Receives the batches that go through the network and images that cannot be read; null for none.</param>
    /// <exception cref="ModelCardException">The model takes other than 3 channels.</exception>
    protected ImagePredictor(
        LoadedModel model,
        ComputationGraph graph,
        IImagePreparation preparation,
        IInferenceEngine? engine,
        ILogger? logger = null
    )
    {
        Card = model.Card;
        Shape input = graph.Inputs[0].Shape;
        if (input.Rank != 4 || input[1] != 3)
            throw new ModelCardException(Card.Name, $"The network takes {input.With(0, 1)}; images are (1, 3, Height, Width).");
        Preparation = preparation;
        _logger = logger ?? NullLogger.Instance;
        _session = new ModelSession(graph, model.Weights, engine);
    }

    /// <summary>The model's card; its class count is that of the weights.</summary>
    public ModelCard Card { get; }

    /// <summary>Makes the network's inputs of images.</summary>
    public IImagePreparation Preparation { get; }

    /// <summary>The most pixels of inputs that go through the network in one run; one input always does.</summary>
    protected virtual long MaxRunPixels => long.MaxValue;

    /// <summary>Predicts for an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The predictor has been disposed.</exception>
    public T Predict(RgbImage image, CancellationToken cancellationToken = default) => Predict([image], cancellationToken)[0];

    /// <summary>Decodes an image and predicts for it.</summary>
    /// <param name="encoded">The bytes of a JPEG, PNG and so on.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="ImageFormatException">The bytes are not an image that can be read.</exception>
    /// <exception cref="ImagingUnavailableException">The decoder's library is missing.</exception>
    /// <inheritdoc cref="Predict(RgbImage, CancellationToken)"/>
    public T Predict(ReadOnlyMemory<byte> encoded, CancellationToken cancellationToken = default) =>
        Predict(ImageDecoder.Decode(encoded.Span), cancellationToken);

    /// <summary>Predicts for pixels in memory, 8 bits each.</summary>
    /// <param name="pixels">Rows from top to bottom.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="layout">The order of a pixel's bytes.</param>
    /// <param name="stride">Bytes from row to row; 0 for tight rows.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="ArgumentException">The span is too short for the size.</exception>
    /// <inheritdoc cref="Predict(RgbImage, CancellationToken)"/>
    public virtual T Predict(
        ReadOnlySpan<byte> pixels,
        int width,
        int height,
        PixelLayout layout,
        int stride = 0,
        CancellationToken cancellationToken = default
    ) => Predict(RgbImage.FromPixels(pixels, width, height, layout, stride), cancellationToken);

    /// <summary>Predicts for images in one batch.</summary>
    /// <param name="images">The images, of any sizes; none gives no predictions.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>The predictions in order: those that each image would get alone.</returns>
    /// <inheritdoc cref="Predict(RgbImage, CancellationToken)"/>
    public ImmutableArray<T> Predict(IReadOnlyList<RgbImage> images, CancellationToken cancellationToken = default)
    {
        PreparedImage[] prepared = [.. images.Select(image => Preparation.Prepare(image, "image"))];
        return [.. Predict(prepared, cancellationToken)];
    }

    /// <summary>
    /// Predicts for many images: decodes ahead on other threads while the network computes, batch by batch, and gives the results in the
    /// order of the images, each when it is known. Memory is bounded, however many images there are.
    /// </summary>
    /// <param name="sources">The images.</param>
    /// <param name="options">How; <see cref="ImageInputOptions.Default"/> when null.</param>
    /// <param name="cancellationToken">Ends reading and the run.</param>
    /// <returns>A result for each image; one that cannot be read, or explained, has an <see cref="ImageResult{T}.Error"/> and stops
    /// nothing.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="ImagingUnavailableException">The decoder's library is missing.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The predictor has been disposed.</exception>
    public IAsyncEnumerable<ImageResult<T>> PredictManyAsync(
        IEnumerable<ImageSource> sources,
        ImageInputOptions? options = null,
        CancellationToken cancellationToken = default
    ) => PredictManyAsync(sources.ToAsyncEnumerable(), options, cancellationToken);

    /// <inheritdoc cref="PredictManyAsync(IEnumerable{ImageSource}, ImageInputOptions, CancellationToken)"/>
    public async IAsyncEnumerable<ImageResult<T>> PredictManyAsync(
        IAsyncEnumerable<ImageSource> sources,
        ImageInputOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        var inputs = new ImageInputs(Preparation, sources, options, cancellationToken);
        await using (inputs.ConfigureAwait(false))
            await foreach (ImageResult<T> result in PredictManyAsync(inputs, cancellationToken).ConfigureAwait(false))
                yield return result;
    }

    /// <summary>Predicts for images that are being read already, such as while the model was loaded.</summary>
    /// <param name="inputs">The images; they stay the caller's to dispose.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="ArgumentException">The images are prepared for another network.</exception>
    /// <exception cref="InvalidOperationException">The images were read before.</exception>
    /// <inheritdoc cref="PredictManyAsync(IEnumerable{ImageSource}, ImageInputOptions, CancellationToken)"/>
    public async IAsyncEnumerable<ImageResult<T>> PredictManyAsync(
        ImageInputs inputs,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        if (!Accepts(inputs.Preparation))
            throw new ArgumentException("The images are prepared for another network.", nameof(inputs));
        await foreach (IReadOnlyList<ImageInput> batch in inputs.BatchesAsync(cancellationToken).ConfigureAwait(false))
        {
            // Not on the caller's thread, which may have a window to draw.
            ImageResult<T>[] results = await Task.Run(() => Predict(batch, cancellationToken), cancellationToken).ConfigureAwait(false);
            foreach (ImageResult<T> result in results)
                yield return result;
        }
    }

    /// <summary>The network's outputs by name for inputs that are already preprocessed.</summary>
    /// <param name="input">(N, 3, Height, Width).</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="GraphException">The input has another rank or other channels, or is empty.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The predictor has been disposed.</exception>
    public IReadOnlyDictionary<string, Tensor> Run(Tensor input, CancellationToken cancellationToken = default) =>
        _session.Run(input, cancellationToken);

    /// <summary>Frees the session, and the engine if it is the predictor's own; no call may be in progress.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Makes an image's prediction of the network's outputs.</summary>
    /// <param name="image">The image.</param>
    /// <param name="outputs">The outputs for each of its inputs.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    protected abstract T Interpret(PreparedImage image, IReadOnlyList<NetworkOutputs> outputs, CancellationToken cancellationToken);

    /// <summary>Whether images that something has prepared can be predicted for.</summary>
    /// <param name="preparation">What has prepared them.</param>
    protected virtual bool Accepts(IImagePreparation preparation) => preparation.GetType() == Preparation.GetType();

    /// <summary>Frees what the predictor holds.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            _session.Dispose();
    }

    /// <summary>Predicts for images that are prepared. Inputs of one shape go through the network together.</summary>
    /// <param name="images">The images.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    protected T[] Predict(IReadOnlyList<PreparedImage> images, CancellationToken cancellationToken)
    {
        NetworkOutputs[][] outputs = Outputs(images, cancellationToken);
        return [.. images.Select((image, i) => Interpret(image, outputs[i], cancellationToken))];
    }

    private NetworkOutputs[][] Outputs(IReadOnlyList<PreparedImage> images, CancellationToken cancellationToken)
    {
        var outputs = new NetworkOutputs[images.Count][];
        for (int i = 0; i < outputs.Length; i++)
            outputs[i] = new NetworkOutputs[images[i].Inputs.Length];
        var shapes = images
            .SelectMany((image, i) => image.Inputs.Select((input, j) => (Image: i, Input: j, Tensor: input)))
            .GroupBy(input => input.Tensor.Shape);
        foreach (var shape in shapes)
        {
            long pixels = (long)shape.Key[2] * shape.Key[3];
            foreach (var run in shape.Chunk((int)Math.Clamp(MaxRunPixels / pixels, 1, int.MaxValue)))
            {
                var input = new Tensor(shape.Key.With(0, run.Length));
                for (int i = 0; i < run.Length; i++)
                    run[i].Tensor.Span.CopyTo(input.Span[(i * run[i].Tensor.Data.Length)..]);
                IReadOnlyDictionary<string, Tensor> results = Run(input, cancellationToken);
                for (int i = 0; i < run.Length; i++)
                    outputs[run[i].Image][run[i].Input] = new NetworkOutputs(results, i);
            }
        }

        return outputs;
    }

    private ImageResult<T>[] Predict(IReadOnlyList<ImageInput> batch, CancellationToken cancellationToken)
    {
        PreparedImage[] good = [.. batch.Select(image => image.Prepared).OfType<PreparedImage>()];
        NetworkOutputs[][] outputs = Outputs(good, cancellationToken);
        LogBatch(good.Length, batch.Count - good.Length);
        var results = new ImageResult<T>[batch.Count];
        for (int i = 0, next = 0; i < results.Length; i++)
        {
            ImageInput image = batch[i];
            Exception? error = image.Error;
            T? value = default;
            try
            {
                if (error is null)
                    value = Interpret(good[next], outputs[next++], cancellationToken);
            }
            // What cannot be said of one image can be of others.
            catch (ExplainException nothing)
            {
                error = nothing;
            }

            if (error is not null)
                LogBadImage(image.Source.Name, error.Message);
            results[i] = new ImageResult<T>(image.Source)
            {
                Value = value,
                Error = error,
                Image = image.Image,
                Conversions = image.Conversions,
            };
        }

        return results;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Predicted for {Images} images; {Bad} could not be read.")]
    private partial void LogBatch(int images, int bad);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The image {Image} could not be read. {Problem}")]
    private partial void LogBadImage(string image, string problem);
}
