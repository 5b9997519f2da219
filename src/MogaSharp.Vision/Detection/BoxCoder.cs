namespace MogaSharp.Vision;

/// <summary>
/// Boxes as what a network says of them: how far the center moves, in sides of the box that it starts from, and the logarithm of how the
/// sides grow (Girshick et al., "Rich feature hierarchies for accurate object detection", 2014), with the results of MMDetection's
/// <c>DeltaXYWHBBoxCoder</c>. Boxes are left, top, right, bottom in pixels, in single precision.
/// </summary>
/// <param name="X">What a delta of the center's column is divided by.</param>
/// <param name="Y">What a delta of the center's row is divided by.</param>
/// <param name="Width">What a delta of the width is divided by.</param>
/// <param name="Height">What a delta of the height is divided by.</param>
public sealed record BoxCoder(float X, float Y, float Width, float Height)
{
    /// <summary>The logarithm of the most that a side grows or shrinks: 62.5 times.</summary>
    public const float MostGrowth = 4.135166556742356f;

    /// <summary>Deltas as they are: RetinaNet and region proposals.</summary>
    public static BoxCoder Plain { get; } = new(1, 1, 1, 1);

    /// <summary>Deltas of the second stage, and of the first one of a cascade.</summary>
    public static BoxCoder Regions { get; } = new(0.1f, 0.1f, 0.2f, 0.2f);

    /// <summary>Deltas of a cascade's second stage.</summary>
    public static BoxCoder SecondCascadeStage { get; } = new(0.05f, 0.05f, 0.1f, 0.1f);

    /// <summary>Deltas of a cascade's third stage.</summary>
    public static BoxCoder ThirdCascadeStage { get; } = new(0.033f, 0.033f, 0.067f, 0.067f);

    /// <summary>The deltas that lead from boxes to others.</summary>
    /// <param name="boxes">n x 4 numbers: where to start, with sides above 0.</param>
    /// <param name="targets">n x 4 numbers: where to arrive, with sides above 0. A side of 0 gives a delta that is not finite.</param>
    /// <param name="deltas">n x 4 numbers, written: x, y, width, height.</param>
    /// <exception cref="ArgumentException">The lists do not have the same boxes.</exception>
    public void Encode(ReadOnlySpan<float> boxes, ReadOnlySpan<float> targets, Span<float> deltas)
    {
        int count = BoxList.Count(boxes, nameof(boxes));
        if (targets.Length != boxes.Length || deltas.Length != boxes.Length)
            throw new ArgumentException($"{targets.Length} and {deltas.Length} numbers are not those of {count} boxes.", nameof(targets));
        for (int i = 0; i < boxes.Length; i += 4)
        {
            (float x, float y, float width, float height) = Centered(boxes[i..]);
            (float toX, float toY, float toWidth, float toHeight) = Centered(targets[i..]);
            (deltas[i], deltas[i + 1], deltas[i + 2], deltas[i + 3]) = (
                (toX - x) / width / X,
                (toY - y) / height / Y,
                Log(toWidth / width) / Width,
                Log(toHeight / height) / Height
            );
        }
    }

    /// <summary>The boxes to which deltas lead.</summary>
    /// <param name="boxes">n x 4 numbers: where to start.</param>
    /// <param name="deltas">n x 4 numbers, or n x classes x 4 when the box of each class has its own.</param>
    /// <param name="result">As many numbers as <paramref name="deltas"/>, written.</param>
    /// <param name="image">The image that boxes are cut to; null to leave them.</param>
    /// <exception cref="ArgumentException">The numbers are not those of the same boxes.</exception>
    public void Decode(ReadOnlySpan<float> boxes, ReadOnlySpan<float> deltas, Span<float> result, ImageSize? image = null)
    {
        int count = BoxList.Count(boxes, nameof(boxes));
        if (deltas.Length != result.Length || (count == 0 ? deltas.Length != 0 : deltas.Length % boxes.Length != 0))
            throw new ArgumentException(
                $"{deltas.Length} deltas and {result.Length} numbers are not those of {count} boxes.",
                nameof(deltas)
            );
        int each = count == 0 ? 0 : deltas.Length / count;
        for (int i = 0; i < count; i++)
        {
            (float x, float y, float width, float height) = Centered(boxes[(i * 4)..]);
            for (int at = i * each; at < (i + 1) * each; at += 4)
                DecodeOne(x, y, width, height, deltas.Slice(at, 4), result.Slice(at, 4), image);
        }
    }

    private static (float X, float Y, float Width, float Height) Centered(ReadOnlySpan<float> box) =>
        ((box[0] + box[2]) * 0.5f, (box[1] + box[3]) * 0.5f, box[2] - box[0], box[3] - box[1]);

    // In double precision and rounded, so that the bits do not depend on the platform's library.
    private static float Exp(float value) => (float)Math.Exp(value);

    private static float Log(float value) => (float)Math.Log(value);

    private void DecodeOne(float x, float y, float width, float height, ReadOnlySpan<float> deltas, Span<float> result, ImageSize? image)
    {
        x += width * (deltas[0] * X);
        y += height * (deltas[1] * Y);
        width = width * Exp(Math.Clamp(deltas[2] * Width, -MostGrowth, MostGrowth)) * 0.5f;
        height = height * Exp(Math.Clamp(deltas[3] * Height, -MostGrowth, MostGrowth)) * 0.5f;
        (result[0], result[1], result[2], result[3]) = (x - width, y - height, x + width, y + height);
        if (image is not { } size)
            return;
        for (int i = 0; i < 4; i++)
            result[i] = Math.Clamp(result[i], 0, i % 2 == 0 ? size.Width : size.Height);
    }
}
