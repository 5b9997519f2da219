using Microsoft.Extensions.Logging;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;

namespace MogaSharp.Tasks;

/// <summary>Predicts something for images that all become inputs of one size, one each.</summary>
/// <inheritdoc cref="ImagePredictor{T}"/>
public abstract class FixedSizePredictor<T> : ImagePredictor<T>
{
    /// <summary>Binds a loaded model to an engine. Its weights are not kept beside those that the engine makes of them.</summary>
    /// <param name="model">The model, of 3 image channels.</param>
    /// <param name="graph">The graph to run, of the model's definition; <see cref="LoadedModel.Graph"/> in general.</param>
    /// <param name="engine">The engine, which must outlive the predictor; null for a managed one that the predictor owns.</param>
    /// <param name="logger">Receives the batches that go through the network and images that cannot be read; null for none.</param>
    /// <exception cref="ModelCardException">The model takes other than 3 channels.</exception>
    protected FixedSizePredictor(LoadedModel model, ComputationGraph graph, IInferenceEngine? engine, ILogger? logger = null)
        : base(model, graph, new FixedSizePreparation(new Preprocessor(model.Card.Preprocess.ToOptions())), engine, logger) =>
        InputShape = new Shape(1, 3, Preprocessor.Options.Height, Preprocessor.Options.Width);

    /// <summary>The preprocessing that the card describes.</summary>
    public Preprocessor Preprocessor => ((FixedSizePreparation)Preparation).Preprocessor;

    /// <summary>The input for one image: (1, 3, Height, Width).</summary>
    public Shape InputShape { get; }

    /// <inheritdoc/>
    /// <remarks>The pixels are not copied.</remarks>
    public override T Predict(
        ReadOnlySpan<byte> pixels,
        int width,
        int height,
        PixelLayout layout,
        int stride = 0,
        CancellationToken cancellationToken = default
    )
    {
        var input = new Tensor(InputShape);
        Preprocessor.Process(pixels, width, height, layout, stride, input.Span);
        return Predict([new PreparedImage(new(width, height), [input])], cancellationToken)[0];
    }

    /// <summary>Makes an image's prediction of the network's outputs.</summary>
    /// <param name="image">The image.</param>
    /// <param name="outputs">The outputs.</param>
    protected abstract T Interpret(PreparedImage image, NetworkOutputs outputs);

    /// <inheritdoc/>
    protected sealed override T Interpret(
        PreparedImage image,
        IReadOnlyList<NetworkOutputs> outputs,
        CancellationToken cancellationToken
    ) => Interpret(image, outputs[0]);

    /// <inheritdoc/>
    protected sealed override bool Accepts(IImagePreparation preparation) =>
        preparation is FixedSizePreparation other && other.Preprocessor.InputLength == Preprocessor.InputLength;
}
