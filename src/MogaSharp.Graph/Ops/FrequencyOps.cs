namespace MogaSharp.Graph;

/// <summary>
/// The two-dimensional Fourier transform of every channel of a real map, divided by sqrt(H W) (PyTorch's <c>rfft2</c> with
/// <c>norm="ortho"</c>): (N, C, H, W) to (N, 2 C, H, W / 2 + 1), the C real parts before the C imaginary ones.
/// </summary>
public sealed record RealFft2d : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs);
        return new Shape(x[0], 2 * x[1], x[2], (x[3] / 2) + 1);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// The opposite of <see cref="RealFft2d"/> (<c>irfft2</c> with <c>norm="ortho"</c>): a spectrum (N, 2 C, H, W / 2 + 1) and, for its rows
/// and columns only, a map (N, any, H, W) to (N, C, H, W). As usual, imaginary parts that a real map cannot have (columns 0 and, for even
/// W, W / 2, along the rows' transform) do not count.
/// </summary>
public sealed record InverseRealFft2d : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 2);
        (Shape spectrum, Shape map) = (inputs[0], inputs[1]);
        if (
            map.Rank != 4
            || spectrum.Rank != 4
            || spectrum[1] % 2 != 0
            || spectrum != new Shape(map[0], spectrum[1], map[2], (map[3] / 2) + 1)
        )
            throw new GraphException($"InverseRealFft2d cannot make a map of {map} from {spectrum}.");
        return map.With(1, spectrum[1] / 2);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// A spectrum (N, 2 C, H, W) times a learnt complex number per channel, row and column (GFNet, HorNet's global filter). The filter is
/// resized bilinearly, corners aligned, to the spectrum's size. Shape is kept.
/// </summary>
/// <param name="Channels">C, half the channels of the spectrum.</param>
/// <param name="Height">Rows of the stored filter.</param>
/// <param name="Width">Columns of the stored filter.</param>
/// <param name="Weight">Key of the filter (C, Height, Width, 2), last dimension real and imaginary part.</param>
public sealed record SpectralFilter(int Channels, int Height, int Width, string Weight) : PrimitiveOp
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters => [Weight];

    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs) => RequireMap(inputs, 2 * Channels);

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}
