using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Vision;

namespace MogaSharp.Tasks;

/// <summary>From the numbers of a detector's image graph to things: what <see cref="ObjectDetector"/> and evaluations have in common. Safe
/// for concurrent use.</summary>
public sealed class DetectionPipeline : IDisposable
{
    private readonly IDetectionDefinition _definition;
    private readonly DetectionInference _inference;
    private readonly AnchorGenerator _anchors;
    private readonly RegionStages? _stages;

    /// <summary>Opens the graphs that look at regions, where the model has any.</summary>
    /// <param name="definition">The model.</param>
    /// <param name="inference">How things are found.</param>
    /// <param name="open">Makes a session for a graph of the model.</param>
    public DetectionPipeline(IDetectionDefinition definition, DetectionInference inference, Func<ComputationGraph, IInferenceSession> open)
    {
        (_definition, _inference) = (definition, inference);
        _anchors = definition.Anchors.ToGenerator();
        _stages = definition is IRegionDefinition regions ? new RegionStages(regions, open) : null;
    }

    /// <summary>Whether things have masks.</summary>
    public bool HasMasks => _stages is not null && _inference.HasMasks;

    /// <summary>Finds things.</summary>
    /// <param name="outputs">Gives an output of the image graph, (1, C, H, W), by its name.</param>
    /// <param name="seen">The part of the network's input that is image.</param>
    /// <param name="size">The image before it was resized.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>The things, the surest first, in pixels of the image.</returns>
    public IReadOnlyList<Detection> Find(
        Func<string, Tensor> outputs,
        ImageSize seen,
        ImageSize size,
        CancellationToken cancellationToken = default
    )
    {
        (DetectionSet found, RegionStages.Result? regions) = Select(outputs, seen, size, cancellationToken);
        bool hasMasks = regions is not null && _inference.HasMasks;
        Tensor? masks = hasMasks ? Masks(Maps(outputs), found, Scale(seen, size), cancellationToken) : null;
        return
        [
            .. Places(found).Select(i => found[i] with { Mask = masks is null ? null : Mask(masks, i, found.Boxes.Slice(i * 4, 4), size) }),
        ];
    }

    /// <summary>Finds things, without masks, and where each comes from.</summary>
    /// <inheritdoc cref="Find"/>
    internal TracedDetections Trace(
        Func<string, Tensor> outputs,
        ImageSize seen,
        ImageSize size,
        CancellationToken cancellationToken = default
    )
    {
        (DetectionSet found, RegionStages.Result? regions) = Select(outputs, seen, size, cancellationToken);
        return new([.. Places(found).Select(i => (found[i], found.Sources[i]))], regions);
    }

    /// <summary>Closes the graphs.</summary>
    public void Dispose() => _stages?.Dispose();

    private (DetectionSet Found, RegionStages.Result? Regions) Select(
        Func<string, Tensor> outputs,
        ImageSize seen,
        ImageSize size,
        CancellationToken cancellationToken
    )
    {
        var levels = _definition.Levels(outputs);
        if (_stages is null)
            return (OneStep().Select(levels, seen, Scale(seen, size)), null);
        DetectionSet regions = new ProposalSelector { Anchors = _anchors }.Select(levels, seen);
        RegionStages.Result result = _stages.Run(Maps(outputs), regions.Boxes, seen, Scale(seen, size), _inference, cancellationToken);
        return (result.Found, result);
    }

    private Tensor[] Maps(Func<string, Tensor> outputs) =>
        [.. ((IRegionDefinition)_definition).RegionStrides.Select((_, level) => outputs(IRegionDefinition.MapName(level)))];

    private static (float X, float Y) Scale(ImageSize seen, ImageSize size) =>
        ((float)seen.Width / size.Width, (float)seen.Height / size.Height);

    // Those of the classes that are asked for.
    private IEnumerable<int> Places(DetectionSet found) =>
        Enumerable.Range(0, found.Count).Where(i => _inference.Classes.IsEmpty || _inference.Classes.Contains(found.Labels[i]));

    private DenseDetections OneStep() =>
        new(_definition.NumClasses)
        {
            Anchors = _anchors,
            Threshold = _inference.ScoreThreshold,
            Suppression = RegionStages.Suppression(_inference),
        };

    private Tensor? Masks(Tensor[] maps, DetectionSet found, (float X, float Y) scale, CancellationToken cancellationToken)
    {
        if (found.Count == 0)
            return null;
        float[] boxes = found.Boxes.ToArray();
        for (int i = 0; i < boxes.Length; i += 2)
            (boxes[i], boxes[i + 1]) = (boxes[i] * scale.X, boxes[i + 1] * scale.Y);
        return RegionStages.Probabilities(_stages!.Masks(maps, boxes, found.Labels, cancellationToken));
    }

    /// <summary>The mask of one of several things.</summary>
    /// <param name="masks">(n, side, side): the probability of each pixel of the things' boxes.</param>
    /// <param name="index">The thing.</param>
    /// <param name="box">Its box: left, top, right, bottom in pixels of the image.</param>
    /// <param name="image">The size of the image.</param>
    public static RunLengthMask Mask(Tensor masks, int index, ReadOnlySpan<float> box, ImageSize image)
    {
        var side = new ImageSize(masks.Shape[2], masks.Shape[1]);
        int plane = side.Width * side.Height;
        return MaskPaste.ToRunLengths(masks.Span.Slice(index * plane, plane), side, box, image);
    }
}

/// <summary>Things, and what they were made of.</summary>
/// <param name="Things">The things, the surest first, and the source of each (<see cref="DetectionSet.Sources"/>).</param>
/// <param name="Regions">What was said of regions; null where boxes are made of anchors.</param>
internal sealed record TracedDetections(IReadOnlyList<(Detection Thing, int Source)> Things, RegionStages.Result? Regions);
