using Microsoft.Extensions.Logging;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Tasks;

/// <summary>An <see cref="ObjectDetector"/> whose things all have masks: <see cref="DetectedObject.Mask"/> is never null. Safe for
/// concurrent use.</summary>
public sealed class InstanceSegmenter : ObjectDetector
{
    /// <inheritdoc cref="ObjectDetector(LoadedModel, DetectionInference?, IInferenceEngine?, ILogger?)"/>
    /// <exception cref="ModelCardException">The model makes no masks, or is for another task.</exception>
    public InstanceSegmenter(
        LoadedModel model,
        DetectionInference? inference = null,
        IInferenceEngine? engine = null,
        ILogger? logger = null
    )
        : base(Check(model), (inference ?? DetectionInference.Default) with { HasMasks = true }, engine, logger) { }

    /// <inheritdoc cref="ObjectDetector.CreateAsync"/>
    public static new async Task<InstanceSegmenter> CreateAsync(
        string nameOrCard,
        DetectionInference? inference = null,
        IInferenceEngine? engine = null,
        ModelSourceOptions? options = null,
        CancellationToken cancellationToken = default
    ) => new(await ModelSource.LoadAsync(nameOrCard, options ?? new(), cancellationToken).ConfigureAwait(false), inference, engine);

    private static LoadedModel Check(LoadedModel model) =>
        model.Definition is IRegionDefinition or not IDetectionDefinition
            ? model
            : throw new ModelCardException(model.Card.Name, "The model finds boxes and makes no masks.") { IsForAnotherTask = true };
}
