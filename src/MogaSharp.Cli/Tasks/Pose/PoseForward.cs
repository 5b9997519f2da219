using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Vision;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>What <c>moga forward --features</c> makes of a pose network's output, with the names of the official code.</summary>
internal static class PoseForward
{
    public static IEnumerable<TensorEntry> Derive(ForwardRun run)
    {
        SkeletonDefinition skeleton =
            SkeletonDefinition.Find(run.Card.Skeleton ?? "") ?? throw new UsageException($"No skeleton is called '{run.Card.Skeleton}'.");
        Tensor plain = run.Results[IPoseDefinition.HeatMaps];
        var size = new ImageSize(plain.Shape[3], plain.Shape[2]);
        Tensor mirrored = run.Run(Mirrored(run.Input))[IPoseDefinition.HeatMaps],
            back = new(plain.Shape),
            mean = new(plain.Shape, [.. plain.Data]);
        HeatMaps.Unmirror(mirrored.Span, size, skeleton, back.Span);
        HeatMaps.MergeMirrored(mean.Span, mirrored.Span, size, skeleton);
        yield return TensorEntry.FromTensor("heatmap_flipped", back);
        yield return TensorEntry.FromTensor("heatmap_flip_avg", mean);
        if (Regions(run, plain.Shape[0]) is not { } regions)
            yield break;
        foreach ((string flip, Tensor maps) in new[] { ("noflip", plain), ("flip", mean) })
        foreach (
            (string rule, HeatMapRefinement refinement) in new[]
            {
                ("default", HeatMapRefinement.QuarterShift),
                ("unbiased", HeatMapRefinement.Unbiased),
                ("none", HeatMapRefinement.None),
            }
        )
            yield return TensorEntry.FromTensor($"keypoints.{flip}.{rule}", Decode(maps, size, regions, refinement));
    }

    private static Tensor Decode(Tensor maps, ImageSize size, PoseRegion[] regions, HeatMapRefinement refinement)
    {
        (int people, int joints) = (maps.Shape[0], maps.Shape[1]);
        int length = joints * size.Width * size.Height;
        var points = new Tensor(new Shape(people, joints, 3));
        int at = 0;
        for (int i = 0; i < people; i++)
            foreach (PosePoint point in HeatMapDecoder.Decode(maps.Span.Slice(i * length, length), size, regions[i], refinement))
            {
                (points.Data[at], points.Data[at + 1], points.Data[at + 2]) = ((float)point.X, (float)point.Y, (float)point.Score);
                at += 3;
            }

        return points;
    }

    private static PoseRegion[]? Regions(ForwardRun run, int people)
    {
        (double[]? center, double[]? scale) = (run.Given("center"), run.Given("scale"));
        if (center is null && scale is null)
            return null;
        if (center?.Length != 2 * people || scale?.Length != 2 * people)
            throw new UsageException($"Center and scale are not two numbers for each of the {people} people.");
        return
        [
            .. Enumerable
                .Range(0, people)
                .Select(i => new PoseRegion(
                    (float)center[2 * i],
                    (float)center[(2 * i) + 1],
                    (float)scale[2 * i],
                    (float)scale[(2 * i) + 1]
                )),
        ];
    }

    private static Tensor Mirrored(Tensor input)
    {
        var mirrored = new Tensor(input.Shape, [.. input.Data]);
        for (int row = 0; row < mirrored.Data.Length; row += input.Shape[3])
            mirrored.Span.Slice(row, input.Shape[3]).Reverse();
        return mirrored;
    }
}
