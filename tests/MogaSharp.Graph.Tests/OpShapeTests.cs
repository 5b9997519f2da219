namespace MogaSharp.Graph.Tests;

public sealed class OpShapeTests
{
    private static readonly Shape Map = new(2, 6, 9, 7);

    // Op, inputs, output, cost.
    public static TheoryData<Op, Shape[], Shape, Cost> Shapes =>
        new()
        {
            { new Conv2d(6, 4, 1, "w", "b"), [Map], new(2, 4, 9, 7), new(Convolution: 2 * 4 * 63 * 6) },
            { new Conv2d(6, 4, 3, "w", "b", Stride: 2, Padding: 1), [Map], new(2, 4, 5, 4), new(Convolution: 2 * 4 * 20 * 6 * 9) },
            { new Conv2d(6, 6, 5, "w", null, Padding: 4, Dilation: 2, Groups: 6), [Map], Map, new(Convolution: 2 * 6 * 63 * 25) },
            { new Conv2d(6, 9, 2, "w", null, Stride: 3, Groups: 3), [Map], new(2, 9, 3, 2), new(Convolution: 2 * 9 * 6 * 2 * 4) },
            { new Linear(6, 5, "w", null), [new(3, 6)], new(3, 5), new(Linear: 3 * 5 * 6) },
            { new BatchNorm2d(6, "n"), [Map], Map, new(Normalization: 2 * 756) },
            { new GroupNorm(6, 3, "w", "b"), [Map], Map, new(Normalization: 5 * 756) },
            { new Activation(ActivationKind.Silu), [Map], Map, default },
            { new Activation(ActivationKind.Gelu), [new(3, 6)], new(3, 6), default },
            { new GlobalAveragePool(true), [Map], new(2, 6, 1, 1), new(Pooling: 756) },
            { new GlobalAveragePool(false), [Map], new(2, 6), default },
            { new Binary(BinaryKind.Add), [Map, Map], Map, default },
            { new Binary(BinaryKind.Subtract), [Map, new(2, 6, 1, 1)], Map, default },
            { new Binary(BinaryKind.Multiply), [new(1, 6, 9, 1), new(2, 1, 1, 7)], Map, default },
            { new Binary(BinaryKind.Multiply), [new(3, 1), new(1, 4)], new(3, 4), default },
            { new ChannelAffine(6, "s", "t"), [Map], Map, default },
            { new ChannelSlice(2, 3), [Map], new(2, 3, 9, 7), default },
            { new ChannelConcat(), [Map, new(2, 1, 9, 7), new(2, 4, 9, 7)], new(2, 11, 9, 7), default },
            { new Dropout(0.5), [Map], Map, default },
            { new DropPath(0.5), [new(3, 6)], new(3, 6), default },
            { new Input("x", Map), [], Map, default },
            { new Resize(Interpolation.Nearest, 2), [Map], new(2, 6, 18, 14), default },
            { new Resize(Interpolation.Bilinear), [Map, new(5, 3, 4, 20)], new(2, 6, 4, 20), default },
            { new Resize(Interpolation.Bilinear, 3), [Map, new(5, 3, 4, 20)], new(2, 6, 12, 60), default },
            { new MaxPool2d(3, 2, 1), [Map], new(2, 6, 5, 4), default },
            { new MaxPool2d(1, 2), [Map], new(2, 6, 5, 4), default },
            { new AdaptiveAveragePool2d(4), [Map], new(2, 6, 4, 4), default },
            { new ConvTranspose2d(6, 4, 4, "w", null, 2, 1), [Map], new(2, 4, 18, 14), new(Convolution: 2 * 6 * 63 * 4 * 16) },
            { new ConvTranspose2d(6, 4, 3, "w", "b"), [Map], new(2, 4, 11, 9), new(Convolution: 2 * 6 * 63 * 4 * 9) },
            { new RoiAlign(7), [Map, new(50, 5)], new(50, 6, 7, 7), default },
            { new RoiAlign(14, 8, 28), [Map, new(2, 6, 5, 4), new(2, 6, 1, 1), new(3, 5)], new(3, 6, 14, 14), default },
        };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void An_op_tells_its_output_shape_and_cost(Op op, Shape[] inputs, Shape output, Cost cost)
    {
        Assert.Equal(output, op.InferShape(inputs));
        Assert.Equal(cost, op.Cost(inputs, output));
    }

    public static TheoryData<Op, Shape[], string> Misfits =>
        new()
        {
            { new Conv2d(6, 4, 1, "w", null), [new(2, 5, 9, 7)], "Conv2d takes 6 channels, it got 5 (2x5x9x7)." },
            { new Conv2d(6, 4, 1, "w", null), [new(2, 6)], "Conv2d takes a feature map (N, C, H, W), it got 2x6." },
            { new Conv2d(6, 4, 1, "w", null), [Map, Map], "Conv2d takes 1 input(s), it got 2." },
            { new Linear(6, 5, "w", null), [new(3, 5)], "Linear takes (N, 6) or (N, 6, H, W), it got 3x5." },
            { new Linear(6, 5, "w", null), [new(2, 5, 9, 7)], "Linear takes (N, 6) or (N, 6, H, W), it got 2x5x9x7." },
            { new BatchNorm2d(5, "n"), [Map], "BatchNorm2d takes 5 channels, it got 6 (2x6x9x7)." },
            { new GroupNorm(8, 2, "w", "b"), [Map], "GroupNorm takes 8 channels, it got 6 (2x6x9x7)." },
            { new Activation(ActivationKind.Silu), [], "Silu takes 1 input(s), it got 0." },
            { new GlobalAveragePool(true), [new(3, 6)], "GlobalAveragePool takes a feature map (N, C, H, W), it got 3x6." },
            { new Binary(BinaryKind.Add), [Map, new(2, 6)], "Add takes tensors of equal rank, it got 2x6x9x7 and 2x6." },
            { new Binary(BinaryKind.Add), [Map, new(2, 3, 9, 7)], "Add cannot broadcast 2x6x9x7 and 2x3x9x7." },
            { new Binary(BinaryKind.Subtract), [Map], "Subtract takes 2 input(s), it got 1." },
            {
                new Resize(Interpolation.Nearest, 0),
                [Map],
                "Resize takes a feature map, another one whose size it gets, or none, and a factor of at least 1; "
                    + "it got 2x6x9x7 and 0."
            },
            {
                new Resize(Interpolation.Nearest),
                [Map, new(2, 6)],
                "Resize takes a feature map, another one whose size it gets, or none, and a factor of at least 1; "
                    + "it got 2x6x9x7, 2x6 and 1."
            },
            { new MaxPool2d(3, 1, 2), [Map], "MaxPool2d takes no window of 3 with stride 1 and padding 2." },
            { new MaxPool2d(8, 1), [Map], "A side of 7 pixels is too small for windows of 8 with padding 0." },
            { new AdaptiveAveragePool2d(0), [Map], "A grid has at least one field a side, not 0." },
            { new ConvTranspose2d(5, 4, 3, "w", null), [Map], "ConvTranspose2d takes 5 channels, it got 6 (2x6x9x7)." },
            {
                new ConvTranspose2d(6, 4, 2, "w", null, 1, 4),
                [Map],
                "A side of 7 pixels is too small for a transposed 2x2 convolution with padding 4."
            },
            { new RoiAlign(0), [Map, new(3, 5)], "RoiAlign takes no size of 0 with stride 4 and scale 56." },
            { new RoiAlign(7, 0), [Map, new(3, 5)], "RoiAlign takes no size of 7 with stride 0 and scale 56." },
            { new RoiAlign(7, 4, double.NaN), [Map, new(3, 5)], "RoiAlign takes no size of 7 with stride 4 and scale NaN." },
            { new RoiAlign(7), [new(3, 5)], "RoiAlign takes 1 to 16 maps and the regions, it got 1 input(s)." },
            { new RoiAlign(7), [Map, new(3, 4)], "RoiAlign takes regions (R, 5) after its maps, it got 3x4." },
            { new RoiAlign(7), [Map, Map], "RoiAlign takes regions (R, 5) after its maps, it got 2x6x9x7." },
            {
                new RoiAlign(7),
                [Map, new(2, 5, 5, 4), new(3, 5)],
                "RoiAlign takes maps (N, C, H, W) of the same images and channels, it got 2x6x9x7, 2x5x5x4."
            },
            {
                new RoiAlign(7),
                [Map, new(1, 6, 5, 4), new(3, 5)],
                "RoiAlign takes maps (N, C, H, W) of the same images and channels, it got 2x6x9x7, 1x6x5x4."
            },
            { new RoiAlign(7), [new(2, 6), new(3, 5)], "RoiAlign takes maps (N, C, H, W) of the same images and channels, it got 2x6." },
            { new ChannelAffine(1, "s"), [Map], "ChannelAffine takes 1 channels, it got 6 (2x6x9x7)." },
            { new ChannelSlice(4, 3), [Map], "Channels 4..6 do not lie in 2x6x9x7." },
            { new ChannelSlice(-1, 2), [Map], "Channels -1..0 do not lie in 2x6x9x7." },
            { new ChannelSlice(1, 0), [Map], "Channels 1..0 do not lie in 2x6x9x7." },
            { new ChannelConcat(), [Map, new(2, 6, 9, 8)], "ChannelConcat cannot join 2x6x9x7 and 2x6x9x8." },
            { new ChannelConcat(), [Map, new(1, 6, 9, 7)], "ChannelConcat cannot join 2x6x9x7 and 1x6x9x7." },
            { new ChannelConcat(), [], "ChannelConcat takes at least one input." },
            { new Dropout(0.5), [Map, Map], "Dropout takes 1 input(s), it got 2." },
        };

    [Theory]
    [MemberData(nameof(Misfits))]
    public void An_op_says_why_its_inputs_do_not_fit(Op op, Shape[] inputs, string message) =>
        Assert.Equal(message, Assert.Throws<GraphException>(() => op.InferShape(inputs)).Message);

    [Theory]
    [InlineData(1, 33, 65)]
    [InlineData(3, 8, 5)]
    public void A_graph_is_inferred_again_at_other_sizes(int batch, int height, int width)
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("x", new Shape(1, 3, 32, 32));
        Value stem = builder.Root.Conv("stem", x, 8, 3, stride: 2, padding: 1);
        Value pooled = builder.Root.GlobalAveragePool(stem);
        Value head = builder.Root.Linear("head", builder.Root.SpatialMean(stem - pooled), 5);
        ComputationGraph graph = builder.Build(new GraphOutput("y", head));
        int h = (height + 1) / 2,
            w = (width + 1) / 2;
        var input = new Shape(batch, 3, height, width);
        Shape[] shapes = graph.InferShapes(input);
        Assert.Equal(new Shape(batch, 8, h, w), shapes[stem.Index]);
        Assert.Equal(new Shape(batch, 8, 1, 1), shapes[pooled.Index]);
        Assert.Equal(new Shape(batch, 5), shapes[head.Index]);
        Assert.Equal(new Shape(1, 8, 16, 16), stem.Shape);
        var expected = new Cost(Convolution: batch * 8 * h * w * 27, Linear: batch * 40, Pooling: batch * 8 * h * w);
        Assert.Equal(expected, graph.TotalCost(input));
        Assert.Equal(expected.Convolution + expected.Linear, expected.MultiplyAdds);
        Assert.Equal(expected.MultiplyAdds + expected.Pooling, expected.MultiplyAddsWithNormAndPool);
    }

    [Fact]
    public void Convolutions_know_what_they_are()
    {
        Assert.True(new Conv2d(4, 4, 3, "w", null, Padding: 1, Groups: 4).IsDepthwise);
        Assert.False(new Conv2d(4, 8, 3, "w", null, Padding: 1, Groups: 4).IsDepthwise);
        Assert.False(new Conv2d(1, 1, 3, "w", null).IsDepthwise);
        Assert.True(new Conv2d(4, 8, 1, "w", null).IsPointwise);
        Assert.False(new Conv2d(4, 8, 1, "w", null, Stride: 2).IsPointwise);
        Assert.False(new Conv2d(4, 8, 1, "w", null, Padding: 1).IsPointwise);
        Assert.False(new Conv2d(4, 8, 1, "w", null, Groups: 2).IsPointwise);
        Assert.Equal(19, new Conv2d(4, 8, 7, "w", null, Dilation: 3).Span);
    }
}
