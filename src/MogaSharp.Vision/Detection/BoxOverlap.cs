using System.Numerics;
using System.Runtime.InteropServices;

namespace MogaSharp.Vision;

/// <summary>How the overlap of two boxes is measured.</summary>
public enum OverlapMeasure
{
    /// <summary>The common area divided by that of both together (IoU), 0..1.</summary>
    IntersectionOverUnion,

    /// <summary>The common area divided by that of the first box (IoF), 0..1.</summary>
    IntersectionOverFirst,

    /// <summary>The first, less the share of the box around both that neither covers, -1..1 (GIoU: Rezatofighi et al., "Generalized
    /// intersection over union", 2019).</summary>
    Generalized,
}

/// <summary>
/// How much boxes overlap, with the results of MMDetection's <c>bbox_overlaps</c> in single precision. Boxes are left, top, right, bottom;
/// one with a negative side overlaps nothing, and one with a NaN gives NaN.
/// </summary>
public static class BoxOverlap
{
    private const float LeastArea = 1e-6f;

    /// <summary>The overlap of each box with the one at the same place of another list.</summary>
    /// <param name="boxes">n x 4 numbers.</param>
    /// <param name="others">n x 4 numbers.</param>
    /// <param name="result">n numbers, written.</param>
    /// <param name="measure">What is measured.</param>
    /// <exception cref="ArgumentException">The lists do not fit together.</exception>
    public static void Pairs(
        ReadOnlySpan<float> boxes,
        ReadOnlySpan<float> others,
        Span<float> result,
        OverlapMeasure measure = OverlapMeasure.IntersectionOverUnion
    )
    {
        int count = BoxList.Count(boxes, nameof(boxes));
        if (others.Length != boxes.Length || result.Length != count)
            throw new ArgumentException($"{others.Length} and {result.Length} numbers are not those of {count} pairs.", nameof(others));
        using var first = BoxColumns.Of(boxes);
        using var second = BoxColumns.Of(others);
        for (int i = 0; i < count; i += Vector<float>.Count)
            Store(Measure(At(first, i), At(second, i), measure), result[i..]);
    }

    /// <summary>The overlap of each box with each one of another list.</summary>
    /// <param name="boxes">n x 4 numbers.</param>
    /// <param name="others">m x 4 numbers.</param>
    /// <param name="result">n x m numbers, written.</param>
    /// <param name="measure">What is measured.</param>
    /// <exception cref="ArgumentException">The lists do not fit together.</exception>
    public static void Matrix(
        ReadOnlySpan<float> boxes,
        ReadOnlySpan<float> others,
        Span<float> result,
        OverlapMeasure measure = OverlapMeasure.IntersectionOverUnion
    )
    {
        int rows = BoxList.Count(boxes, nameof(boxes)),
            columns = BoxList.Count(others, nameof(others));
        if (result.Length != (long)rows * columns)
            throw new ArgumentException($"{result.Length} numbers are not those of {rows} x {columns} boxes.", nameof(result));
        using var second = BoxColumns.Of(others);
        for (int i = 0; i < rows; i++)
            Row(boxes.Slice(i * 4, 4), second, result.Slice(i * columns, columns), measure);
    }

    /// <summary>The overlap of two boxes.</summary>
    /// <param name="box">4 numbers.</param>
    /// <param name="other">4 numbers.</param>
    /// <param name="measure">What is measured.</param>
    public static float Of(
        ReadOnlySpan<float> box,
        ReadOnlySpan<float> other,
        OverlapMeasure measure = OverlapMeasure.IntersectionOverUnion
    ) => Measure(Same(box[0], box[1], box[2], box[3]), Same(other[0], other[1], other[2], other[3]), measure)[0];

    /// <summary>The overlap of a box with each one of a list.</summary>
    internal static void Row(ReadOnlySpan<float> box, in BoxColumns others, Span<float> result, OverlapMeasure measure)
    {
        Vectors first = Same(box[0], box[1], box[2], box[3]);
        for (int i = 0; i < result.Length; i += Vector<float>.Count)
            Store(Measure(first, At(others, i), measure), result[i..]);
    }

    /// <summary>Whether a box overlaps one of a part of a list, which begins with a whole vector, by more than the threshold. Boxes without
    /// extent overlap nothing.</summary>
    internal static bool IsAbove(ReadOnlySpan<float> box, in BoxColumns others, int first, int count, float threshold)
    {
        Vector<float> left = new(box[0]),
            top = new(box[1]),
            right = new(box[2]),
            bottom = new(box[3]),
            area = new((box[2] - box[0]) * (box[3] - box[1])),
            limit = new(threshold),
            none = Vector<float>.Zero;
        ref float lefts = ref MemoryMarshal.GetReference(others.Lefts),
            tops = ref MemoryMarshal.GetReference(others.Tops),
            rights = ref MemoryMarshal.GetReference(others.Rights),
            bottoms = ref MemoryMarshal.GetReference(others.Bottoms),
            areas = ref MemoryMarshal.GetReference(others.Areas);
        // What the processor makes of the larger of NaN and a number does not matter: the area is NaN too, and so is the ratio.
        for (nuint i = (nuint)first; i < (nuint)(first + count); i += (nuint)Vector<float>.Count)
        {
            Vector<float> width =
                    Vector.MinNative(right, Vector.LoadUnsafe(ref rights, i)) - Vector.MaxNative(left, Vector.LoadUnsafe(ref lefts, i)),
                height =
                    Vector.MinNative(bottom, Vector.LoadUnsafe(ref bottoms, i)) - Vector.MaxNative(top, Vector.LoadUnsafe(ref tops, i)),
                common = Vector.MaxNative(width, none) * Vector.MaxNative(height, none);
            // Most boxes are far from one another, and a division is slow.
            if (!Vector.GreaterThanAny(common, none) && threshold >= 0)
                continue;
            if (Vector.GreaterThanAny(common / (area + Vector.LoadUnsafe(ref areas, i) - common), limit))
                return true;
        }

        return false;
    }

    private static Vector<float> Measure(in Vectors first, in Vectors second, OverlapMeasure measure)
    {
        var least = new Vector<float>(LeastArea);
        Vector<float> common = Common(first, second),
            union = Vector.Max(measure == OverlapMeasure.IntersectionOverFirst ? first.Area : first.Area + second.Area - common, least),
            ratio = common / union;
        if (measure != OverlapMeasure.Generalized)
            return ratio;
        Vector<float> width = Vector.Max(Vector.Max(first.Right, second.Right) - Vector.Min(first.Left, second.Left), Vector<float>.Zero),
            height = Vector.Max(Vector.Max(first.Bottom, second.Bottom) - Vector.Min(first.Top, second.Top), Vector<float>.Zero),
            around = Vector.Max(width * height, least);
        return ratio - ((around - union) / around);
    }

    private static Vector<float> Common(in Vectors first, in Vectors second) =>
        Vector.Max(Vector.Min(first.Right, second.Right) - Vector.Max(first.Left, second.Left), Vector<float>.Zero)
        * Vector.Max(Vector.Min(first.Bottom, second.Bottom) - Vector.Max(first.Top, second.Top), Vector<float>.Zero);

    private static Vectors Same(float left, float top, float right, float bottom) =>
        new(new(left), new(top), new(right), new(bottom), new((right - left) * (bottom - top)));

    private static Vectors At(in BoxColumns boxes, int i) =>
        new(new(boxes.Lefts[i..]), new(boxes.Tops[i..]), new(boxes.Rights[i..]), new(boxes.Bottoms[i..]), new(boxes.Areas[i..]));

    private static void Store(Vector<float> values, Span<float> result)
    {
        if (result.Length >= Vector<float>.Count)
            values.CopyTo(result);
        else
            for (int i = 0; i < result.Length; i++)
                result[i] = values[i];
    }

    private readonly record struct Vectors(
        Vector<float> Left,
        Vector<float> Top,
        Vector<float> Right,
        Vector<float> Bottom,
        Vector<float> Area
    );
}
