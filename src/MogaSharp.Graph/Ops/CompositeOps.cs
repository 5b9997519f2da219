namespace MogaSharp.Graph;

/// <summary>Dropout: in training sets elements to 0 and divides the others by 1 - rate; in eval mode x itself.</summary>
/// <param name="Rate">The probability of a zero, 0 to below 1.</param>
/// <param name="WholeMaps">Whether all of a channel's pixels are drawn together (PyTorch's <c>nn.Dropout2d</c>).</param>
public sealed record Dropout(double Rate, bool WholeMaps = false) : TrainingOp
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
