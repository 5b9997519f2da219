using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>The objects of an image that a detector is to find, in pixels of the input; crowds and those too small are not among
/// them.</summary>
/// <param name="Boxes">n x 4 numbers: left, top, right, bottom.</param>
/// <param name="Labels">n classes.</param>
/// <param name="Masks">n masks of the size of the input; null where an object has none.</param>
/// <param name="Size">The part of the input that is image.</param>
internal sealed record GroundTruth(float[] Boxes, int[] Labels, ImmutableArray<RunLengthMask?> Masks, ImageSize Size)
{
    private const double LeastSide = 1;

    /// <summary>Objects.</summary>
    public int Count => Labels.Length;

    /// <summary>Those of every image of a batch.</summary>
    public static GroundTruth[] Of(DetectionBatch batch) => [.. batch.Objects.Zip(batch.Sizes, Of)];

    private static GroundTruth Of(ImmutableArray<AnnotatedObject> objects, ImageSize size)
    {
        AnnotatedObject[] found = [.. objects.Where(one => !one.IsCrowd && one.Box.Width >= LeastSide && one.Box.Height >= LeastSide)];
        float[] boxes = new float[found.Length * 4];
        for (int i = 0; i < found.Length; i++)
        {
            Box box = found[i].Box;
            (boxes[i * 4], boxes[(i * 4) + 1]) = ((float)box.X, (float)box.Y);
            (boxes[(i * 4) + 2], boxes[(i * 4) + 3]) = ((float)(box.X + box.Width), (float)(box.Y + box.Height));
        }

        return new GroundTruth(boxes, [.. found.Select(one => one.Label)], [.. found.Select(one => one.Mask)], size);
    }
}
