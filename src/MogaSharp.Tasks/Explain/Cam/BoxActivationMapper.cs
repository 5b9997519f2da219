using System.Collections.Immutable;
using System.Globalization;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Vision;

namespace MogaSharp.Tasks;

/// <summary>Where an image speaks for a thing that a detector found.</summary>
/// <param name="Thing">The thing, in pixels of the image before it was resized; without its mask.</param>
/// <param name="Box">The thing's box, in pixels of <paramref name="Seen"/>.</param>
/// <param name="Cam">The maps, of one image.</param>
/// <param name="Seen">The image as the network sees it, without what was added to its right and below.</param>
public sealed record BoxActivation(DetectedObject Thing, Box Box, CamResult Cam, RgbImage Seen);

/// <summary>
/// Makes maps of what a detector finds: of the class number (before the logistic function or the softmax) of one box, that of its anchor or
/// of the region that it was made of; in a cascade of the mean over the stages, as it decides. Where the regions lie counts as given. Safe
/// for concurrent use.
/// </summary>
public sealed class BoxActivationMapper : ImagePredictor<BoxActivation>
{
    private readonly DetectionPipeline _pipeline;
    private readonly CamSession _cam;
    private readonly Cpu.CpuEngine? _owned;
    private readonly IDetectionDefinition _definition;
    private readonly DetectionInference _inference;
    private readonly int _index;
    private readonly ImmutableArray<ClassLabel> _classes;

    /// <summary>Binds a loaded detector to an engine.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">The method and the layers, by default the last stage of the backbone; <see cref="CamOptions.Default"/> when
    /// null.</param>
    /// <param name="index">Which of the things that are found, from 0, the surest first.</param>
    /// <param name="inference">How things are found; <see cref="DetectionInference.Default"/> when null.</param>
    /// <param name="engine">The engine, which must outlive the mapper; null for a managed one that the mapper owns.</param>
    /// <exception cref="ModelCardException">The model does not find things, or takes other than 3 channels.</exception>
    /// <exception cref="ExplainException">A layer does not exist, or the method is not for detectors.</exception>
    public BoxActivationMapper(
        LoadedModel model,
        CamOptions? options = null,
        int index = 0,
        DetectionInference? inference = null,
        IInferenceEngine? engine = null
    )
        : this(
            model,
            options ?? CamOptions.Default,
            index,
            (inference ?? DetectionInference.Default) with
            {
                HasMasks = false,
            },
            engine,
            engine is null ? new Cpu.CpuEngine() : null
        ) { }

    private BoxActivationMapper(
        LoadedModel model,
        CamOptions options,
        int index,
        DetectionInference inference,
        IInferenceEngine? engine,
        Cpu.CpuEngine? owned
    )
        : base(model, Check(model, owned), new DetectionPreparation(model.Card.Preprocess, inference), engine ?? owned)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        (_owned, _index, _inference) = (owned, index, inference);
        _definition = (IDetectionDefinition)model.Definition;
        _classes = model.Card.GetClassLabels();
        IInferenceEngine running = (engine ?? owned)!;
        try
        {
            BackboneLayers.Check(options);
            if (options.Method == CamMethod.FullGrad)
                throw new ExplainException("Full gradients add up maps of whole images, which regions do not have.");
            ComputationGraph graph = _definition is IRegionDefinition regions ? RegionGraph.Of(regions) : ClassNumbers(model.Graph);
            _cam = new CamSession(graph, model.Weights, options, BackboneLayers.Of(graph, options), running, null);
            _pipeline = new DetectionPipeline(_definition, inference, part => running.CreateSession(part, model.Weights));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override BoxActivation Interpret(
        PreparedImage image,
        IReadOnlyList<NetworkOutputs> outputs,
        CancellationToken cancellationToken
    )
    {
        ImageSize seen = ((DetectionView)image.Detail!).Size;
        var size = new ImageSize(image.Size.Width, image.Size.Height);
        TracedDetections found = _pipeline.Trace(outputs[0].TensorOf, seen, size, cancellationToken);
        if (_index >= found.Things.Count)
            throw new ExplainException(
                found.Things.Count == 0
                    ? $"The network finds nothing above {_inference.ScoreThreshold.ToString(CultureInfo.InvariantCulture)}."
                    : $"There is no box {_index}; the network finds {found.Things.Count}, counted from 0."
            );
        (Detection thing, int source) = found.Things[_index];
        (CamTarget target, Tensor[] regions) = found.Regions is { } result
            ? OfRegion(result, source, thing.Label)
            : (OfAnchor(outputs[0].TensorOf, source, thing.Label), []);
        CamResult cam = _cam.Explain([image.Inputs[0], .. regions], _ => [target], cancellationToken);
        (double x, double y) = ((double)seen.Width / size.Width, (double)seen.Height / size.Height);
        return new(
            new DetectedObject(thing.Box, thing.Score, thing.Label, _classes[thing.Label]),
            new Box(thing.Box.X * x, thing.Box.Y * y, thing.Box.Width * x, thing.Box.Height * y),
            cam with
            {
                Map = SeenImage.Cut(cam.Map, seen),
            },
            SeenImage.Cut(SeenImage.Of(image.Inputs[0], Card.Preprocess.ToOptions()), seen)
        );
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!disposing)
            return;
        _pipeline?.Dispose();
        _cam?.Dispose();
        _owned?.Dispose();
    }

    // The number of a pair of an anchor and a class, whose place counts through all levels.
    private CamTarget OfAnchor(Func<string, Tensor> outputs, int place, int label)
    {
        for (int level = 0; ; level++)
        {
            string name = _definition.ClassOutput(level);
            Tensor numbers = outputs(name);
            if (place < numbers.Data.Length)
                return CamTarget.OfElements(label, 1, (name, numbers.Shape, place));
            place -= numbers.Data.Length;
        }
    }

    // What each stage says of the region, as it had it.
    private (CamTarget Target, Tensor[] Regions) OfRegion(RegionStages.Result result, int region, int label)
    {
        int stages = result.Stages.Count;
        var shape = new Shape(1, _definition.NumClasses + 1);
        return (
            CamTarget.OfElements(
                label,
                1f / stages,
                [.. Enumerable.Range(0, stages).Select(stage => (IRegionDefinition.StageClasses(stage), shape, label))]
            ),
            [.. result.Stages.Select(stage => new Tensor(new Shape(1, 5), [0, .. stage.Regions.AsSpan(region * 4, 4)]))]
        );
    }

    private ComputationGraph ClassNumbers(ComputationGraph graph) =>
        graph
            .WithOutputs([
                .. _definition.Anchors.Strides.Select(
                    (_, level) => graph.Outputs.Single(output => output.Name == _definition.ClassOutput(level))
                ),
            ])
            .Pruned();

    private static ComputationGraph Check(LoadedModel model, Cpu.CpuEngine? owned)
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
