namespace MogaSharp.Graph;

/// <summary>A graph input.</summary>
/// <param name="Name">The input's name; image classifiers call it <c>input</c>.</param>
/// <param name="Declared">The shape that the graph was built with. Batch, rows and columns may differ at run time, channels may
/// not.</param>
public sealed record Input(string Name, Shape Declared) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs) => Declared;

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// A 2-D convolution with a square kernel and zero padding, as PyTorch's <c>nn.Conv2d</c>: (N, InChannels, H, W) to
/// (N, OutChannels, H', W').
/// </summary>
/// <param name="InChannels">Input channels.</param>
/// <param name="OutChannels">Output channels.</param>
/// <param name="Kernel">Kernel side in taps.</param>
/// <param name="Weight">Key of the weight (OutChannels, InChannels / Groups, Kernel, Kernel).</param>
/// <param name="Bias">Key of the bias (OutChannels), or null.</param>
/// <param name="Stride">Step in pixels, both directions.</param>
/// <param name="Padding">Zeros added on each side.</param>
/// <param name="Dilation">Distance between taps in pixels.</param>
/// <param name="Groups">Channel groups; equal to both channel counts for a depthwise convolution.</param>
public sealed record Conv2d(
    int InChannels,
    int OutChannels,
    int Kernel,
    string Weight,
    string? Bias,
    int Stride = 1,
    int Padding = 0,
    int Dilation = 1,
    int Groups = 1
) : PrimitiveOp
{
    /// <summary>True when each channel is filtered on its own.</summary>
    public bool IsDepthwise => Groups == InChannels && Groups == OutChannels && Groups > 1;

    /// <summary>True for a plain matrix product over channels: kernel 1, stride 1, no padding, one group.</summary>
    public bool IsPointwise => Kernel == 1 && Stride == 1 && Padding == 0 && Groups == 1;

    /// <summary>The extent of the dilated kernel in pixels.</summary>
    public int Span => (Dilation * (Kernel - 1)) + 1;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters => Bias is null ? [Weight] : [Weight, Bias];

    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs, InChannels);
        return new Shape(x[0], OutChannels, Side(x[2]), Side(x[3]));

        int Side(int side) =>
            side + (2 * Padding) >= Span
                ? ((side + (2 * Padding) - Span) / Stride) + 1
                : throw new GraphException(
                    $"A side of {side} pixels is too small for a {Kernel}x{Kernel} convolution with padding {Padding} and dilation "
                        + $"{Dilation}."
                );
    }

    /// <inheritdoc/>
    public override Cost Cost(ReadOnlySpan<Shape> inputs, Shape output) =>
        new(Convolution: output.ElementCount * (InChannels / Groups) * Kernel * Kernel);

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>A fully connected layer over the channels: (N, InFeatures) to (N, OutFeatures), or each pixel of (N, InFeatures, H, W) on its
/// own.</summary>
/// <param name="InFeatures">Input features.</param>
/// <param name="OutFeatures">Output features.</param>
/// <param name="Weight">Key of the weight (OutFeatures, InFeatures).</param>
/// <param name="Bias">Key of the bias (OutFeatures), or null.</param>
public sealed record Linear(int InFeatures, int OutFeatures, string Weight, string? Bias) : PrimitiveOp
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters => Bias is null ? [Weight] : [Weight, Bias];

    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 1);
        Shape x = inputs[0];
        if (x.Rank is not (2 or 4) || x[1] != InFeatures)
            throw new GraphException($"Linear takes (N, {InFeatures}) or (N, {InFeatures}, H, W), it got {x}.");
        return x.With(1, OutFeatures);
    }

    /// <inheritdoc/>
    public override Cost Cost(ReadOnlySpan<Shape> inputs, Shape output) => new(Linear: output.ElementCount * InFeatures);

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// Batch normalisation of a feature map. Eval mode: (x - running mean) / sqrt(running variance + eps) * weight + bias,
/// per channel. Shape is kept.
/// </summary>
/// <param name="Channels">Channels.</param>
/// <param name="Prefix">The module's name; the keys are this with <c>.weight</c>, <c>.bias</c>, <c>.running_mean</c>, <c>.running_var</c>,
/// <c>.num_batches_tracked</c>.</param>
/// <param name="Epsilon">Added to the variance.</param>
/// <param name="Momentum">The share of the new batch in the running statistics (training).</param>
public sealed record BatchNorm2d(int Channels, string Prefix, double Epsilon = 1e-5, double Momentum = 0.1) : PrimitiveOp
{
    /// <summary>Key of the scale (Channels).</summary>
    public string Weight => Prefix + ".weight";

    /// <summary>Key of the shift (Channels).</summary>
    public string Bias => Prefix + ".bias";

    /// <summary>Key of the running mean (Channels).</summary>
    public string RunningMean => Prefix + ".running_mean";

    /// <summary>Key of the running variance (Channels).</summary>
    public string RunningVariance => Prefix + ".running_var";

    /// <summary>Key of the batch counter (scalar integer; not needed for inference).</summary>
    public string BatchesTracked => Prefix + ".num_batches_tracked";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters => [Weight, Bias, RunningMean, RunningVariance, BatchesTracked];

    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs) => RequireMap(inputs, Channels);

    /// <inheritdoc/>
    public override Cost Cost(ReadOnlySpan<Shape> inputs, Shape output) => new(Normalization: 2 * output.ElementCount);

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>Group normalisation of a feature map: statistics per image over each group of channels. Shape is kept.</summary>
/// <param name="Channels">Channels.</param>
/// <param name="Groups">Groups; divides <paramref name="Channels"/>.</param>
/// <param name="Weight">Key of the scale (Channels).</param>
/// <param name="Bias">Key of the shift (Channels).</param>
/// <param name="Epsilon">Added to the (biased) variance.</param>
public sealed record GroupNorm(int Channels, int Groups, string Weight, string Bias, double Epsilon = 1e-5) : PrimitiveOp
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters => [Weight, Bias];

    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs) => RequireMap(inputs, Channels);

    /// <inheritdoc/>
    public override Cost Cost(ReadOnlySpan<Shape> inputs, Shape output) => new(Normalization: 5 * output.ElementCount);

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>The point-wise non-linear functions.</summary>
public enum ActivationKind
{
    /// <summary>x (1 + erf(x / sqrt 2)) / 2, the exact form.</summary>
    Gelu,

    /// <summary>x / (1 + exp(-x)).</summary>
    Silu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>1 / (1 + exp(-x)).</summary>
    Sigmoid,

    /// <summary>x for x above 0, else 0.2 x (SimVP's slope).</summary>
    LeakyRelu,

    /// <summary>x min(max(x + 3, 0), 6) / 6.</summary>
    HardSwish,

    /// <summary>min(max(x + 3, 0), 6) / 6.</summary>
    HardSigmoid,
}

/// <summary>A point-wise activation. Shape is kept.</summary>
/// <param name="Function">Which one.</param>
public sealed record Activation(ActivationKind Function) : PrimitiveOp
{
    /// <inheritdoc/>
    public override string Kind => Function.ToString();

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

/// <summary>The mean over rows and columns: (N, C, H, W) to (N, C, 1, 1), or to (N, C).</summary>
/// <param name="KeepDimensions">
/// True for (N, C, 1, 1), the official <c>adaptive_avg_pool2d</c>; false for (N, C), the official <c>mean</c> before the
/// head, which cost tables do not count.
/// </param>
public sealed record GlobalAveragePool(bool KeepDimensions) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs);
        return KeepDimensions ? new Shape(x[0], x[1], 1, 1) : new Shape(x[0], x[1]);
    }

    /// <inheritdoc/>
    public override Cost Cost(ReadOnlySpan<Shape> inputs, Shape output) => KeepDimensions ? new(Pooling: inputs[0].ElementCount) : default;

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>The element-wise functions of two arguments.</summary>
public enum BinaryKind
{
    /// <summary>a + b.</summary>
    Add,

    /// <summary>a - b.</summary>
    Subtract,

    /// <summary>a * b.</summary>
    Multiply,
}

/// <summary>A sum, difference or product of two tensors of equal rank; extents of 1 are broadcast.</summary>
/// <param name="Function">Which one.</param>
public sealed record Binary(BinaryKind Function) : PrimitiveOp
{
    /// <inheritdoc/>
    public override string Kind => Function.ToString();

    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 2);
        (Shape a, Shape b) = (inputs[0], inputs[1]);
        if (a.Rank != b.Rank)
            throw new GraphException($"{Kind} takes tensors of equal rank, it got {a} and {b}.");
        Shape output = a;
        for (int i = 0; i < a.Rank; i++)
        {
            if (a[i] != b[i] && a[i] != 1 && b[i] != 1)
                throw new GraphException($"{Kind} cannot broadcast {a} and {b}.");
            output = output.With(i, a[i] == 1 ? b[i] : a[i]);
        }

        return output;
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>
/// x * scale + shift per channel, with either part absent: the official <c>ElementScale</c> and <c>layer_scale</c>, and
/// what inference makes of batch normalisation. Shape is kept.
/// </summary>
/// <param name="Channels">Channels.</param>
/// <param name="Scale">Key of the factor (any shape with <paramref name="Channels"/> elements), or null.</param>
/// <param name="Shift">Key of the addend (any shape with <paramref name="Channels"/> elements), or null.</param>
public sealed record ChannelAffine(int Channels, string? Scale, string? Shift = null) : PrimitiveOp
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Parameters => [.. new[] { Scale, Shift }.OfType<string>()];

    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs) => RequireMap(inputs, Channels);

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>A range of channels: (N, C, H, W) to (N, Length, H, W).</summary>
/// <param name="Start">The first channel.</param>
/// <param name="Length">How many, at least 1.</param>
public sealed record ChannelSlice(int Start, int Length) : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        Shape x = RequireMap(inputs);
        if (Start < 0 || Length < 1 || Start + Length > x[1])
            throw new GraphException($"Channels {Start}..{Start + Length - 1} do not lie in {x}.");
        return x.With(1, Length);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}

/// <summary>Feature maps of equal batch and size side by side: channels add up.</summary>
public sealed record ChannelConcat : PrimitiveOp
{
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        if (inputs.IsEmpty)
            throw new GraphException("ChannelConcat takes at least one input.");
        long channels = 0;
        foreach (Shape x in inputs)
        {
            if (x.Rank != 4 || x.With(1, 0) != inputs[0].With(1, 0))
                throw new GraphException($"ChannelConcat cannot join {inputs[0]} and {x}.");
            channels += x[1];
        }

        return inputs[0].With(1, channels);
    }

    /// <inheritdoc/>
    public override TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        visitor.Visit(this, argument);
}
