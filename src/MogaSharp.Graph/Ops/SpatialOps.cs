namespace MogaSharp.Graph;

/// <summary>x times a constant. Shape is kept.</summary>
/// <param name="Factor">The constant.</param>
public sealed record ScalarMultiply(double Factor) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 1);
        return inputs[0];
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>The mean over a square window that moves by one pixel and keeps the size; pixels outside of the map do not count (PoolFormer's
/// <c>count_include_pad=False</c>).</summary>
/// <param name="Kernel">The window's side, odd.</param>
public sealed record AveragePool2d(int Kernel) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        if (Kernel < 1 || Kernel % 2 == 0)
            throw new GraphException($"AveragePool2d takes an odd side, it got {Kernel}.");
        return RequireMap(inputs);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// PyTorch's <c>nn.PixelShuffle</c>: (N, C Factor^2, H, W) to (N, C, H Factor, W Factor); input channel c Factor^2 + dy Factor + dx becomes
/// the pixel (dy, dx) of each block of channel c.
/// </summary>
/// <param name="Factor">The enlargement, 1 or more.</param>
public sealed record PixelShuffle(int Factor) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs);
        if (Factor < 1 || x[1] % (Factor * Factor) != 0)
            throw new GraphException($"PixelShuffle by {Factor} does not fit {x}.");
        return new Shape(x[0], x[1] / (Factor * Factor), x.Extents[2] * Factor, x.Extents[3] * Factor);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// Neighbouring pixels side by side (Swin's patch merging): (N, C, H, W) with even H and W to (N, 4 C, H / 2, W / 2); output channels are
/// those of the pixels (0, 0), (1, 0), (0, 1), (1, 1) of each 2x2 block, row before column.
/// </summary>
public sealed record PatchMerge : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs);
        if (x[2] % 2 != 0 || x[3] % 2 != 0)
            throw new GraphException($"PatchMerge takes even sides, it got {x}.");
        return new Shape(x[0], 4 * x[1], x[2] / 2, x[3] / 2);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>PyTorch's <c>nn.ChannelShuffle</c>: channel g C / Groups + i becomes channel i Groups + g. Shape is kept.</summary>
/// <param name="Groups">Groups; divides the channels.</param>
public sealed record ChannelShuffle(int Groups) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs);
        if (Groups < 1 || x[1] % Groups != 0)
            throw new GraphException($"{Groups} groups do not divide {x[1]} channels.");
        return x;
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>Which side of a map an op runs along.</summary>
public enum MapAxis
{
    /// <summary>Down the columns: along H.</summary>
    Height,

    /// <summary>Along the rows: along W.</summary>
    Width,
}

/// <summary>
/// A depthwise convolution along one axis over the whole side, which wraps around (ParC-Net, section 3.1): y[i] = bias + sum over j of
/// kernel[j] x[(i + j) mod side]. The kernel is stored for Size pixels and resized linearly, corners aligned, to the map's side. Shape is
/// kept.
/// </summary>
/// <param name="Channels">Channels.</param>
/// <param name="Axis">Along which side.</param>
/// <param name="Size">Taps of the stored kernel.</param>
/// <param name="Weight">Key of the kernel: (Channels, 1, Size, 1) along the height, (Channels, 1, 1, Size) along the width.</param>
/// <param name="Bias">Key of the bias (Channels), or null.</param>
public sealed record CircularConv(int Channels, MapAxis Axis, int Size, string Weight, string? Bias) : PrimitiveOp
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters => Bias is null ? [Weight] : [Weight, Bias];

    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs) => RequireMap(inputs, Channels);

    /// <inheritdoc/>
    public override Cost Cost(ReadOnlySpan<Shape> inputs, Shape output) =>
        new(Convolution: output.ElementCount * output[Axis == MapAxis.Height ? 2 : 3]);

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// Adds a learnt number per channel and place along one axis (ParC-Net's position embedding), resized linearly, corners aligned, to the
/// map's side. Shape is kept.
/// </summary>
/// <param name="Channels">Channels.</param>
/// <param name="Axis">Along which side the numbers differ.</param>
/// <param name="Size">Places that are stored.</param>
/// <param name="Embedding">Key of the numbers: (1, Channels, Size, 1) along the height, (1, Channels, 1, Size) along the width.</param>
public sealed record PositionEmbedding(int Channels, MapAxis Axis, int Size, string Embedding) : PrimitiveOp
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters => [Embedding];

    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs) => RequireMap(inputs, Channels);

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// The pixels of small maps side by side, as PyTorch's <c>flatten(1)</c>: (N, C, Height, Width) to (N, C Height Width), pixel by pixel of
/// one channel, then the next channel. Rows and columns are fixed, so that the channels of the result are.
/// </summary>
/// <param name="Height">Rows of the map, 1 or more.</param>
/// <param name="Width">Columns of the map, 1 or more.</param>
public sealed record Flatten(int Height, int Width) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs);
        if (x[2] != Height || x[3] != Width)
            throw new GraphException($"Flatten takes maps of {Height}x{Width} pixels, it got {x}.");
        return new Shape(x[0], x.Extents[1] * Height * Width);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}
