using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>Counts how well a network finds objects, by COCO's rules: their boxes, and their masks where the network makes any and all
/// objects have one.</summary>
/// <param name="definition">The model.</param>
public sealed class DetectionEvaluation(IDetectionDefinition definition) : TaskEvaluation
{
    private readonly SortedDictionary<long, Entry> _images = [];
    private (INetworkRunner Network, DetectionPipeline Pipeline)? _open;

    /// <inheritdoc/>
    public override long Count => _images.Count;

    /// <inheritdoc/>
    public override void Add(INetworkRunner network, TrainingBatch batch, CancellationToken cancellationToken = default)
    {
        DetectionBatch images = batch.As<DetectionBatch>();
        if (batch.Count != 1)
            throw new ArgumentException("Detectors are evaluated image by image.", nameof(batch));
        if (_open?.Network != network)
        {
            _open?.Pipeline.Dispose();
            _open = (network, new DetectionPipeline(definition, DetectionInference.Default, network.Open));
        }

        IReadOnlyDictionary<string, Tensor> outputs = network.Run(batch.Inputs, batch.Shape, cancellationToken);
        SeenImage image = images.Images[0];
        IReadOnlyList<Detection> found = _open.Value.Pipeline.Find(name => outputs[name], images.Sizes[0], image.Size, cancellationToken);
        if (!_images.TryAdd(image.Id, new Entry(images.Objects[0], [.. found])))
            throw new ArgumentException($"The image {image.Id} comes twice.", nameof(batch));
    }

    /// <summary>The figures of boxes or of masks, as an evaluation of its own; null for masks where there are none to compare.</summary>
    /// <param name="comparison">What is compared.</param>
    /// <param name="most">See <see cref="CocoDetectionMetrics.Most"/>; empty for COCO's.</param>
    public CocoDetectionMetrics? Metrics(CocoComparison comparison, ImmutableArray<int> most = default)
    {
        bool hasMasks = definition is IRegionDefinition && _images.Values.All(image => image.Objects.All(one => one.Mask is not null));
        if (comparison == CocoComparison.Masks && !hasMasks)
            return null;
        var metrics = new CocoDetectionMetrics(_images.Select(image => (image.Key, image.Value.Objects)), definition.NumClasses, comparison)
        {
            Most = most.IsDefaultOrEmpty ? [1, 10, 100] : most,
        };
        foreach ((long id, Entry image) in _images)
        foreach (Detection one in image.Found)
            metrics.Add(id, one);
        return metrics;
    }

    /// <inheritdoc/>
    public override byte[] Save()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(_images.Count);
        foreach ((long id, Entry image) in _images)
        {
            writer.Write(id);
            DetectionBytes.Write(writer, image.Objects);
            DetectionBytes.Write(writer, image.Found);
        }

        writer.Flush();
        return bytes.ToArray();
    }

    /// <inheritdoc/>
    public override void Merge(ReadOnlySpan<byte> saved)
    {
        using var reader = new BinaryReader(new MemoryStream(saved.ToArray()));
        try
        {
            for (int left = reader.ReadInt32(); left > 0; left--)
            {
                long id = reader.ReadInt64();
                if (!_images.TryAdd(id, new Entry(DetectionBytes.ReadObjects(reader), DetectionBytes.ReadDetections(reader))))
                    throw new ArgumentException($"The image {id} comes twice.", nameof(saved));
            }
        }
        catch (EndOfStreamException)
        {
            reader.BaseStream.Position = 0;
        }

        if (reader.BaseStream.Position < saved.Length)
            throw new ArgumentException("These are not the results of a detection.", nameof(saved));
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Figures()
    {
        if (_images.Count == 0)
            return ImmutableDictionary<string, double>.Empty;
        IReadOnlyDictionary<string, double> boxes = Metrics(CocoComparison.Boxes)!.Figures();
        double masks = Metrics(CocoComparison.Masks)?.Figures()["AP"] ?? double.NaN;
        return new Dictionary<string, double>
        {
            ["box_ap"] = boxes["AP"],
            ["box_ap50"] = boxes["AP50"],
            ["box_ap75"] = boxes["AP75"],
            ["mask_ap"] = masks,
        };
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _open?.Pipeline.Dispose();
        base.Dispose(disposing);
    }

    private sealed record Entry(ImmutableArray<AnnotatedObject> Objects, ImmutableArray<Detection> Found);
}
