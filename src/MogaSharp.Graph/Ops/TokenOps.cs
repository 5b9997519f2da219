namespace MogaSharp.Graph;

/// <summary>
/// Layer normalization over the channels: (x - mean) / sqrt(variance + eps) * weight + bias, with mean and (biased) variance over the
/// channels of each pixel of a feature map (N, C, H, W) or of each row of (N, C). Shape is kept.
/// </summary>
/// <param name="Channels">Channels.</param>
/// <param name="Weight">Key of the scale (Channels).</param>
/// <param name="Bias">Key of the shift (Channels).</param>
/// <param name="Epsilon">Added to the variance.</param>
/// <param name="IsCounted">False where the official code writes the norm out in sums and products, which cost tables do not count (HorNet's
/// channels-first norm).</param>
public sealed record LayerNorm(int Channels, string Weight, string Bias, double Epsilon = 1e-5, bool IsCounted = true) : PrimitiveOp
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters => [Weight, Bias];

    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 1);
        Shape x = inputs[0];
        if (x.Rank is not (2 or 4) || x[1] != Channels)
            throw new GraphException($"LayerNorm takes (N, {Channels}) or (N, {Channels}, H, W), it got {x}.");
        return x;
    }

    /// <inheritdoc/>
    public override Cost Cost(ReadOnlySpan<Shape> inputs, Shape output) => new(Normalization: IsCounted ? 5 * output.ElementCount : 0);

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>exp(x) divided by its sum over the last dimension. Shape is kept.</summary>
public sealed record Softmax : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 1);
        if (inputs[0].Rank is not (2 or 4))
            throw new GraphException($"Softmax takes a tensor of rank 2 or 4, it got {inputs[0]}.");
        return inputs[0];
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// The first matrix product of attention: queries and keys (N, C, H, W), whose pixels in row-major order are the T = H W tokens and whose
/// channels are Heads x C / Heads, to scores (N, Heads, T, T): row i, column j is Scale times the dot product of query i and key j over the
/// head's channels.
/// </summary>
/// <param name="Heads">Heads; divides the channels.</param>
/// <param name="Scale">The factor, most often (C / Heads)^-0.5.</param>
public sealed record QueryKeyProduct(int Heads, double Scale) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 2);
        (Shape query, Shape key) = (inputs[0], inputs[1]);
        if (query.Rank != 4 || query != key)
            throw new GraphException($"QueryKeyProduct takes queries and keys of one shape (N, C, H, W), it got {query} and {key}.");
        if (Heads < 1 || query[1] % Heads != 0)
            throw new GraphException($"{Heads} heads do not divide {query[1]} channels.");
        long tokens = query.Extents[2] * query.Extents[3];
        return new Shape(query[0], Heads, tokens, tokens);
    }

    /// <inheritdoc/>
    public override Cost Cost(ReadOnlySpan<Shape> inputs, Shape output) => new(MatrixProduct: output.ElementCount * (inputs[0][1] / Heads));

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// The second matrix product of attention: probabilities (N, Heads, T, T) and values (N, C, H, W) with T = H W to (N, C, H, W): token i is
/// the sum over the tokens j of probability (i, j) times value j, per head.
/// </summary>
/// <param name="Heads">Heads; divides the channels.</param>
public sealed record AttentionOutput(int Heads) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 2);
        (Shape probabilities, Shape value) = (inputs[0], inputs[1]);
        if (value.Rank != 4)
            throw new GraphException($"AttentionOutput takes values (N, C, H, W), it got {value}.");
        if (Heads < 1 || value[1] % Heads != 0)
            throw new GraphException($"{Heads} heads do not divide {value[1]} channels.");
        long tokens = value.Extents[2] * value.Extents[3];
        if (probabilities != new Shape(value[0], Heads, tokens, tokens))
            throw new GraphException(
                $"AttentionOutput takes probabilities {new Shape(value[0], Heads, tokens, tokens)} for values {value}, it got "
                    + $"{probabilities}."
            );
        return value;
    }

    /// <inheritdoc/>
    public override Cost Cost(ReadOnlySpan<Shape> inputs, Shape output) => new(MatrixProduct: output.ElementCount * inputs[0][3]);

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// Adds to scores (N, Heads, T, T) of a square window, T = Window^2, a learnt number per head and relative position: that of query (y, x)
/// and key (v, u) is row (y - v + Window - 1) (2 Window - 1) + (x - u + Window - 1) of the table (Swin, section 3.2). Shape is kept.
/// </summary>
/// <param name="Heads">Heads.</param>
/// <param name="Window">The window's side in pixels.</param>
/// <param name="Table">Key of the table ((2 Window - 1)^2, Heads).</param>
public sealed record RelativePositionBias(int Heads, int Window, string Table) : PrimitiveOp
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters => [Table];

    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 1);
        Shape x = inputs[0];
        long tokens = (long)Window * Window;
        if (x.Rank != 4 || x.With(0, 1) != new Shape(1, Heads, tokens, tokens))
            throw new GraphException($"RelativePositionBias takes scores (N, {Heads}, {tokens}, {tokens}), it got {x}.");
        return x;
    }

    /// <summary>The table's row for a query and a key, numbered row by row in the window.</summary>
    public int Row(int query, int key) =>
        (((query / Window) - (key / Window) + Window - 1) * ((2 * Window) - 1)) + (query % Window) - (key % Window) + Window - 1;

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// Cuts a map into square windows, after rolling it up and left by Shift pixels: (N, C, H, W) to (N windows, C, Window, Window), the
/// windows of an image one after another, row by row (Swin, section 3.2).
/// </summary>
/// <param name="Window">The window's side in pixels; divides rows and columns.</param>
/// <param name="Shift">Pixels, 0 to below Window.</param>
public sealed record WindowPartition(int Window, int Shift = 0) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs);
        return new Shape(x[0] * Count(x), x[1], Window, Window);
    }

    /// <summary>How many windows an image of a map has.</summary>
    /// <exception cref="GraphException">Window does not divide rows and columns.</exception>
    internal long Count(Shape map) =>
        Window >= 1 && Shift >= 0 && Shift < Window && map[2] % Window == 0 && map[3] % Window == 0
            ? map.Extents[2] / Window * (map.Extents[3] / Window)
            : throw new GraphException($"Windows of {Window}x{Window} pixels, shifted by {Shift}, do not tile a map of {map[2]}x{map[3]}.");

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// The opposite of <see cref="WindowPartition"/>: windows (N windows, C, Window, Window) and, for its rows and columns only, a map (N, any,
/// H, W) to (N, C, H, W), rolled down and right by Shift pixels.
/// </summary>
/// <param name="Window">The window's side in pixels.</param>
/// <param name="Shift">Pixels, 0 to below Window.</param>
public sealed record WindowMerge(int Window, int Shift = 0) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 2);
        (Shape windows, Shape map) = (inputs[0], inputs[1]);
        if (
            map.Rank != 4
            || windows.Rank != 4
            || windows != new Shape(map[0] * new WindowPartition(Window, Shift).Count(map), windows[1], Window, Window)
        )
            throw new GraphException($"WindowMerge with windows of {Window} cannot put {windows} together as {map}.");
        return map.With(1, windows[1]);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// Adds -100 to the scores of tokens that a shifted window brings together although they are not neighbors in the map: scores (N windows,
/// Heads, T, T) with T = Window^2 and, for its rows and columns only, the map (N, any, H, W). Shape is that of the scores (timm's
/// <c>attn_mask</c>).
/// </summary>
/// <param name="Window">The window's side in pixels.</param>
/// <param name="Shift">Pixels, 1 to below Window.</param>
public sealed record WindowMask(int Window, int Shift) : PrimitiveOp
{
    /// <summary>What is added.</summary>
    public const float Masked = -100;

    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 2);
        (Shape scores, Shape map) = (inputs[0], inputs[1]);
        long tokens = (long)Window * Window;
        if (
            map.Rank != 4
            || scores.Rank != 4
            || scores != new Shape(map[0] * new WindowPartition(Window, Shift).Count(map), scores[1], tokens, tokens)
        )
            throw new GraphException($"WindowMask with windows of {Window} takes scores of its windows, it got {scores} for a map {map}.");
        return scores;
    }

    /// <summary>Whether a window's tokens come from different sides of the rolled map's seam.</summary>
    /// <param name="map">The map's shape.</param>
    /// <param name="window">The window's number in its image.</param>
    /// <param name="query">A token of the window.</param>
    /// <param name="key">Another one.</param>
    public bool Separates(Shape map, int window, int query, int key)
    {
        int across = map[3] / Window,
            y = window / across * Window,
            x = window % across * Window;
        return Region(y + (query / Window), map[2]) != Region(y + (key / Window), map[2])
            || Region(x + (query % Window), map[3]) != Region(x + (key % Window), map[3]);
    }

    private int Region(int position, int side) =>
        position < side - Window ? 0
        : position < side - Shift ? 1
        : 2;

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>Pixels become channels: (N, C, H, W) to (N, H W, C, 1), so that a <see cref="Linear"/> mixes tokens.</summary>
public sealed record TokensToChannels : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs);
        return new Shape(x[0], x.Extents[2] * x.Extents[3], x[1], 1);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// The opposite of <see cref="TokensToChannels"/>: (N, H W, C, 1) and, for its rows and columns only, a map (N, any, H, W) to (N, C, H, W).
/// </summary>
public sealed record ChannelsToTokens : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 2);
        (Shape x, Shape map) = (inputs[0], inputs[1]);
        if (map.Rank != 4 || x.Rank != 4 || x != new Shape(map[0], map.Extents[2] * map.Extents[3], x[2], 1))
            throw new GraphException($"ChannelsToTokens cannot put {x} on the pixels of {map}.");
        return map.With(1, x[2]);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}
