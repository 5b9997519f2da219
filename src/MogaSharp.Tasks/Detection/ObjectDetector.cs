using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Vision;

namespace MogaSharp.Tasks;

/// <summary>
/// Finds things in images of any size: their boxes and classes, and their pixels where the model makes masks. Decoding, resizing as the
/// model card says, network, and what makes boxes of its numbers. Safe for concurrent use.
/// </summary>
public class ObjectDetector : ImagePredictor<ImageDetections>
{
    // One image of 1333 x 800, or some smaller ones.
    private const long RunPixels = 1 << 20;

    private readonly DetectionPipeline _pipeline;
    private readonly CpuEngine? _owned;

    /// <summary>Binds a loaded model to an engine.</summary>
    /// <param name="model">The model. It need not be kept: the engine has its weights in a form of its own.</param>
    /// <param name="inference">How things are found; <see cref="DetectionInference.Default"/> when null.</param>
    /// <param name="engine">The engine, which must outlive the detector; null for a managed one that the detector owns.</param>
    /// <param name="logger">Receives the batches that go through the network and images that cannot be read; null for none.</param>
    /// <exception cref="ModelCardException">The model does not find things, or takes other than 3 channels.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public ObjectDetector(LoadedModel model, DetectionInference? inference = null, IInferenceEngine? engine = null, ILogger? logger = null)
        : this(model, inference ?? DetectionInference.Default, engine, engine is null ? new CpuEngine() : null, logger) { }

    private ObjectDetector(LoadedModel model, DetectionInference inference, IInferenceEngine? engine, CpuEngine? owned, ILogger? logger)
        : base(model, Check(model, owned), new DetectionPreparation(model.Card.Preprocess, inference), engine ?? owned, logger)
    {
        _owned = owned;
        var definition = (IDetectionDefinition)model.Definition;
        HasMasks = definition is IRegionDefinition;
        Classes = model.Card.GetClassLabels();
        try
        {
            _pipeline = new DetectionPipeline(definition, inference, graph => (engine ?? owned!).CreateSession(graph, model.Weights));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The classes in the order of their indices.</summary>
    public ImmutableArray<ClassLabel> Classes { get; }

    /// <summary>Whether the model makes masks.</summary>
    public bool HasMasks { get; }

    /// <inheritdoc/>
    protected override long MaxRunPixels => RunPixels;

    /// <summary>Loads a model by catalogue name or card and binds it to an engine.</summary>
    /// <param name="nameOrCard">See <see cref="ModelSource.FindCard"/>.</param>
    /// <param name="inference">How things are found; <see cref="DetectionInference.Default"/> when null.</param>
    /// <param name="engine">The engine, which must outlive the detector; null for a managed one that the detector owns.</param>
    /// <param name="options">Which weights.</param>
    /// <param name="cancellationToken">Ends a download.</param>
    /// <inheritdoc cref="ModelSource.LoadAsync(string, ModelSourceOptions, CancellationToken)"/>
    public static async Task<ObjectDetector> CreateAsync(
        string nameOrCard,
        DetectionInference? inference = null,
        IInferenceEngine? engine = null,
        ModelSourceOptions? options = null,
        CancellationToken cancellationToken = default
    ) => new(await ModelSource.LoadAsync(nameOrCard, options ?? new(), cancellationToken).ConfigureAwait(false), inference, engine);

    /// <inheritdoc/>
    protected override ImageDetections Interpret(
        PreparedImage image,
        IReadOnlyList<NetworkOutputs> outputs,
        CancellationToken cancellationToken
    )
    {
        var size = new ImageSize(image.Size.Width, image.Size.Height);
        return new ImageDetections(
            [
                .. _pipeline
                    .Find(outputs[0].TensorOf, ((DetectionView)image.Detail!).Size, size, cancellationToken)
                    .Select(one => new DetectedObject(one.Box, one.Score, one.Label, Classes[one.Label]) { Mask = one.Mask }),
            ],
            Classes,
            size
        );
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!disposing)
            return;
        _pipeline?.Dispose();
        _owned?.Dispose();
    }

    private static ComputationGraph Check(LoadedModel model, CpuEngine? owned)
    {
        if (model.Definition is IDetectionDefinition)
            return model.Graph;
        owned?.Dispose();
        throw new ModelCardException(model.Card.Name, $"The model is for {model.Card.Options.Task}; it does not find things.")
        {
            IsForAnotherTask = true,
        };
    }
}
