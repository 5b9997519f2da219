using System.Numerics.Tensors;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Vision;
using Tensor = MogaSharp.Graph.Tensor;

namespace MogaSharp.Tasks;

/// <summary>
/// The second step of a detector: classifies regions and moves their boxes, stage by stage, and makes masks (MMDetection's
/// <c>StandardRoIHead</c> and <c>CascadeRoIHead</c>). Safe for concurrent use.
/// </summary>
public sealed class RegionStages : IDisposable
{
    // A plan is made for each number of regions, so there are few of these.
    private const int BoxStep = 250,
        MaskStep = 25;

    private readonly IRegionDefinition _definition;
    private readonly IInferenceSession[] _boxes;
    private readonly IInferenceSession _masks;
    private readonly BoxCoder[] _coders;

    /// <summary>Binds the graphs to an engine.</summary>
    /// <param name="definition">The model.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="engine">The engine, which must outlive this.</param>
    /// <param name="outputs"><see cref="ModelOutputs.Stages"/> to get the regions' maps too.</param>
    public RegionStages(IRegionDefinition definition, WeightSet weights, IInferenceEngine engine, ModelOutputs outputs = ModelOutputs.Head)
        : this(definition, graph => engine.CreateSession(graph, weights), outputs) { }

    /// <summary>Opens the graphs.</summary>
    /// <param name="definition">The model.</param>
    /// <param name="open">Makes a session for a graph.</param>
    /// <param name="outputs"><see cref="ModelOutputs.Stages"/> to get the regions' maps too.</param>
    public RegionStages(
        IRegionDefinition definition,
        Func<ComputationGraph, IInferenceSession> open,
        ModelOutputs outputs = ModelOutputs.Head
    )
    {
        _definition = definition;
        Shape[] maps = SomeMaps(definition);
        _coders = [.. definition.Stages.Select(stage => stage.ToCoder())];
        var sessions = new List<IInferenceSession>();
        try
        {
            for (int stage = 0; stage < definition.Stages.Length; stage++)
                sessions.Add(open(definition.BuildBoxes(stage, maps, 1, outputs)));
            sessions.Add(open(definition.BuildMasks(maps, 1)));
        }
        catch
        {
            foreach (IInferenceSession session in sessions)
                session.Dispose();
            throw;
        }

        _boxes = [.. sessions.SkipLast(1)];
        _masks = sessions[^1];
    }

    /// <summary>What a stage said of its regions.</summary>
    /// <param name="Regions">R x 4 numbers: the boxes that it began with.</param>
    /// <param name="Outputs">The graph's outputs by name, R rows each.</param>
    public sealed record StageResult(float[] Regions, IReadOnlyDictionary<string, Tensor> Outputs);

    /// <summary>What all stages said of an image's regions, and what they found.</summary>
    /// <param name="Stages">The stages.</param>
    /// <param name="ClassNumbers">R x (classes + 1): the mean of the stages' class numbers, the background last.</param>
    /// <param name="Found">The things, in pixels of the image before it was resized.</param>
    public sealed record Result(IReadOnlyList<StageResult> Stages, float[] ClassNumbers, DetectionSet Found);

    /// <summary>Looks at regions.</summary>
    /// <param name="maps">The pyramid's maps, (1, C, H, W), one for each of the definition's strides.</param>
    /// <param name="regions">R x 4 numbers: left, top, right, bottom in pixels of the input.</param>
    /// <param name="image">The resized image.</param>
    /// <param name="scale">Pixels of the resized image to one of the image, across and down.</param>
    /// <param name="inference">Thresholds.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public Result Run(
        IReadOnlyList<Tensor> maps,
        ReadOnlySpan<float> regions,
        ImageSize image,
        (float X, float Y) scale,
        DetectionInference inference,
        CancellationToken cancellationToken = default
    )
    {
        int count = regions.Length / 4;
        float[] current = regions.ToArray(),
            means = new float[count * (_definition.NumClasses + 1)];
        var stages = new List<StageResult>();
        if (count == 0)
            return new Result(stages, means, DetectionSet.Empty);
        DetectionSet found = DetectionSet.Empty;
        for (int stage = 0; stage < _boxes.Length; stage++)
        {
            IReadOnlyDictionary<string, Tensor> outputs = Run(_boxes[stage], maps, current, BoxStep, cancellationToken);
            stages.Add(new StageResult(current, outputs));
            float[] classes = outputs[IRegionDefinition.StageClasses(stage)].Data,
                deltas = outputs[IRegionDefinition.StageBoxes(stage)].Data;
            TensorPrimitives.Add(means, classes, means);
            var rule = new RegionDetections(_definition.NumClasses, _coders[stage])
            {
                Threshold = inference.ScoreThreshold,
                Suppression = Suppression(inference),
            };
            if (stage + 1 < _boxes.Length)
            {
                float[] next = new float[current.Length];
                rule.Refine(current, classes, deltas, image, next);
                current = next;
                continue;
            }

            TensorPrimitives.Divide(means, _boxes.Length, means);
            found = rule.Select(current, means, deltas, image, scale);
        }

        return new Result(stages, means, found);
    }

    /// <summary>Makes the masks of things: the numbers before the sigmoid of each one's class, stage by stage.</summary>
    /// <param name="maps">The pyramid's maps, (1, C, H, W).</param>
    /// <param name="boxes">R x 4 numbers in pixels of the input.</param>
    /// <param name="labels">R classes.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>For each stage (R, side, side).</returns>
    public IReadOnlyList<Tensor> Masks(
        IReadOnlyList<Tensor> maps,
        ReadOnlySpan<float> boxes,
        ReadOnlySpan<int> labels,
        CancellationToken cancellationToken = default
    )
    {
        int side = _definition.MaskSize,
            plane = side * side;
        var results = new List<Tensor>();
        if (labels.IsEmpty)
            return results;
        IReadOnlyDictionary<string, Tensor> outputs = Run(_masks, maps, boxes.ToArray(), MaskStep, cancellationToken);
        for (int stage = 0; stage < _boxes.Length; stage++)
        {
            Tensor all = outputs[IRegionDefinition.MaskLogits(stage)],
                own = new(new Shape(labels.Length, side, side));
            for (int i = 0; i < labels.Length; i++)
                all.Span.Slice(((i * _definition.NumClasses) + labels[i]) * plane, plane).CopyTo(own.Span[(i * plane)..]);
            results.Add(own);
        }

        return results;
    }

    /// <summary>The probability of each pixel of masks: the mean of the stages' sigmoids.</summary>
    /// <param name="stages">The result of <see cref="Masks"/>, of one stage or more.</param>
    public static Tensor Probabilities(IReadOnlyList<Tensor> stages)
    {
        var mean = new Tensor(stages[0].Shape);
        for (int i = 0; i < mean.Data.Length; i++)
        {
            float sum = 0;
            foreach (Tensor stage in stages)
                sum += 1 / (1 + MathF.Exp(-stage.Data[i]));
            mean.Data[i] = sum / stages.Count;
        }

        return mean;
    }

    /// <summary>Frees the sessions; no run may be in progress.</summary>
    public void Dispose()
    {
        foreach (IInferenceSession session in _boxes)
            session.Dispose();
        _masks.Dispose();
    }

    internal static NonMaxSuppression Suppression(DetectionInference inference) =>
        new(inference.OverlapThreshold) { Most = inference.MaxDetections, IsClassAgnostic = inference.IsClassAgnostic };

    /// <summary>The shapes of the maps that regions are cut out of, for an image of some size: enough to build the graphs with.</summary>
    /// <param name="definition">The model.</param>
    public static Shape[] SomeMaps(IRegionDefinition definition)
    {
        int stride = definition.RegionStrides[^1];
        ComputationGraph graph = definition.Build(definition.InputShape(1, stride, stride));
        return
        [
            .. definition.RegionStrides.Select((_, i) => graph.Outputs.Single(o => o.Name == IRegionDefinition.MapName(i)).Value.Shape),
        ];
    }

    // Of further boxes, which are empty, nothing is read.
    private static Dictionary<string, Tensor> Run(
        IInferenceSession session,
        IReadOnlyList<Tensor> maps,
        float[] boxes,
        int step,
        CancellationToken cancellationToken
    )
    {
        int count = boxes.Length / 4,
            rows = (count + step - 1) / step * step;
        var regions = new Tensor(new Shape(rows, 5));
        for (int i = 0; i < count; i++)
            boxes.AsSpan(i * 4, 4).CopyTo(regions.Span[((i * 5) + 1)..]);
        Tensor[] inputs = [.. maps, regions];
        Tensor[] outputs = session.CreateOutputs([.. inputs.Select(input => input.Shape)]);
        session.Run(inputs, outputs, cancellationToken);
        return session
            .Graph.Outputs.Zip(outputs, (output, tensor) => KeyValuePair.Create(output.Name, First(tensor, count)))
            .ToDictionary();
    }

    private static Tensor First(Tensor tensor, int rows)
    {
        if (rows == tensor.Shape[0])
            return tensor;
        Shape shape = tensor.Shape.With(0, rows);
        return new Tensor(shape, tensor.Data[..(int)shape.ElementCount]);
    }
}
