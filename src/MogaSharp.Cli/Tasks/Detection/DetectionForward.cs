using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Vision;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>
/// What <c>moga forward --features</c> makes of a detector's outputs, with the names of the official code: proposals, what each stage says
/// of them, detections and masks. The input's file may hold <c>img_shape</c>, <c>ori_shape</c>, <c>scale_factor</c> (across, down, twice)
/// and <c>proposals</c> (R, 5), which take the place of the network's own.
/// </summary>
internal sealed class DetectionForward(ForwardRun run, CancellationToken cancellationToken)
{
    private readonly IDetectionDefinition _definition = (IDetectionDefinition)run.Model.Definition;
    private readonly ImageSize _image = SizeOf(run.Size("img_shape") ?? (run.Input.Shape[2], run.Input.Shape[3]));
    private readonly (float X, float Y) _scale = Scale(run.Given("scale_factor"));

    public IEnumerable<TensorEntry> Derive()
    {
        if (run.Input.Shape[0] != 1)
            throw new UsageException($"Detections are made of one image at a time, not of {run.Input.Shape[0]}.");
        if (_image.Width > run.Input.Shape[3] || _image.Height > run.Input.Shape[2])
            throw new UsageException($"Img_shape is {_image}, the input {run.Input.Shape[3]} x {run.Input.Shape[2]}.");
        AnchorGenerator anchors = _definition.Anchors.ToGenerator();
        ImmutableArray<HeadLevel> levels = _definition.Levels(name => run.Results[name]);
        return _definition is IRegionDefinition regions
            ? TwoSteps(regions, levels, anchors)
            : Found(new DenseDetections(_definition.NumClasses) { Anchors = anchors }.Select(levels, _image, _scale));
    }

    private IEnumerable<TensorEntry> TwoSteps(IRegionDefinition definition, ImmutableArray<HeadLevel> levels, AnchorGenerator anchors)
    {
        (float[] boxes, float[] scores) = Given() ?? Own();
        yield return Entry("proposals", 5, [.. scores.SelectMany((score, i) => (float[])[.. boxes.AsSpan(i * 4, 4), score])]);
        int[] numbers = new int[scores.Length];
        RoiLevels.Write(boxes, numbers, definition.RegionStrides.Length);
        yield return Whole("roi_level", numbers);
        Tensor[] maps = [.. definition.RegionStrides.Select((_, i) => run.Results[IRegionDefinition.MapName(i)])];
        using var stages = new RegionStages(definition, run.Model.Weights, run.Engine, ModelOutputs.All);
        DetectionInference inference = DetectionInference.Default;
        RegionStages.Result result = stages.Run(maps, boxes, _image, _scale, inference, cancellationToken);
        for (int stage = 0; stage < result.Stages.Count; stage++)
        {
            (float[] regions, IReadOnlyDictionary<string, Tensor> outputs) = result.Stages[stage];
            if (stage == 0)
                yield return TensorEntry.FromTensor(IRegionDefinition.RegionMaps, outputs[IRegionDefinition.RegionMaps]);
            else
                yield return Entry($"stage.{stage}.rois", 4, regions);
            foreach (string name in new[] { IRegionDefinition.StageClasses(stage), IRegionDefinition.StageBoxes(stage) })
                yield return TensorEntry.FromTensor(name, outputs[name]);
        }

        if (result.Stages.Count > 1)
            yield return Entry("cls_avg", definition.NumClasses + 1, result.ClassNumbers);
        foreach (TensorEntry entry in Found(result.Found))
            yield return entry;
        foreach (TensorEntry entry in Masks(stages, maps, result.Found))
            yield return entry;

        (float[] Boxes, float[] Scores) Own()
        {
            DetectionSet proposals = new ProposalSelector { Anchors = anchors }.Select(levels, _image);
            return (proposals.Boxes.ToArray(), proposals.Scores.ToArray());
        }
    }

    private IEnumerable<TensorEntry> Masks(RegionStages stages, Tensor[] maps, DetectionSet found)
    {
        float[] boxes = found.Boxes.ToArray();
        for (int i = 0; i < boxes.Length; i += 2)
            (boxes[i], boxes[i + 1]) = (boxes[i] * _scale.X, boxes[i + 1] * _scale.Y);
        yield return Entry("mask.boxes", 4, boxes);
        if (found.Count == 0)
            yield break;
        IReadOnlyList<Tensor> logits = stages.Masks(maps, boxes, found.Labels, cancellationToken);
        for (int stage = 0; stage < logits.Count; stage++)
            yield return TensorEntry.FromTensor(IRegionDefinition.MaskLogits(stage), logits[stage]);
        Tensor shares = RegionStages.Probabilities(logits);
        yield return TensorEntry.FromTensor("mask.prob", shares);
        ImageSize original = SizeOf(run.Size("ori_shape") ?? (_image.Height, _image.Width)),
            side = new(shares.Shape[2], shares.Shape[1]);
        var areas = new int[found.Count];
        byte[] pixels = new byte[original.Width * original.Height];
        for (int i = 0; i < areas.Length; i++)
        {
            ReadOnlySpan<float> mask = shares.Span.Slice(i * side.Width * side.Height, side.Width * side.Height);
            MaskPaste.Paste(mask, side, found.Boxes.Slice(i * 4, 4), original, pixels);
            areas[i] = pixels.AsSpan().Count((byte)1);
        }

        yield return Whole("mask.area", areas);
    }

    private static IEnumerable<TensorEntry> Found(DetectionSet found) =>
        [
            Entry("det.boxes", 4, found.Boxes.ToArray()),
            TensorEntry.FromTensor("det.scores", new Tensor(new Shape(found.Count), found.Scores.ToArray())),
            Whole("det.labels", found.Labels.ToArray()),
        ];

    private (float[] Boxes, float[] Scores)? Given()
    {
        if (run.Given("proposals") is not { } numbers)
            return null;
        if (numbers.Length == 0 || numbers.Length % 5 != 0 || !numbers.All(double.IsFinite))
            throw new UsageException("'proposals' are not (R, 5) finite numbers: a box and its score.");
        float[] all = [.. numbers.Select(number => (float)number)];
        return ([.. all.Where((_, i) => i % 5 < 4)], [.. all.Where((_, i) => i % 5 == 4)]);
    }

    private static (float X, float Y) Scale(double[]? given) =>
        given switch
        {
            null => (1, 1),
            [> 0 and var x, > 0 and var y, ..] when given.Length is 2 or 4 && double.IsFinite(x) && double.IsFinite(y) => (
                (float)x,
                (float)y
            ),
            _ => throw new UsageException("'scale_factor' is not two numbers above 0, or these twice."),
        };

    private static ImageSize SizeOf((int Height, int Width) size) => new(size.Width, size.Height);

    private static TensorEntry Entry(string name, int columns, float[] numbers) =>
        TensorEntry.FromTensor(name, new Tensor(new Shape(numbers.Length / columns, columns), numbers));

    private static TensorEntry Whole(string name, int[] numbers) =>
        TensorEntry.FromBytes(
            name,
            DType.Int64,
            new Shape(numbers.Length),
            [.. numbers.SelectMany(number => BitConverter.GetBytes((long)number))]
        );
}
