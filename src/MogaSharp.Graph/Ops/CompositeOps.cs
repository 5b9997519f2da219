namespace MogaSharp.Graph;

/// <summary>Dropout: in training sets elements to 0 and divides the others by 1 - rate; in eval mode x itself.</summary>
/// <param name="Rate">The probability of a zero, 0 to below 1.</param>
public sealed record Dropout(double Rate) : TrainingOp
{
    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(ITrainingOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>Stochastic depth: in training drops whole images of a residual branch; in eval mode x itself.</summary>
/// <param name="Rate">The probability of a drop, 0 to below 1.</param>
public sealed record DropPath(double Rate) : TrainingOp
{
    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(ITrainingOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// Each pixel becomes a block of Factor x Factor pixels: (N, C, H, W) to (N, C, Factor H, Factor W), as PyTorch's <c>interpolate</c> with
/// <c>mode="nearest"</c> and a whole scale factor. Feature pyramids enlarge their maps so.
/// </summary>
/// <param name="Factor">The side of a block, at least 1.</param>
public sealed record NearestUpsample(int Factor) : CompositeOp
{
    /// <summary>Copies of the channels, interleaved so that those of a channel lie together, are what a pixel shuffle makes blocks of.</summary>
    /// <inheritdoc/>
    public override Value Lower(Scope at, IReadOnlyList<Value> inputs)
    {
        if (Factor < 1 || inputs is not [{ Shape.Rank: 4 } x])
            throw new GraphException(
                $"NearestUpsample takes a feature map and a factor of at least 1, it got {string.Join(", ", inputs.Select(input => input.Shape))} "
                    + $"and {Factor}."
            );
        int copies = Factor * Factor;
        return copies == 1
            ? x
            : at.Add(new PixelShuffle(Factor), at.Add(new ChannelShuffle(copies), at.Concat([.. Enumerable.Repeat(x, copies)])));
    }
}
