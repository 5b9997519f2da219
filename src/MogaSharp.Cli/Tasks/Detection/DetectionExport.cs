using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Onnx;
using MogaSharp.OnnxRuntime;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary>Detectors in the terms of <see cref="OnnxExporter"/>.</summary>
internal static class DetectionExport
{
    // All strides of a pyramid divide it, so that no two maps of it look the same.
    private const int Side = 256,
        CheckedHeight = 192,
        CheckedWidth = 256;

    /// <summary>What is written of a detector.</summary>
    /// <param name="definition">The model.</param>
    /// <param name="inference">Thresholds.</param>
    public static OnnxDetector Create(IDetectionDefinition definition, DetectionInference inference)
    {
        AnchorGenerator anchors = definition.Anchors.ToGenerator();
        ComputationGraph image = definition.Build(definition.InputShape(1, Side, Side));
        var detector = new OnnxDetector
        {
            Image = image,
            Classes = definition.NumClasses,
            Levels =
            [
                .. anchors.Strides.Select(
                    (stride, i) =>
                        new OnnxAnchorLevel(definition.ClassOutput(i), definition.BoxOutput(i), stride, [.. anchors.BaseAnchors(i)])
                ),
            ],
            ScoreThreshold = inference.ScoreThreshold,
            OverlapThreshold = inference.OverlapThreshold,
            MaxDetections = inference.MaxDetections,
        };
        return definition is IRegionDefinition regions ? WithRegions(detector, regions, inference) : detector;
    }

    /// <summary>Writes a model and checks it with ONNX Runtime.</summary>
    /// <param name="card">The model.</param>
    /// <param name="weights">Its weights; null for fresh ones.</param>
    /// <param name="inference">Thresholds.</param>
    /// <param name="path">The file.</param>
    /// <param name="options">How it is written.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    /// <returns>The exit code.</returns>
    public static int Write(
        ModelCard card,
        WeightSet? weights,
        DetectionInference inference,
        string path,
        OnnxExportOptions options,
        CancellationToken cancellationToken
    )
    {
        var definition = (IDetectionDefinition)card.CreateDefinition();
        OnnxDetector detector = Create(definition, inference);
        weights ??= WeightInitializer.Create(detector.Image.Parameters, seed: 0);
        Paths.Write(path, target => OnnxExporter.Export(detector, weights, target, options));
        Console.Out.WriteLine(path);
        PreprocessCard preprocess = card.Preprocess;
        Notices.Hint(
            "inputs: input (1, 3, height, width), both multiples of 32, and img_shape (height, width of what of it is image and not "
                + "padding, two floats; left out, all of it)"
        );
        Notices.Hint(
            "outputs: boxes (n, 4: left, top, right, bottom in pixels of the input), scores (n), labels (n, int64)"
                + (detector.Masks is null ? "" : ", masks (n, 28, 28: probabilities of the box's pixels)")
        );
        Notices.Hint(
            $"not in the file: fitting the image into {preprocess.Width} x {preprocess.Height}, its normalization (mean and deviation "
                + "are in the metadata, in the card), padding with zeros, and the way back to the image's own pixels"
        );
        return Check(definition, weights, inference, path, cancellationToken);
    }

    /// <summary>What the managed code finds in an input, without masks.</summary>
    /// <param name="definition">The model.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="inference">Thresholds.</param>
    /// <param name="input">(1, 3, H, W).</param>
    /// <param name="image">The part of it that is image.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public static IReadOnlyList<Detection> Find(
        IDetectionDefinition definition,
        WeightSet weights,
        DetectionInference inference,
        Tensor input,
        ImageSize image,
        CancellationToken cancellationToken
    )
    {
        using var engine = new CpuEngine();
        using CpuSession session = engine.CreateSession(definition.Build(input.Shape), weights);
        using var pipeline = new DetectionPipeline(
            definition,
            inference with
            {
                HasMasks = false,
            },
            graph => engine.CreateSession(graph, weights)
        );
        IReadOnlyDictionary<string, Tensor> outputs = session.Run(input, cancellationToken);
        return pipeline.Find(name => outputs[name], image, image, cancellationToken);
    }

    // Of random pixels many things are as likely as others, so a few may be found by one side alone.
    private static int Check(
        IDetectionDefinition definition,
        WeightSet weights,
        DetectionInference inference,
        string path,
        CancellationToken cancellationToken
    )
    {
        const double LeastShare = 0.9;
        using OnnxRuntimeModel? judge = OnnxJudge.Open(path);
        if (judge is null)
            return ExitCode.Success;
        Tensor input = OnnxJudge.Pixels(definition.InputShape(1, CheckedHeight, CheckedWidth));
        var image = new ImageSize(CheckedWidth - 20, CheckedHeight - 12);
        IReadOnlyList<Detection> ours = Find(definition, weights, inference, input, image, cancellationToken);
        IReadOnlyDictionary<string, Tensor> theirs = judge.Run(input, new Tensor(new Shape(2), [image.Height, image.Width]));
        int found = theirs["scores"].Data.Length,
            common = ours.Count(one => Enumerable.Range(0, found).Any(place => IsSame(one, theirs, place)));
        Console.Error.WriteLine(
            $"ONNX Runtime {OnnxRuntimeModel.RuntimeVersion} finds {found} things in random pixels of {input.Shape}, the CPU engine "
                + $"{ours.Count}; {common} are the same"
        );
        return common >= LeastShare * Math.Max(found, ours.Count)
            ? ExitCode.Success
            : throw new FailureException($"'{path}' gives other things in ONNX Runtime: {common} of {Math.Max(found, ours.Count)}.");
    }

    private static bool IsSame(Detection ours, IReadOnlyDictionary<string, Tensor> theirs, int place)
    {
        ReadOnlySpan<float> box = theirs["boxes"].Span.Slice(place * 4, 4);
        return ours.Label == (int)theirs["labels"].Data[place]
            && Math.Abs(ours.Score - theirs["scores"].Data[place]) < 1e-3
            && Math.Abs(ours.Box.X - box[0]) + Math.Abs(ours.Box.Y - box[1]) < 0.1
            && Math.Abs(ours.Box.Right - box[2]) + Math.Abs(ours.Box.Bottom - box[3]) < 0.1;
    }

    private static OnnxDetector WithRegions(OnnxDetector detector, IRegionDefinition definition, DetectionInference inference)
    {
        Shape[] maps =
        [
            .. definition.RegionStrides.Select(
                (_, i) => detector.Image.Outputs.Single(output => output.Name == IRegionDefinition.MapName(i)).Value.Shape
            ),
        ];
        return detector with
        {
            RegionsInput = IRegionDefinition.Regions,
            Stages =
            [
                .. definition.Stages.Select(
                    (stage, i) =>
                        new OnnxRegionStage(
                            definition.BuildBoxes(i, maps, 1),
                            IRegionDefinition.StageClasses(i),
                            IRegionDefinition.StageBoxes(i),
                            [.. stage.Deviations.Select(deviation => (float)deviation)]
                        )
                ),
            ],
            Masks = inference.HasMasks ? definition.BuildMasks(maps, 1) : null,
            MaskOutputs = [.. definition.Stages.Select((_, i) => IRegionDefinition.MaskLogits(i))],
        };
    }
}
