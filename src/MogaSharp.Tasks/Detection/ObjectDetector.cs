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
public sealed class ObjectDetector : ImagePredictor<ImageDetections>
{
    // One image of 1333 x 800, or some smaller ones.
    private const long RunPixels = 1 << 20;

    private readonly DetectionInference _inference;
    private readonly IDetectionDefinition _definition;
    private readonly AnchorGenerator _anchors;
    private readonly RegionStages? _stages;
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
        (_inference, _owned) = (inference, owned);
        _definition = (IDetectionDefinition)model.Definition;
        _anchors = _definition.Anchors.ToGenerator();
        Classes = model.Card.GetClassLabels();
        try
        {
            _stages = _definition is IRegionDefinition regions ? new RegionStages(regions, model.Weights, engine ?? owned!) : null;
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
    public bool HasMasks => _stages is not null;

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
        var view = (DetectionView)image.Detail!;
        var size = new ImageSize(image.Size.Width, image.Size.Height);
        ImmutableArray<HeadLevel> levels = _definition.Levels(outputs[0].TensorOf);
        if (_stages is null)
            return Result(OneStep().Select(levels, view.Size, view.Scale), null, size);
        DetectionSet regions = new ProposalSelector { Anchors = _anchors }.Select(levels, view.Size);
        Tensor[] maps =
        [
            .. ((IRegionDefinition)_definition).RegionStrides.Select((_, i) => outputs[0].TensorOf(IRegionDefinition.MapName(i))),
        ];
        DetectionSet found = _stages.Run(maps, regions.Boxes, view.Size, view.Scale, _inference, cancellationToken).Found;
        return Result(found, _inference.HasMasks ? Masks(maps, found, view, cancellationToken) : null, size);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!disposing)
            return;
        _stages?.Dispose();
        _owned?.Dispose();
    }

    private DenseDetections OneStep() =>
        new(_definition.NumClasses)
        {
            Anchors = _anchors,
            Threshold = _inference.ScoreThreshold,
            Suppression = RegionStages.Suppression(_inference),
        };

    private Tensor? Masks(Tensor[] maps, DetectionSet found, DetectionView view, CancellationToken cancellationToken)
    {
        if (found.Count == 0)
            return null;
        float[] boxes = found.Boxes.ToArray();
        for (int i = 0; i < boxes.Length; i += 2)
            (boxes[i], boxes[i + 1]) = (boxes[i] * view.Scale.X, boxes[i + 1] * view.Scale.Y);
        return RegionStages.Probabilities(_stages!.Masks(maps, boxes, found.Labels, cancellationToken));
    }

    private ImageDetections Result(DetectionSet found, Tensor? masks, ImageSize size)
    {
        var objects = ImmutableArray.CreateBuilder<DetectedObject>(found.Count);
        for (int i = 0; i < found.Count; i++)
        {
            Detection one = found[i];
            if (!_inference.Classes.IsEmpty && !_inference.Classes.Contains(one.Label))
                continue;
            objects.Add(
                new DetectedObject(one.Box, one.Score, one.Label, Classes[one.Label])
                {
                    Mask = masks is null ? null : Mask(masks, i, found.Boxes.Slice(i * 4, 4), size),
                }
            );
        }

        return new ImageDetections(objects.DrainToImmutable(), Classes, size);
    }

    private static RunLengthMask Mask(Tensor masks, int index, ReadOnlySpan<float> box, ImageSize image)
    {
        var side = new ImageSize(masks.Shape[2], masks.Shape[1]);
        int plane = side.Width * side.Height;
        PixelWindow window = MaskPaste.WindowOf(box, image);
        byte[] pixels = new byte[window.Area];
        MaskPaste.Paste(masks.Span.Slice(index * plane, plane), side, box, window, pixels);
        return RunLengthMask.FromPixels(pixels, window, image);
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
