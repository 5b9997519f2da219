using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>The regions of a batch that a stage is trained on, image by image; of each image those that shall find an object come
/// first.</summary>
internal sealed class SampledRegions
{
    private readonly int[] _counts;

    private SampledRegions(int[] counts, float[] boxes, int[] images, int[] truths, int[] labels, bool[] areTruths) =>
        (_counts, Boxes, Images, Truths, Labels, AreTruths) = (counts, boxes, images, truths, labels, areTruths);

    /// <summary>Regions of all images.</summary>
    public int Count => Images.Length;

    /// <summary>Count x 4 numbers: left, top, right, bottom.</summary>
    public float[] Boxes { get; }

    /// <summary>The image of each.</summary>
    public int[] Images { get; }

    /// <summary>The object of its image that each shall find; -1 for background.</summary>
    public int[] Truths { get; }

    /// <summary>That object's class; -1 for background.</summary>
    public int[] Labels { get; }

    /// <summary>Whether each is the box of an object itself.</summary>
    public bool[] AreTruths { get; }

    /// <summary>The places of those that shall find an object.</summary>
    public int[] Positives => [.. Enumerable.Range(0, Count).Where(i => Truths[i] >= 0)];

    /// <summary>Regions of an image.</summary>
    public int CountOf(int image) => _counts[image];

    /// <summary>Draws them.</summary>
    public static SampledRegions Draw(
        float[][] regions,
        GroundTruth[] truths,
        MaxIoUAssigner assigner,
        RandomSampler sampler,
        Random random
    )
    {
        int[] counts = new int[truths.Length];
        List<float> boxes = [];
        List<int> images = [],
            of = [],
            labels = [];
        List<bool> areTruths = [];
        for (int image = 0; image < truths.Length; image++)
        {
            GroundTruth truth = truths[image];
            int[] assigned = new int[regions[image].Length / 4];
            assigner.Assign(regions[image], truth.Boxes, [], assigned, new float[assigned.Length]);
            BoxSample sample = sampler.Sample(assigned, truth.Count, random.Next);
            float[] own = new float[sample.Count * 4];
            sample.CopyBoxes(regions[image], sampler.AddsTruths ? truth.Boxes : [], own);
            boxes.AddRange(own);
            counts[image] = sample.Count;
            images.AddRange(Enumerable.Repeat(image, sample.Count));
            ImmutableArray<int> found = sample.PositiveTruths;
            of.AddRange(found.Concat(Enumerable.Repeat(-1, sample.Negatives.Length)));
            labels.AddRange(found.Select(one => truth.Labels[one]).Concat(Enumerable.Repeat(-1, sample.Negatives.Length)));
            int added = sampler.AddsTruths ? truth.Count : 0;
            areTruths.AddRange(sample.Positives.Concat(sample.Negatives).Select(place => place < added));
        }

        return new SampledRegions(counts, [.. boxes], [.. images], [.. of], [.. labels], [.. areTruths]);
    }
}
