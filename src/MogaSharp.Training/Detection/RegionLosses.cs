using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Torch;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>The losses of the graphs that look at regions, stage by stage: classes, boxes and masks (MMDetection's <c>StandardRoIHead</c>
/// and <c>CascadeRoIHead</c>).</summary>
internal sealed class RegionLosses
{
    // The overlap from which on a region is an object, and the weight, of each stage of a cascade.
    private static readonly float[] Thresholds = [0.5f, 0.6f, 0.7f];
    private static readonly double[] Weights = [1, 0.5, 0.25];

    private readonly IRegionDefinition _definition;
    private readonly DetectionRecipe _recipe;
    private readonly BoxCoder[] _coders;
    private readonly ComputationGraph[] _boxes;
    private readonly ComputationGraph[] _masks;

    public RegionLosses(IRegionDefinition definition, DetectionRecipe recipe)
    {
        (_definition, _recipe) = (definition, recipe);
        Shape[] maps = RegionStages.SomeMaps(definition);
        _coders = [.. definition.Stages.Select(stage => stage.ToCoder())];
        _boxes = [.. definition.Stages.Select((_, stage) => definition.BuildBoxes(stage, maps, 1))];
        ComputationGraph masks = definition.BuildMasks(maps, 1);
        _masks = [.. definition.Stages.Select((_, stage) => masks.WithOutputs(masks.Outputs[stage]).Pruned())];
    }

    private bool IsCascade => _definition.Stages.Length > 1;

    /// <summary>Computes the losses of all stages.</summary>
    /// <param name="pass">The network.</param>
    /// <param name="outputs">The image graph's.</param>
    /// <param name="truths">The objects of each image.</param>
    /// <param name="regions">n x 4 numbers for each image: where to look.</param>
    /// <param name="random">Draws the regions that count.</param>
    public IEnumerable<(string Name, TorchTensor Value)> Of(
        NetworkPass pass,
        IReadOnlyDictionary<string, TorchTensor> outputs,
        GroundTruth[] truths,
        float[][] regions,
        Random random
    )
    {
        TorchTensor[] maps = [.. _definition.RegionStrides.Select((_, level) => outputs[IRegionDefinition.MapName(level)])];
        for (int stage = 0; stage < _boxes.Length; stage++)
        {
            var sample = SampledRegions.Draw(regions, truths, AssignerOf(stage), Sampler(), random);
            string prefix = IsCascade ? $"s{stage}." : "";
            double weight = Weights[stage];
            IReadOnlyDictionary<string, TorchTensor> found = pass.Run(_boxes[stage], [.. maps, Rows(sample.Boxes, sample.Images, pass)]);
            TorchTensor classes = found[IRegionDefinition.StageClasses(stage)],
                boxes = found[IRegionDefinition.StageBoxes(stage)];
            yield return (prefix + "loss_cls", Classes(classes, sample) * weight);
            yield return (prefix + "loss_bbox", Boxes(boxes, sample, truths, stage) * (weight * _recipe.RegionWeight));
            yield return (prefix + "loss_mask", Masks(pass, maps, sample, truths, stage) * weight);
            if (stage + 1 < _boxes.Length)
                regions = Refined(sample, classes, boxes, truths, stage);
        }
    }

    private MaxIoUAssigner AssignerOf(int stage) => MaxIoUAssigner.Regions(Thresholds[stage], matchesLowQuality: !IsCascade);

    private RandomSampler Sampler() => RandomSampler.Regions with { Number = _recipe.RegionSamples };

    private TorchTensor Classes(TorchTensor logits, SampledRegions sample)
    {
        long[] targets = [.. sample.Labels.Select(label => (long)(label < 0 ? _definition.NumClasses : label))];
        return TorchLoss.CrossEntropy(logits, TorchTensor.From<long>(targets, new Shape(targets.Length), logits.Device));
    }

    // The deltas of each object's own class, of the regions that shall find one; the sum is over them, the divisor all regions.
    private TorchTensor Boxes(TorchTensor deltas, SampledRegions sample, GroundTruth[] truths, int stage)
    {
        bool isAgnostic = _definition.Stages[stage].IsClassAgnostic;
        int classes = isAgnostic ? 1 : _definition.NumClasses;
        int[] positives = sample.Positives;
        if (positives.Length == 0)
            return deltas.Sum() * 0;
        long[] rows = [.. positives.Select(i => ((long)i * classes) + (isAgnostic ? 0 : sample.Labels[i]))];
        TorchTensor own = deltas
            .Reshape(new Shape(sample.Count * classes, 4))
            .Select(TorchTensor.From<long>(rows, new Shape(rows.Length), deltas.Device));
        float[] from = new float[positives.Length * 4],
            to = new float[from.Length];
        for (int i = 0; i < positives.Length; i++)
        {
            sample.Boxes.AsSpan(positives[i] * 4, 4).CopyTo(from.AsSpan(i * 4));
            truths[sample.Images[positives[i]]].Boxes.AsSpan(sample.Truths[positives[i]] * 4, 4).CopyTo(to.AsSpan(i * 4));
        }

        double share = 1.0 / sample.Count;
        if (_recipe.RegionLoss == BoxLossKind.Giou)
            return TorchLoss.GeneralizedIoUSum(
                    own,
                    TorchTensor.From<float>(from, own.Shape, own.Device),
                    TorchTensor.From<float>(to, own.Shape, own.Device),
                    _definition.Stages[stage].Deviations.AsSpan(),
                    BoxCoder.MostGrowth
                ) * share;
        float[] targets = new float[from.Length];
        _coders[stage].Encode(from, to, targets);
        return TorchLoss.AbsoluteErrorSum(own, TorchTensor.From<float>(targets, own.Shape, own.Device), _recipe.RegionBeta) * share;
    }

    private TorchTensor Masks(NetworkPass pass, TorchTensor[] maps, SampledRegions sample, GroundTruth[] truths, int stage)
    {
        int[] positives = [.. sample.Positives.Where(i => truths[sample.Images[i]].Masks[sample.Truths[i]] is not null)];
        // Without an object one region is looked at, so that the weights take part: processes that train together all have the same ones.
        int[] seen = positives.Length == 0 ? [0] : positives;
        float[] boxes = [.. seen.SelectMany(i => sample.Boxes[(i * 4)..((i * 4) + 4)])];
        int[] images = [.. seen.Select(i => sample.Images[i])];
        TorchTensor all = pass.Run(_masks[stage], [.. maps, Rows(boxes, images, pass)])[IRegionDefinition.MaskLogits(stage)];
        if (positives.Length == 0)
            return all.Sum() * 0;
        int plane = _definition.MaskSize * _definition.MaskSize;
        long[] rows = [.. positives.Select((i, row) => ((long)row * _definition.NumClasses) + sample.Labels[i])];
        TorchTensor own = all.Reshape(new Shape(positives.Length * _definition.NumClasses, plane))
            .Select(TorchTensor.From<long>(rows, new Shape(rows.Length), all.Device));
        float[] targets = MaskTargetsOf(sample, positives, truths, plane);
        return TorchLoss.BinaryCrossEntropy(own, TorchTensor.From<float>(targets, own.Shape, own.Device));
    }

    private static float[] MaskTargetsOf(SampledRegions sample, int[] positives, GroundTruth[] truths, int plane)
    {
        float[] targets = new float[positives.Length * plane];
        var byTruth = positives
            .Select((region, row) => (Region: region, Row: row))
            .GroupBy(one => (sample.Images[one.Region], sample.Truths[one.Region]));
        foreach (IGrouping<(int Image, int Truth), (int Region, int Row)> group in byTruth)
        {
            RunLengthMask mask = truths[group.Key.Image].Masks[group.Key.Truth]!;
            byte[] pixels = new byte[mask.Size.Width * mask.Size.Height];
            mask.CopyTo(pixels);
            foreach ((int region, int row) in group)
                MaskTargets.Write(pixels, mask.Size, sample.Boxes.AsSpan(region * 4, 4), targets.AsSpan(row * plane, plane));
        }

        return targets;
    }

    // Where the next stage looks: the regions as this one moves them. The objects' own boxes are not among them.
    private float[][] Refined(SampledRegions sample, TorchTensor classes, TorchTensor boxes, GroundTruth[] truths, int stage)
    {
        float[] logits = classes.ToTensor().Data,
            deltas = boxes.ToTensor().Data;
        (int perClass, int perBox) = (logits.Length / sample.Count, deltas.Length / sample.Count);
        var rule = new RegionDetections(_definition.NumClasses, _coders[stage]);
        var refined = new float[truths.Length][];
        int first = 0;
        for (int image = 0; image < truths.Length; image++)
        {
            int count = sample.CountOf(image);
            int[] labels = [.. sample.Labels.AsSpan(first, count).ToArray().Select(label => label < 0 ? _definition.NumClasses : label)];
            float[] moved = new float[count * 4];
            rule.Refine(
                sample.Boxes.AsSpan(first * 4, count * 4),
                logits.AsSpan(first * perClass, count * perClass),
                deltas.AsSpan(first * perBox, count * perBox),
                truths[image].Size,
                moved,
                labels
            );
            int start = first;
            refined[image] =
            [
                .. Enumerable.Range(0, count).Where(i => !sample.AreTruths[start + i]).SelectMany(i => moved[(i * 4)..((i * 4) + 4)]),
            ];
            first += count;
        }

        return refined;
    }

    private static TorchTensor Rows(float[] boxes, int[] images, NetworkPass pass)
    {
        float[] rows = new float[images.Length * 5];
        for (int i = 0; i < images.Length; i++)
        {
            rows[i * 5] = images[i];
            boxes.AsSpan(i * 4, 4).CopyTo(rows.AsSpan((i * 5) + 1));
        }

        return TorchTensor.From<float>(rows, new Shape(images.Length, 5), pass.Device);
    }
}
