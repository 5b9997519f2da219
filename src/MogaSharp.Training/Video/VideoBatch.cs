using MogaSharp.Graph;

namespace MogaSharp.Training;

/// <summary>Clips: the frames that are seen and those that follow.</summary>
/// <param name="inputs">(N, T, C, H, W), row-major.</param>
/// <param name="shape">The shape of the input.</param>
/// <param name="targets">The frames that follow, (N, T', C, H, W), row-major.</param>
public sealed class VideoBatch(ReadOnlyMemory<float> inputs, Shape shape, ReadOnlyMemory<float> targets) : TrainingBatch(inputs, shape)
{
    /// <summary>The frames that follow, row-major.</summary>
    public ReadOnlyMemory<float> Targets => targets;

    /// <summary>Their shape, (N, T', C, H, W).</summary>
    public Shape TargetShape { get; } = ShapeOf(shape, targets.Length);

    private static Shape ShapeOf(Shape input, long values)
    {
        if (input.Rank != 5)
            throw new ArgumentException($"Clips have the shape (N, T, C, H, W), not {input}.");
        return new Shape(input[0], checked((int)(values / Math.Max(1, input.ElementCount / input[1]))), input[2], input[3], input[4]);
    }
}
