namespace MogaSharp.Graph;

/// <summary>How the weights of fresh convolutions are drawn.</summary>
public enum ConvInitialization
{
    /// <summary>Weights normal with the fan-out deviation sqrt(2 / (k k out / groups)), biases 0.</summary>
    FanOut,

    /// <summary>Weights normal with the deviation sqrt(2 / (k k out)) whatever the groups, as PyTorch's <c>kaiming_normal_</c> counts the
    /// fan-out, biases 0.</summary>
    FanOutOfAll,

    /// <summary>Weights truncated normal with deviation 0.02, biases 0.</summary>
    Truncated,

    /// <summary>Weights and biases uniform up to 1 / sqrt(fan-in), as PyTorch's <c>nn.Conv2d</c> makes them.</summary>
    Uniform,
}

/// <summary>
/// A place in the module tree, written as the official state dict writes it: <c>root["blocks1"][0]["attn"]</c> is
/// <c>blocks1.0.attn</c>. Its methods declare the parameters under that name and add the node.
/// </summary>
/// <param name="Builder">The graph under construction.</param>
/// <param name="Name">The path; empty at the top.</param>
public readonly record struct Scope(GraphBuilder Builder, string Name)
{
    /// <summary>How the weights of convolutions here and below are drawn.</summary>
    public ConvInitialization Initialization { get; init; }

    /// <summary>The scope of a submodule.</summary>
    public Scope this[string child] => this with { Name = Join(child) };

    /// <summary>The scope of an entry of a module list.</summary>
    public Scope this[int child] => this[child.ToString(System.Globalization.CultureInfo.InvariantCulture)];

    /// <summary>Gives submodules their places in <see cref="ParameterOrder.Modules"/> where the constructor's order is not that of the
    /// computation.</summary>
    /// <param name="children">Names under this scope, in the constructor's order.</param>
    /// <returns>This scope.</returns>
    public Scope WithOrder(params ReadOnlySpan<string> children)
    {
        foreach (string child in children)
            Builder.Name(Join(child));
        return this;
    }

    /// <summary>A convolution that may be applied more than once; its weights begin as <see cref="Initialization"/> says.</summary>
    /// <param name="name">The module's name under this scope.</param>
    /// <param name="inChannels">Input channels.</param>
    /// <param name="channels">Output channels.</param>
    /// <param name="kernel">Kernel side in taps.</param>
    /// <param name="stride">Step in pixels.</param>
    /// <param name="padding">Zeros on each side.</param>
    /// <param name="dilation">Distance between taps.</param>
    /// <param name="groups">Channel groups.</param>
    /// <param name="hasBias">Whether a number per channel is added.</param>
    /// <exception cref="GraphException">Groups do not divide the channels.</exception>
    public GraphModule Conv(
        string name,
        int inChannels,
        int channels,
        int kernel,
        int stride = 1,
        int padding = 0,
        int dilation = 1,
        int groups = 1,
        bool hasBias = true
    )
    {
        if (groups < 1 || inChannels % groups != 0 || channels % groups != 0)
            throw new GraphException($"{Join(name)}: {groups} groups do not divide {inChannels} and {channels} channels.");
        Scope at = this[name];
        // The official code divides in integers.
        long fanOut = (long)kernel * kernel * channels / groups,
            fanIn = (long)kernel * kernel * (inChannels / groups);
        Initializer start = Initialization switch
        {
            ConvInitialization.FanOut => new Initializer.Normal(Math.Sqrt(2.0 / fanOut)),
            ConvInitialization.FanOutOfAll => new Initializer.Normal(Math.Sqrt(2.0 / ((long)kernel * kernel * channels))),
            ConvInitialization.Truncated => new Initializer.TruncatedNormal(0.02),
            _ => new Initializer.Uniform(1 / Math.Sqrt(fanIn)),
        };
        string weight = at.Declare("weight", new Shape(channels, inChannels / groups, kernel, kernel), start);
        string? bias = hasBias
            ? at.Declare("bias", new Shape(channels), Initialization == ConvInitialization.Uniform ? start : Initializer.Zeros)
            : null;
        return new(at, new Conv2d(inChannels, channels, kernel, weight, bias, stride, padding, dilation, groups));
    }

    /// <summary>A convolution of a feature map (N, C, H, W).</summary>
    /// <exception cref="GraphException">Groups do not divide the channels, or the image is too small.</exception>
    /// <inheritdoc cref="Conv(string, int, int, int, int, int, int, int, bool)"/>
    public Value Conv(
        string name,
        Value x,
        int channels,
        int kernel,
        int stride = 1,
        int padding = 0,
        int dilation = 1,
        int groups = 1,
        bool hasBias = true
    ) => Conv(name, x.Channels, channels, kernel, stride, padding, dilation, groups, hasBias).Apply(x);

    /// <summary>A transposed convolution of a feature map; weights and biases start as <see cref="ConvInitialization.Uniform"/> ones do, or
    /// as <paramref name="initializer"/> says and zero.</summary>
    /// <param name="name">The module's name under this scope.</param>
    /// <param name="x">The input, (N, C, H, W).</param>
    /// <param name="channels">Output channels.</param>
    /// <param name="kernel">Kernel side in taps.</param>
    /// <param name="stride">Pixels of the result to one of the map.</param>
    /// <param name="padding">Pixels cut from each side of the result.</param>
    /// <param name="hasBias">Whether a number per channel is added.</param>
    /// <param name="initializer">How fresh weights are drawn; null for PyTorch's way.</param>
    public Value ConvTranspose(
        string name,
        Value x,
        int channels,
        int kernel,
        int stride = 1,
        int padding = 0,
        bool hasBias = true,
        Initializer? initializer = null
    )
    {
        Scope at = this[name];
        // PyTorch takes the second dimension for the fan-in.
        Initializer start = initializer ?? new Initializer.Uniform(1 / Math.Sqrt((double)channels * kernel * kernel));
        string weight = at.Declare("weight", new Shape(x.Channels, channels, kernel, kernel), start);
        string? bias = hasBias ? at.Declare("bias", new Shape(channels), initializer is null ? start : Initializer.Zeros) : null;
        return at.Add(new ConvTranspose2d(x.Channels, channels, kernel, weight, bias, stride, padding), x);
    }

    /// <summary>A convolution of every channel on its own that keeps the size: padding = dilation (kernel - 1) / 2.</summary>
    public Value DepthwiseConv(string name, Value x, int kernel, int dilation = 1, bool hasBias = true) =>
        Conv(name, x, x.Channels, kernel, padding: dilation * (kernel - 1) / 2, dilation: dilation, groups: x.Channels, hasBias: hasBias);

    /// <summary>
    /// A fully connected layer that may be applied more than once, over the channels of (N, C) or of each pixel of (N, C, H, W); weights
    /// start truncated normal with deviation 0.02.
    /// </summary>
    /// <param name="name">The module's name under this scope.</param>
    /// <param name="inFeatures">Input features.</param>
    /// <param name="features">Output features.</param>
    /// <param name="initialScale">Factor on the fresh weights (the official <c>head_init_scale</c>).</param>
    /// <param name="hasBias">Whether a number per feature is added.</param>
    public GraphModule Linear(string name, int inFeatures, int features, double initialScale = 1, bool hasBias = true)
    {
        Scope at = this[name];
        string weight = at.Declare("weight", new Shape(features, inFeatures), new Initializer.TruncatedNormal(0.02, initialScale));
        string? bias = hasBias ? at.Declare("bias", new Shape(features), Initializer.Zeros) : null;
        return new(at, new Linear(inFeatures, features, weight, bias));
    }

    /// <summary>A fully connected layer over the channels of (N, C) or of each pixel of (N, C, H, W).</summary>
    /// <inheritdoc cref="Linear(string, int, int, double, bool)"/>
    public Value Linear(string name, Value x, int features, double initialScale = 1, bool hasBias = true) =>
        Linear(name, x.Channels, features, initialScale, hasBias).Apply(x);

    /// <summary>Batch normalization that may be applied more than once; each time in train mode moves the running statistics.</summary>
    public GraphModule BatchNorm(string name, int channels, double epsilon = 1e-5)
    {
        Scope at = this[name];
        var shape = new Shape(channels);
        at.Declare("weight", shape, Initializer.Ones);
        at.Declare("bias", shape, Initializer.Zeros);
        at.Declare("running_mean", shape, Initializer.Zeros, ParameterKind.Buffer);
        at.Declare("running_var", shape, Initializer.Ones, ParameterKind.Buffer);
        at.Declare("num_batches_tracked", default, Initializer.Zeros, ParameterKind.Buffer, isOptional: true, DType.Int64);
        return new(at, new BatchNorm2d(channels, at.Name, epsilon));
    }

    /// <summary>Batch normalization with its running statistics.</summary>
    public Value BatchNorm(string name, Value x, double epsilon = 1e-5) => BatchNorm(name, x.Channels, epsilon).Apply(x);

    /// <summary>Group normalization that may be applied more than once.</summary>
    /// <exception cref="GraphException">Groups do not divide the channels.</exception>
    public GraphModule GroupNorm(string name, int channels, int groups, double epsilon = 1e-5)
    {
        if (groups < 1 || channels % groups != 0)
            throw new GraphException($"{Join(name)}: {groups} groups do not divide {channels} channels.");
        Scope at = this[name];
        string weight = at.Declare("weight", new Shape(channels), Initializer.Ones);
        string bias = at.Declare("bias", new Shape(channels), Initializer.Zeros);
        return new(at, new GroupNorm(channels, groups, weight, bias, epsilon));
    }

    /// <summary>Group normalization.</summary>
    /// <exception cref="GraphException">Groups do not divide the channels.</exception>
    public Value GroupNorm(string name, Value x, int groups, double epsilon = 1e-5) =>
        GroupNorm(name, x.Channels, groups, epsilon).Apply(x);

    /// <summary>Layer normalization that may be applied more than once.</summary>
    /// <inheritdoc cref="LayerNorm(string, Value, double, bool)"/>
    public GraphModule LayerNorm(string name, int channels, double epsilon = 1e-5, bool isCounted = true)
    {
        Scope at = this[name];
        string weight = at.Declare("weight", new Shape(channels), Initializer.Ones);
        string bias = at.Declare("bias", new Shape(channels), Initializer.Zeros);
        return new(at, new LayerNorm(channels, weight, bias, epsilon, isCounted));
    }

    /// <summary>Layer normalization over the channels of (N, C) or of each pixel of (N, C, H, W).</summary>
    /// <param name="name">The module's name under this scope.</param>
    /// <param name="x">The input, (N, C) or (N, C, H, W).</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="isCounted">See <see cref="Graph.LayerNorm.IsCounted"/>.</param>
    public Value LayerNorm(string name, Value x, double epsilon = 1e-5, bool isCounted = true) =>
        LayerNorm(name, x.Channels, epsilon, isCounted).Apply(x);

    /// <summary>x times a learnt factor per channel, stored as (1, C, 1, 1) under <paramref name="name"/>.</summary>
    public Value Scale(string name, Value x, float initialValue)
    {
        string scale = Declare(name, new Shape(1, x.Channels, 1, 1), new Initializer.Constant(initialValue));
        return Add(new ChannelAffine(x.Channels, scale), x);
    }

    /// <summary>x times a learnt factor per channel, stored as (C) under <paramref name="name"/>.</summary>
    public Value ScaleFlat(string name, Value x, float initialValue)
    {
        string scale = Declare(name, new Shape(x.Channels), new Initializer.Constant(initialValue));
        return Add(new ChannelAffine(x.Channels, scale), x);
    }

    /// <summary>A parameter or buffer of this module.</summary>
    /// <returns>Its full name.</returns>
    public string Declare(
        string name,
        Shape shape,
        Initializer initializer,
        ParameterKind kind = ParameterKind.Parameter,
        bool isOptional = false,
        DType type = DType.Float32
    ) => Builder.Declare(new ParameterSpec(Join(name), shape, kind, initializer, isOptional) { Type = type });

    /// <summary>A node of this module.</summary>
    public Value Add(Op op, params Value[] inputs) => Builder.Add(Name, op, inputs);

    /// <summary>A point-wise activation.</summary>
    public Value Activate(ActivationKind function, Value x) => Add(new Activation(function), x);

    /// <summary>The mean over rows and columns as (N, C, 1, 1).</summary>
    public Value GlobalAveragePool(Value x) => Add(new GlobalAveragePool(true), x);

    /// <summary>The mean over rows and columns as (N, C).</summary>
    public Value SpatialMean(Value x) => Add(new GlobalAveragePool(false), x);

    /// <summary>Channels <paramref name="start"/> up to <paramref name="start"/> + <paramref name="length"/>.</summary>
    public Value Slice(Value x, int start, int length) => Add(new ChannelSlice(start, length), x);

    /// <summary>A map in the size of another one.</summary>
    /// <param name="x">The map, (N, C, H, W).</param>
    /// <param name="like">What has the rows and columns.</param>
    /// <param name="method">How values between pixels are found.</param>
    /// <param name="alignCorners">See <see cref="Graph.Resize.AlignCorners"/>.</param>
    public Value Resize(Value x, Value like, Interpolation method = Interpolation.Bilinear, bool alignCorners = false) =>
        Add(new Resize(method, 1, alignCorners), x, like);

    /// <summary>Regions of a feature pyramid as maps of one size, (R, C, size, size).</summary>
    /// <param name="pyramid">The maps (N, C, H, W), the finest first, each with twice the stride of the one before.</param>
    /// <param name="regions">(R, 5): the number of the image, then x1, y1, x2, y2 in pixels of the network's input. R is not the number of
    /// images, and may differ at run time.</param>
    /// <param name="size">Rows and columns of the result.</param>
    /// <param name="stride">The first map's stride in pixels.</param>
    /// <param name="finestScale">See <see cref="Graph.RoiAlign.FinestScale"/>.</param>
    public Value RoiAlign(IEnumerable<Value> pyramid, Value regions, int size, int stride = 4, double finestScale = 56) =>
        Add(new RoiAlign(size, stride, finestScale), [.. pyramid, regions]);

    /// <summary>Feature maps side by side.</summary>
    public Value Concat(params Value[] parts) => Add(new ChannelConcat(), parts);

    /// <summary>Dropout; no node for rate 0.</summary>
    public Value Dropout(double rate, Value x) => rate > 0 ? Add(new Dropout(rate), x) : x;

    /// <summary>Dropout of whole maps; no node for rate 0.</summary>
    public Value ChannelDropout(double rate, Value x) => rate > 0 ? Add(new Dropout(rate, WholeMaps: true), x) : x;

    /// <summary>Stochastic depth; no node for rate 0.</summary>
    public Value DropPath(double rate, Value x) => rate > 0 ? Add(new DropPath(rate), x) : x;

    /// <summary>A residual connection of this module: x + stochastic depth of the branch.</summary>
    public Value Residual(Value x, double dropPath, Value branch) => Add(new Binary(BinaryKind.Add), x, DropPath(dropPath, branch));

    private string Join(string child) => Name.Length == 0 ? child : $"{Name}.{child}";
}
