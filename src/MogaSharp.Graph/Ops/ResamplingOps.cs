namespace MogaSharp.Graph;

/// <summary>How a map's values between its pixels are found.</summary>
public enum Interpolation
{
    /// <summary>The value of one pixel.</summary>
    Nearest,

    /// <summary>A weighted mean of the four pixels around.</summary>
    Bilinear,
}

/// <summary>
/// Another number of rows and columns, as PyTorch's <c>interpolate</c>: (N, C, H, W) to (N, C, Factor H', Factor W'). H' and W' are those
/// of the second input, of which nothing else is read, or with one input those of the map itself.
/// </summary>
/// <param name="Method">How values between pixels are found.</param>
/// <param name="Factor">What the rows and columns are multiplied by, 1 or more.</param>
/// <param name="AlignCorners">Bilinear: whether the centers of the corner pixels stay where they are; otherwise the corners of the map
/// do.</param>
public sealed record Resize(Interpolation Method, int Factor = 1, bool AlignCorners = false) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        if (inputs.Length is not (1 or 2) || inputs[0].Rank != 4 || inputs[^1].Rank != 4 || Factor < 1)
            throw new GraphException(
                $"Resize takes a feature map, another one whose size it gets, or none, and a factor of at least 1; it got "
                    + $"{string.Join(", ", inputs.ToArray())} and {Factor}."
            );
        Shape size = inputs[^1];
        return new Shape(inputs[0][0], inputs[0][1], size[2] * Factor, size[3] * Factor);
    }

    /// <summary>Which pixels of a side a pixel is made of, and how much of the second is in it.</summary>
    /// <param name="index">The pixel, 0 to <paramref name="to"/> - 1.</param>
    /// <param name="from">Pixels of the map's side.</param>
    /// <param name="to">Pixels of the result's side.</param>
    /// <returns>Two pixels, the first not after the second, and the share of the second, 0 to below 1.</returns>
    public (int Low, int High, double Share) Source(int index, int from, int to)
    {
        // PyTorch computes this place in single precision, and where it is a whole number that decides between two pixels.
        if (Method == Interpolation.Nearest)
            return Whole(Math.Min((int)(index * ((float)from / to)), from - 1));
        double place = AlignCorners
            ? to > 1
                ? (double)index * (from - 1) / (to - 1)
                : 0
            : Math.Max(0, ((index + 0.5) * from / to) - 0.5);
        int low = Math.Min((int)place, from - 1);
        return low == from - 1 ? Whole(low) : (low, low + 1, place - low);

        static (int Low, int High, double Share) Whole(int pixel) => (pixel, pixel, 0);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>The largest value of a square window, as PyTorch's <c>nn.MaxPool2d</c>: (N, C, H, W) to (N, C, H', W'). Pixels outside of the
/// map do not count.</summary>
/// <param name="Kernel">The window's side, 1 or more.</param>
/// <param name="Stride">Pixels that it moves by.</param>
/// <param name="Padding">Pixels that it may reach beyond each edge, at most half of it.</param>
public sealed record MaxPool2d(int Kernel, int Stride, int Padding = 0) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs);
        if (Kernel < 1 || Stride < 1 || Padding < 0 || Padding > Kernel / 2)
            throw new GraphException($"MaxPool2d takes no window of {Kernel} with stride {Stride} and padding {Padding}.");
        return x.With(2, Side(x[2])).With(3, Side(x[3]));

        int Side(int side) =>
            side + (2 * Padding) >= Kernel
                ? ((side + (2 * Padding) - Kernel) / Stride) + 1
                : throw new GraphException($"A side of {side} pixels is too small for windows of {Kernel} with padding {Padding}.");
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// Means over the fields of a grid of Size x Size, as PyTorch's <c>nn.AdaptiveAvgPool2d</c>: (N, C, H, W) to (N, C, Size, Size). Fields
/// overlap by a pixel where Size does not divide a side.
/// </summary>
/// <param name="Size">Rows and columns of the grid, 1 or more.</param>
public sealed record AdaptiveAveragePool2d(int Size) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs);
        return Size >= 1 ? x.With(2, Size).With(3, Size) : throw new GraphException($"A grid has at least one field a side, not {Size}.");
    }

    /// <summary>The pixels of a side that a field takes.</summary>
    /// <param name="index">The field, 0 to Size - 1.</param>
    /// <param name="from">Pixels of the map's side.</param>
    /// <returns>The first, and the one after the last.</returns>
    public (int Start, int End) Field(int index, int from) =>
        ((int)((long)index * from / Size), (int)((((index + 1L) * from) + Size - 1) / Size));

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// A transposed 2-D convolution with a square kernel, as PyTorch's <c>nn.ConvTranspose2d</c>: (N, InChannels, H, W) to
/// (N, OutChannels, (H - 1) Stride - 2 Padding + Kernel, the same of W).
/// </summary>
/// <param name="InChannels">Input channels.</param>
/// <param name="OutChannels">Output channels.</param>
/// <param name="Kernel">Kernel side in taps.</param>
/// <param name="Weight">Key of the weight (InChannels, OutChannels, Kernel, Kernel).</param>
/// <param name="Bias">Key of the bias (OutChannels), or null.</param>
/// <param name="Stride">Pixels of the result to one of the map.</param>
/// <param name="Padding">Pixels cut from each side of the result.</param>
public sealed record ConvTranspose2d(
    int InChannels,
    int OutChannels,
    int Kernel,
    string Weight,
    string? Bias,
    int Stride = 1,
    int Padding = 0
) : PrimitiveOp
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters => Bias is null ? [Weight] : [Weight, Bias];

    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs, InChannels);
        return new Shape(x[0], OutChannels, Side(x[2]), Side(x[3]));

        int Side(int side) =>
            ((side - 1) * Stride) - (2 * Padding) + Kernel is > 0 and int result
                ? result
                : throw new GraphException(
                    $"A side of {side} pixels is too small for a transposed {Kernel}x{Kernel} convolution with padding {Padding}."
                );
    }

    /// <summary>Every input pixel times every tap, as the layers' usual counters have it.</summary>
    /// <inheritdoc/>
    public override Cost Cost(ReadOnlySpan<Shape> inputs, Shape output) =>
        new(Convolution: inputs[0].ElementCount * OutChannels * Kernel * Kernel);

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}
