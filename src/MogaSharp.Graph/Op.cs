namespace MogaSharp.Graph;

/// <summary>
/// One operation. An op knows its attributes, the names of its parameters, its output shape and its cost. What it computes is either for
/// the interpreters to say (<see cref="PrimitiveOp"/>) or follows from other ops (<see cref="CompositeOp"/>).
/// </summary>
public abstract record Op
{
    private protected Op() { }

    /// <summary>The op's name in tables and plans, such as <c>Conv2d</c>.</summary>
    public virtual string Kind => GetType().Name;

    /// <summary>The state-dict keys that the op reads, in a fixed order; empty for most ops.</summary>
    public virtual IReadOnlyList<string> Parameters => [];

    /// <summary>The shape of the output for given input shapes.</summary>
    /// <exception cref="GraphException">The inputs do not fit the op; the message says why.</exception>
    public abstract Shape InferShape(ReadOnlySpan<Shape> inputs);

    /// <summary>What the op costs for given shapes.</summary>
    public virtual Cost Cost(ReadOnlySpan<Shape> inputs, Shape output) => default;

    /// <summary>Throws unless the op got the number of inputs that it takes.</summary>
    private protected void RequireInputs(ReadOnlySpan<Shape> inputs, int count)
    {
        if (inputs.Length != count)
            throw new GraphException($"{Kind} takes {count} input(s), it got {inputs.Length}.");
    }

    /// <summary>The only input's shape, which has to be a feature map (N, C, H, W).</summary>
    private protected Shape RequireMap(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 1);
        if (inputs[0].Rank != 4)
            throw new GraphException($"{Kind} takes a feature map (N, C, H, W), it got {inputs[0]}.");
        return inputs[0];
    }

    /// <summary>The only input's shape, a feature map with a given number of channels.</summary>
    private protected Shape RequireMap(ReadOnlySpan<Shape> inputs, int channels)
    {
        Shape map = RequireMap(inputs);
        if (map[1] != channels)
            throw new GraphException($"{Kind} takes {channels} channels, it got {map[1]} ({map}).");
        return map;
    }
}

/// <summary>
/// An op of the closed set that every interpreter computes itself: each is an <see cref="IOpVisitor{TArgument,TResult}"/>, so that a new
/// one does not compile until all of them handle it.
/// </summary>
public abstract record PrimitiveOp : Op
{
    private protected PrimitiveOp() { }

    /// <summary>Calls the visitor's method for this op.</summary>
    public abstract TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument);
}

/// <summary>One method per op of the closed set.</summary>
/// <typeparam name="TArgument">What the caller hands through.</typeparam>
/// <typeparam name="TResult">What each method returns.</typeparam>
public interface IOpVisitor<in TArgument, out TResult>
{
    /// <summary>A graph input.</summary>
    TResult Visit(Input op, TArgument argument);

    /// <summary>A 2-D convolution.</summary>
    TResult Visit(Conv2d op, TArgument argument);

    /// <summary>A fully connected layer.</summary>
    TResult Visit(Linear op, TArgument argument);

    /// <summary>Batch normalization.</summary>
    TResult Visit(BatchNorm2d op, TArgument argument);

    /// <summary>Group normalization.</summary>
    TResult Visit(GroupNorm op, TArgument argument);

    /// <summary>A point-wise activation.</summary>
    TResult Visit(Activation op, TArgument argument);

    /// <summary>The mean over rows and columns.</summary>
    TResult Visit(GlobalAveragePool op, TArgument argument);

    /// <summary>A sum, difference or product with broadcasting.</summary>
    TResult Visit(Binary op, TArgument argument);

    /// <summary>A per-channel affine map.</summary>
    TResult Visit(ChannelAffine op, TArgument argument);

    /// <summary>A range of channels.</summary>
    TResult Visit(ChannelSlice op, TArgument argument);

    /// <summary>Feature maps side by side.</summary>
    TResult Visit(ChannelConcat op, TArgument argument);

    /// <summary>Layer normalization over the channels.</summary>
    TResult Visit(LayerNorm op, TArgument argument);

    /// <summary>Softmax over the last dimension.</summary>
    TResult Visit(Softmax op, TArgument argument);

    /// <summary>Queries times keys.</summary>
    TResult Visit(QueryKeyProduct op, TArgument argument);

    /// <summary>Probabilities times values.</summary>
    TResult Visit(AttentionOutput op, TArgument argument);

    /// <summary>A learnt bias per relative position.</summary>
    TResult Visit(RelativePositionBias op, TArgument argument);

    /// <summary>Windows of a map.</summary>
    TResult Visit(WindowPartition op, TArgument argument);

    /// <summary>A map of its windows.</summary>
    TResult Visit(WindowMerge op, TArgument argument);

    /// <summary>The mask of shifted windows.</summary>
    TResult Visit(WindowMask op, TArgument argument);

    /// <summary>Pixels as channels.</summary>
    TResult Visit(TokensToChannels op, TArgument argument);

    /// <summary>Channels as pixels.</summary>
    TResult Visit(ChannelsToTokens op, TArgument argument);

    /// <summary>A product with a constant.</summary>
    TResult Visit(ScalarMultiply op, TArgument argument);

    /// <summary>A moving mean.</summary>
    TResult Visit(AveragePool2d op, TArgument argument);

    /// <summary>Channels as the pixels of blocks.</summary>
    TResult Visit(PixelShuffle op, TArgument argument);

    /// <summary>The pixels of 2x2 blocks as channels.</summary>
    TResult Visit(PatchMerge op, TArgument argument);

    /// <summary>Channels of groups, interleaved.</summary>
    TResult Visit(ChannelShuffle op, TArgument argument);

    /// <summary>A depthwise convolution that wraps around.</summary>
    TResult Visit(CircularConv op, TArgument argument);

    /// <summary>A learnt addend per place.</summary>
    TResult Visit(PositionEmbedding op, TArgument argument);

    /// <summary>The Fourier transform of a real map.</summary>
    TResult Visit(RealFft2d op, TArgument argument);

    /// <summary>The real map of a spectrum.</summary>
    TResult Visit(InverseRealFft2d op, TArgument argument);

    /// <summary>A product with a complex filter.</summary>
    TResult Visit(SpectralFilter op, TArgument argument);

    /// <summary>Clips as images.</summary>
    TResult Visit(ClipToFrames op, TArgument argument);

    /// <summary>Images as clips.</summary>
    TResult Visit(FramesToClip op, TArgument argument);

    /// <summary>Frames side by side as channels.</summary>
    TResult Visit(FramesToChannels op, TArgument argument);

    /// <summary>Channels as frames.</summary>
    TResult Visit(ChannelsToFrames op, TArgument argument);

    /// <summary>Another number of rows and columns.</summary>
    TResult Visit(Resize op, TArgument argument);

    /// <summary>The largest value of a window.</summary>
    TResult Visit(MaxPool2d op, TArgument argument);

    /// <summary>Means over the fields of a grid.</summary>
    TResult Visit(AdaptiveAveragePool2d op, TArgument argument);

    /// <summary>A transposed convolution.</summary>
    TResult Visit(ConvTranspose2d op, TArgument argument);

    /// <summary>Regions of a feature pyramid.</summary>
    TResult Visit(RoiAlign op, TArgument argument);
}

/// <summary>A graph that cannot be built or an input that does not fit it.</summary>
public sealed class GraphException : MogaException
{
    /// <inheritdoc cref="Exception(string)"/>
    /// <param name="message">What is wrong, as a sentence.</param>
    public GraphException(string message)
        : base(message) { }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidRequest;
}
