namespace MogaSharp.Graph;

/// <summary>The frames of clips as images: (N, T, C, H, W) to (N T, C, H, W).</summary>
public sealed record ClipToFrames : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 1);
        Shape x = inputs[0];
        if (x.Rank != 5)
            throw new GraphException($"ClipToFrames takes clips (N, T, C, H, W), it got {x}.");
        return new Shape(x.Extents[0] * x.Extents[1], x[2], x[3], x[4]);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>Images as the frames of clips: (N Frames, C, H, W) to (N, Frames, C, H, W).</summary>
/// <param name="Frames">Frames of a clip; divides the batch.</param>
public sealed record FramesToClip(int Frames) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs);
        if (Frames < 1 || x[0] % Frames != 0)
            throw new GraphException($"{x[0]} images are no clips of {Frames} frames.");
        return new Shape(x[0] / Frames, Frames, x[1], x[2], x[3]);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>The frames of a clip side by side: (N Frames, C, H, W) to (N, Frames C, H, W), the channels of a frame together.</summary>
/// <param name="Frames">Frames of a clip; divides the batch.</param>
public sealed record FramesToChannels(int Frames) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs);
        if (Frames < 1 || x[0] % Frames != 0)
            throw new GraphException($"{x[0]} images are no clips of {Frames} frames.");
        return new Shape(x[0] / Frames, x.Extents[1] * Frames, x[2], x[3]);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>The opposite of <see cref="FramesToChannels"/>: (N, Frames C, H, W) to (N Frames, C, H, W).</summary>
/// <param name="Frames">Frames of a clip; divides the channels.</param>
public sealed record ChannelsToFrames(int Frames) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs);
        if (Frames < 1 || x[1] % Frames != 0)
            throw new GraphException($"{x[1]} channels are no {Frames} frames.");
        return new Shape(x.Extents[0] * Frames, x[1] / Frames, x[2], x[3]);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}
