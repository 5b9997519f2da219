using MogaSharp.Graph;

namespace MogaSharp.Testing;

/// <summary>
/// A graph of one op, or of one and its input, for a feature map of any size with a multiple of 8 channels. Its limits hold for whoever
/// runs it: libtorch and ONNX Runtime are compared with the reference by <see cref="Tolerance"/>; the CPU engine by what rounding explains
/// (<c>ErrorModel</c>), which is stricter.
/// </summary>
/// <param name="Name">What the op does here, for test names.</param>
/// <param name="Declare">Builds the graph for a map (N, C, H, W).</param>
public sealed record OpCase(string Name, Func<Scope, Shape, GraphOutput[]> Declare)
{
    /// <summary>The largest difference in float32, as a share of the largest element of the expected output.</summary>
    public double Tolerance { get; init; } = 1e-6;

    /// <summary>The same in float64.</summary>
    public double DoubleTolerance { get; init; } = 1e-13;

    /// <summary>The largest difference of a gradient from the slope, as a share of the largest element of the gradient.</summary>
    public double GradientTolerance { get; init; } = 1e-6;

    /// <summary>How far elements are moved in eval mode; a power of two, so that moved elements are float32 numbers.</summary>
    public float GradientStep { get; init; } = 1f / 4096;

    /// <summary>How far elements are moved in train mode, where everything is float64.</summary>
    public double TrainingStep { get; init; } = 1e-5;

    /// <summary>How many elements of each tensor are moved.</summary>
    public int GradientProbes { get; init; } = 24;

    /// <summary>True for graphs that are only meant for the size they were built for: (N, C), tables per pixel, spectra.</summary>
    public bool HasFixedSize { get; init; }

    /// <summary>The graph for inputs of a shape (N, C, H, W); fully connected layers take (N, C) of it.</summary>
    public ComputationGraph Build(Shape map)
    {
        var builder = new GraphBuilder();
        GraphOutput[] outputs = Declare(builder.Root, map);
        return builder.Build(outputs);
    }

    /// <summary>Inputs by the fixtures' formula.</summary>
    public static Tensor[] Inputs(ComputationGraph graph) =>
        [.. graph.Inputs.Select(value => FormulaWeights.Input(graph, value, ((Input)value.Op).Name))];
}

/// <summary>
/// The closed set in all its forms, for whoever runs graphs: forward against the reference, gradients, export, timing.
/// </summary>
public static class OpCases
{
    /// <summary>The map that values are compared on: odd, not square, and small enough for the plain loops.</summary>
    public static readonly Shape Small = new(2, 8, 6, 5);

    private static readonly OpCase[] Table =
    [
        // How to add an op, by example. A composition needs its record in src/MogaSharp.Graph/Ops and a case here: all engines, gradients
        // and the export are then tested (OpCaseTests of Cpu, OpTests of Torch and Onnx), and a test fails while an op has no case. Add a
        // case for each attribute that changes what is computed. Where one is needed, a limit is set for this case alone, with the reason:
        // One(...) with { Tolerance = 1e-5 }.
        One("nearest resize by 2", (s, x) => s.Add(new Resize(Interpolation.Nearest, 2), x)),
        One("convolution", (s, x) => s.Conv("conv", x, x.Channels / 2, 3, padding: 1)),
        One("convolution, strided", (s, x) => s.Conv("conv", x, x.Channels * 3 / 2, 3, stride: 2, padding: 1)),
        One("convolution, grouped and dilated", (s, x) => s.Conv("conv", x, x.Channels / 2, 3, padding: 2, dilation: 2, groups: 2)),
        One("convolution, depthwise", (s, x) => s.DepthwiseConv("conv", x, 5, dilation: 2)),
        One("convolution, depthwise 7x7", (s, x) => s.DepthwiseConv("conv", x, 7, dilation: 3)),
        One(
            "convolution, pointwise without bias",
            (s, x) => s.Builder.Add("conv", new Conv2d(x.Channels, 3, 1, s.Weight("weight", new Shape(3, x.Channels, 1, 1)), null), x)
        ),
        Flat("linear", (s, x) => s.Linear("head", x, 5)),
        Flat(
            "linear, no bias",
            (s, x) => s.Builder.Add("head", new Linear(x.Channels, 5, s.Weight("weight", new Shape(5, x.Channels)), null), x)
        ),
        One("batch norm", (s, x) => s.BatchNorm("norm", x, epsilon: 1e-3)),
        One("group norm, one group", (s, x) => s.GroupNorm("norm", x, 1)),
        One("group norm, four groups", (s, x) => s.GroupNorm("norm", x, 4, epsilon: 1e-3)),
        One("group norm, a group per channel", (s, x) => s.GroupNorm("norm", x, x.Channels)),
        One("gelu", (s, x) => s.Activate(ActivationKind.Gelu, x)),
        One("silu", (s, x) => s.Activate(ActivationKind.Silu, x)),
        One("relu", (s, x) => s.Activate(ActivationKind.Relu, x)),
        One("pooling, map", (s, x) => s.GlobalAveragePool(x)),
        One("pooling, features", (s, x) => s.SpatialMean(x)),
        One("sum of two inputs", (s, x) => x + s.Builder.Input("other", x.Shape)),
        One("difference, second broadcast", (s, x) => x - s.GlobalAveragePool(x)),
        One("product, first broadcast", (s, x) => s.Slice(x, 3, 1) * x),
        One("scale", (s, x) => s.Scale("scale", x, 1)),
        One(
            "scale and shift, flat",
            (s, x) =>
                s.Builder.Add(
                    "",
                    new ChannelAffine(x.Channels, s.Weight("scale", new Shape(x.Channels)), s.Weight("shift", new Shape(x.Channels))),
                    x
                )
        ),
        One(
            "shift",
            (s, x) => s.Builder.Add("", new ChannelAffine(x.Channels, null, s.Weight("shift", new Shape(1, x.Channels, 1, 1))), x)
        ),
        One("neither scale nor shift", (s, x) => s.Builder.Add("", new ChannelAffine(x.Channels, null), x)),
        One("slice, first", (s, x) => s.Slice(x, 0, 3)),
        One("slice, last", (s, x) => s.Slice(x, x.Channels - 1, 1)),
        One("concat", (s, x) => s.Concat(x, s.Slice(x, 2, 3), x)),
        One("concat of one", (s, x) => s.Concat(x)),
        One("linear on a map", (s, x) => s["fc"].Linear("fc1", x, 12)),
        One("layer norm on a map", (s, x) => s.LayerNorm("norm", x, epsilon: 1e-3)),
        Flat("layer norm, flat", (s, x) => s.LayerNorm("norm", x)),
        One("softmax", (s, x) => s.Add(new Softmax(), x)),
        Flat("softmax, flat", (s, x) => s.Add(new Softmax(), x)),
        One("attention scores", (s, x) => s.Add(new QueryKeyProduct(2, 0.5), x, s.Builder.Input("key", x.Shape))),
        One("attention values", (s, x) => s.Add(new AttentionOutput(4), s.Builder.Input("probabilities", Tokens(x.Shape, 4)), x)) with
        {
            HasFixedSize = true,
        },
        One("attention", (s, x) => Attention(s, x, 2, scores => scores)),
        One(
            "relative position bias",
            (s, x) =>
                s.Add(new RelativePositionBias(3, 2, s.Weight("table", new Shape(9, 3))), s.Builder.Input("scores", new Shape(2, 3, 4, 4)))
        ) with
        {
            HasFixedSize = true,
        },
        Even("window partition", (s, x) => s.Add(new WindowPartition(2), x)),
        Even("window partition, shifted", (s, x) => s.Add(new WindowPartition(3, 2), x)),
        Even("window merge, shifted", (s, x) => s.Add(new WindowMerge(3, 1), s.Add(new WindowPartition(3, 2), x), x)),
        Even(
            "window mask",
            (s, x) =>
                s.Add(new WindowMask(3, 1), s.Builder.Input("scores", new Shape(x.Shape[0] * x.Shape[2] * x.Shape[3] / 9, 2, 9, 9)), x)
        ) with
        {
            HasFixedSize = true,
        },
        Even("window attention", (s, x) => WindowAttention(s, x, shift: 0)),
        Even("window attention, shifted", (s, x) => WindowAttention(s, x, shift: 1)),
        One("tokens to channels", (s, x) => s.Add(new TokensToChannels(), x)),
        One(
            "token mixing",
            (s, x) => s.Add(new ChannelsToTokens(), s.Linear("fc", s.Add(new TokensToChannels(), x), x.Shape[2] * x.Shape[3]), x)
        ) with
        {
            HasFixedSize = true,
        },
        One("product with a constant", (s, x) => s.Add(new ScalarMultiply(1.0 / 3), x)),
        One("average pool 3x3", (s, x) => s.Add(new AveragePool2d(3), x)),
        One("pixel shuffle", (s, x) => s.Add(new PixelShuffle(2), x)),
        Even("patch merge", (s, x) => s.Add(new PatchMerge(), x)),
        One("channel shuffle", (s, x) => s.Add(new ChannelShuffle(2), x)),
        One(
            "circular convolution, height",
            (s, x) =>
                s.Add(
                    new CircularConv(
                        x.Channels,
                        MapAxis.Height,
                        7,
                        s.Weight("weight", new Shape(x.Channels, 1, 7, 1)),
                        s.Weight("bias", new Shape(x.Channels))
                    ),
                    x
                )
        ),
        One(
            "circular convolution, width",
            (s, x) => s.Add(new CircularConv(x.Channels, MapAxis.Width, 5, s.Weight("weight", new Shape(x.Channels, 1, 1, 5)), null), x)
        ),
        One(
            "position embedding, height",
            (s, x) => s.Add(new PositionEmbedding(x.Channels, MapAxis.Height, 4, s.Weight("embedding", new Shape(1, x.Channels, 4, 1))), x)
        ),
        One(
            "position embedding, width",
            (s, x) => s.Add(new PositionEmbedding(x.Channels, MapAxis.Width, 5, s.Weight("embedding", new Shape(1, x.Channels, 1, 5))), x)
        ),
        One("real fft, odd width", (s, x) => s.Add(new RealFft2d(), x)) with
        {
            HasFixedSize = true,
        },
        Even("real fft, even width", (s, x) => s.Add(new RealFft2d(), x)) with
        {
            HasFixedSize = true,
        },
        One(
            "inverse real fft, odd width",
            (s, x) =>
                s.Add(new InverseRealFft2d(), s.Builder.Input("spectrum", new Shape(x.Shape[0], 6, x.Shape[2], (x.Shape[3] / 2) + 1)), x)
        ) with
        {
            HasFixedSize = true,
        },
        Even(
            "inverse real fft, even width",
            (s, x) =>
                s.Add(new InverseRealFft2d(), s.Builder.Input("spectrum", new Shape(x.Shape[0], 6, x.Shape[2], (x.Shape[3] / 2) + 1)), x)
        ) with
        {
            HasFixedSize = true,
        },
        One(
            "spectral filter, resized",
            (s, x) => s.Add(new SpectralFilter(x.Channels / 2, 4, 3, s.Weight("filter", new Shape(x.Channels / 2, 4, 3, 2))), x)
        ) with
        {
            HasFixedSize = true,
        },
        One(
            "global filter",
            (s, x) =>
                s.Add(
                    new InverseRealFft2d(),
                    s.Add(
                        new SpectralFilter(
                            x.Channels,
                            x.Shape[2],
                            (x.Shape[3] / 2) + 1,
                            s.Weight("filter", new Shape(x.Channels, x.Shape[2], (x.Shape[3] / 2) + 1, 2))
                        ),
                        s.Add(new RealFft2d(), x)
                    ),
                    x
                )
        ) with
        {
            HasFixedSize = true,
        },
        One("frames to channels", (s, x) => s.Add(new FramesToChannels(2), x)),
        One("channels to frames", (s, x) => s.Add(new ChannelsToFrames(4), x)),
        One("flatten", (s, x) => s.Linear("fc", s.Add(new Flatten(3, 3), s.Add(new AdaptiveAveragePool2d(3), x)), 7)),
        One("flatten alone", (s, x) => s.Add(new Flatten(2, 2), s.Add(new AdaptiveAveragePool2d(2), x))),
        One("frames to clip", (s, x) => s.Add(new FramesToClip(2), x)),
        Clip("clip to frames", (s, x) => s.Add(new ClipToFrames(), x)),
        Clip("a clip there and back", (s, x) => s.Add(new FramesToClip(3), s.Activate(ActivationKind.Silu, s.Add(new ClipToFrames(), x)))),
        One("sigmoid", (s, x) => s.Activate(ActivationKind.Sigmoid, x)),
        One("leaky relu", (s, x) => s.Activate(ActivationKind.LeakyRelu, x)),
        One("hard swish", (s, x) => s.Activate(ActivationKind.HardSwish, s.Add(new ScalarMultiply(3), x))),
        One("hard sigmoid", (s, x) => s.Activate(ActivationKind.HardSigmoid, s.Add(new ScalarMultiply(3), x))),
        One("nearest resize to a map", (s, x) => s.Resize(s.Conv("down", x, 5, 3, stride: 2, padding: 1), x, Interpolation.Nearest)),
        One("bilinear resize by 3", (s, x) => s.Add(new Resize(Interpolation.Bilinear, 3), x)),
        One("bilinear resize to a map, larger", (s, x) => s.Resize(s.Conv("down", x, 5, 3, stride: 2, padding: 1), x)),
        One("bilinear resize to a map, smaller", (s, x) => s.Resize(x, s.Add(new MaxPool2d(2, 2), x))),
        One("bilinear resize to twice a map", (s, x) => s.Add(new Resize(Interpolation.Bilinear, 2), s.GlobalAveragePool(x), x)),
        One("bilinear resize, corners aligned", (s, x) => s.Resize(s.Conv("down", x, 5, 3, stride: 2, padding: 1), x, alignCorners: true)),
        One("bilinear resize by 2, corners aligned", (s, x) => s.Add(new Resize(Interpolation.Bilinear, 2, AlignCorners: true), x)),
        One("pyramid step", (s, x) => s.Conv("lateral", x, 5, 1) + s.Resize(s.Conv("top", x, 5, 3, stride: 2, padding: 1), x)),
        One("max pool 3x3, strided", (s, x) => s.Add(new MaxPool2d(3, 2, 1), x)),
        One("max pool 1x1, strided", (s, x) => s.Add(new MaxPool2d(1, 2), x)),
        One("max pool 2x2", (s, x) => s.Add(new MaxPool2d(2, 2), x)),
        One("adaptive average pool to 1", (s, x) => s.Add(new AdaptiveAveragePool2d(1), x)),
        One("adaptive average pool to 2", (s, x) => s.Add(new AdaptiveAveragePool2d(2), x)),
        One("adaptive average pool to 3", (s, x) => s.Add(new AdaptiveAveragePool2d(3), x)),
        One("adaptive average pool to more than there are", (s, x) => s.Add(new AdaptiveAveragePool2d(7), x)),
        One("pyramid pooling", (s, x) => s.Concat(x, s.Resize(s.Conv("conv", s.Add(new AdaptiveAveragePool2d(2), x), 3, 1), x))),
        One("transposed convolution 4x4 by 2", (s, x) => s.ConvTranspose("deconv", x, 5, 4, 2, 1)),
        One("transposed convolution 2x2 by 2, no bias", (s, x) => s.ConvTranspose("deconv", x, 16, 2, 2, hasBias: false)),
        One("transposed convolution 3x3", (s, x) => s.ConvTranspose("deconv", x, 5, 3, 1, 1)),
        One("transposed convolution 3x3 by 2", (s, x) => s.ConvTranspose("deconv", x, 3, 3, 2, 1)),
        One("transposed convolution 5x5 by 3", (s, x) => s.ConvTranspose("deconv", x, 3, 5, 3, 2)),
        One("transposed convolution 2x2 by 3", (s, x) => s.ConvTranspose("deconv", x, 3, 2, 3)),
        One(
            "transposed convolution, norm and activation",
            (s, x) => s.Activate(ActivationKind.Relu, s.BatchNorm("norm", s.ConvTranspose("deconv", x, 6, 4, 2, 1, hasBias: false)))
        ),
        One("regions of a map", (s, x) => s.RoiAlign([x], s.Regions(9), 3, 2)),
        One("regions of a pyramid", (s, x) => s.Add(new RoiAlign(2, 4, 3), [.. Levels(s, x), s.Regions(23)])),
        One(
            "heads over regions of two inputs",
            (s, x) =>
                s.Linear(
                    "fc",
                    s.SpatialMean(
                        s.Conv("conv", s.Add(new RoiAlign(7, 8, 9), x, s.Map("coarse", x.Shape), s.Regions(11)), 6, 3, padding: 1)
                    ),
                    5
                )
        ),
        One("dropout", (s, x) => s.Dropout(0.5, x)),
        One("stochastic depth", (s, x) => s.DropPath(0.5, s.Activate(ActivationKind.Relu, x))),
        One("shared convolution, in a row", (s, x) => Twice(s.Conv("conv", x.Channels, x.Channels, 3, padding: 1), x)),
        One(
            "shared depthwise convolution, in a row",
            (s, x) => Twice(s.Conv("conv", x.Channels, x.Channels, 3, padding: 1, groups: x.Channels), x)
        ),
        One("shared layer norm, in a row", (s, x) => Twice(s.LayerNorm("norm", x.Channels), x)),
        One("shared group norm, in a row", (s, x) => Twice(s.GroupNorm("norm", x.Channels, 2), x)),
        One("shared batch norm, in a row", (s, x) => Twice(s.BatchNorm("norm", x.Channels), x)),
        Flat("shared linear, in a row", (s, x) => Twice(s.Linear("fc", x.Channels, x.Channels), x)),
        new("shared convolution on two maps, norms of their own", (s, map) => Pyramid(s, s.Map(map))),
        One("the input as output", (s, x) => x),
        new(
            "one value as two outputs",
            (s, map) =>
                Use<GraphOutput[]>(
                    s.Activate(ActivationKind.Relu, s.Map(map)),
                    x => [new("a", x), new("b", x), new("c", s.Dropout(0.1, x))]
                )
        ),
        new(
            "an output that is read on",
            (s, map) => Use<GraphOutput[]>(s.Activate(ActivationKind.Silu, s.Map(map)), x => [new("late", x + x), new("early", x)])
        ),
    ];

    /// <summary>The cases by name.</summary>
    public static IReadOnlyDictionary<string, OpCase> ByName { get; } = Table.ToDictionary(one => one.Name);

    /// <summary>The graphs on the small map by name.</summary>
    public static IReadOnlyDictionary<string, ComputationGraph> All { get; } = Table.ToDictionary(one => one.Name, one => one.Build(Small));

    private static Value Map(this Scope s, Shape map) => s.Map("input", map);

    private static Value Map(this Scope s, string name, Shape map) => s.Builder.Input(name, map);

    private static Value Regions(this Scope s, int count) => s.Builder.Input("regions", new Shape(count, 5));

    private static Value[] Levels(Scope s, Value x) =>
        [x, s.Conv("down", x, x.Channels, 3, stride: 2, padding: 1), s.Add(new AdaptiveAveragePool2d(2), x)];

    private static string Weight(this Scope s, string name, Shape shape) =>
        s.Builder.Declare(new ParameterSpec(name, shape, ParameterKind.Parameter, Initializer.Ones));

    private static T Use<T>(Value x, Func<Value, T> function) => function(x);

    private static OpCase One(string name, Func<Scope, Value, Value> build) => new(name, (s, map) => [new("output", build(s, s.Map(map)))]);

    // Scores (N, heads, T, T) for a map's pixels.
    private static Shape Tokens(Shape map, int heads) =>
        new(map[0], heads, map.Extents[2] * map.Extents[3], map.Extents[2] * map.Extents[3]);

    private static Value Attention(Scope s, Value x, int heads, Func<Value, Value> onScores)
    {
        int channels = x.Channels;
        Value qkv = s.Linear("qkv", x, 3 * channels);
        Value scores = s.Add(
            new QueryKeyProduct(heads, Math.Pow((double)channels / heads, -0.5)),
            s.Slice(qkv, 0, channels),
            s.Slice(qkv, channels, channels)
        );
        return s.Linear(
            "proj",
            s.Add(new AttentionOutput(heads), s.Add(new Softmax(), onScores(scores)), s.Slice(qkv, 2 * channels, channels)),
            channels
        );
    }

    private static Value WindowAttention(Scope s, Value x, int shift)
    {
        Value windows = s.Add(new WindowPartition(3, shift), x);
        Value y = Attention(
            s,
            windows,
            2,
            scores =>
            {
                scores = s.Add(new RelativePositionBias(2, 3, s.Weight("table", new Shape(25, 2))), scores);
                return shift > 0 ? s.Add(new WindowMask(3, shift), scores, x) : scores;
            }
        );
        return s.Add(new WindowMerge(3, shift), y, x);
    }

    private static Value Twice(GraphModule module, Value x) => module.Apply(module.Scope.Activate(ActivationKind.Silu, module.Apply(x)));

    // As a detector's head runs over the levels of its pyramid: each norm is folded into weights of its own.
    private static GraphOutput[] Pyramid(Scope s, Value x)
    {
        GraphModule conv = s.Conv("conv", x.Channels, x.Channels / 2, 1, hasBias: false),
            head = s.Conv("head", x.Channels / 2, 3, 3, padding: 1);
        Value[] levels = [x, s.Conv("down", x, x.Channels, 3, stride: 2, padding: 1)];
        return
        [
            .. levels.Select(
                (level, i) =>
                    new GraphOutput(
                        $"level{i}",
                        head.Apply(s.Activate(ActivationKind.Relu, s["norms"].BatchNorm($"{i}", conv.Apply(level))))
                    )
            ),
        ];
    }

    // Maps whose sides are multiples of 6, at least of the given size.
    private static OpCase Even(string name, Func<Scope, Value, Value> build) =>
        new(name, (s, map) => [new("output", build(s, s.Map(new Shape(map[0], map[1], (map[2] + 5) / 6 * 6, (map[3] + 5) / 6 * 6 * 2))))]);

    private static OpCase Clip(string name, Func<Scope, Value, Value> build) =>
        new(name, (s, map) => [new("output", build(s, s.Map(new Shape(map[0], 3, map[1], map[2], map[3]))))]);

    private static OpCase Flat(string name, Func<Scope, Value, Value> build) =>
        new(name, (s, map) => [new("output", build(s, s.Map(new Shape(map[0], map[1]))))]) { HasFixedSize = true };
}
