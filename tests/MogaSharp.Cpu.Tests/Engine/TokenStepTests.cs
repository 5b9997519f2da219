using MogaSharp.Cpu.Tests.Kernels;
using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Engine;

/// <summary>MLPs, recursive gates, attention, depthwise convolutions and global filters as fused steps: all widths, many channels, several
/// strips, in every vector width.</summary>
[Trait("Isa", "Kernel")]
public sealed class TokenStepTests
{
    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Mlps_of_many_channels(int lanes)
    {
        foreach (int channels in new[] { 1, 2, 15, 16, 17, 33, 64, 100 })
        {
            Check(
                "layer norm -> fc1 -> Gelu -> fc2 + shortcut",
                lanes,
                new Shape(2, channels, 9, 11),
                (s, x) => x + Mlp(s, s.LayerNorm("norm", x), (2 * channels) + 3)
            );
            Check("fc1 -> Gelu -> fc2", lanes, new Shape(1, channels, 13, 12), (s, x) => Mlp(s, x, channels + 1));
        }
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Mlps_of_few_pixels_are_two_products(int lanes) =>
        Check("layer norm -> conv1x1 -> Gelu", lanes, new Shape(1, 40, 5, 7), (s, x) => x + Mlp(s, s.LayerNorm("norm", x), 90));

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Products_with_large_matrices_in_few_rows(int lanes)
    {
        foreach ((int rows, int columns) in new[] { (1, 1), (2, 3), (7, 7), (10, 12) })
        {
            Check("layer norm -> conv1x1", lanes, new Shape(1, 370, rows, columns), (s, x) => s.Linear("fc", s.LayerNorm("norm", x), 391));
            Check(
                "conv2x2",
                lanes,
                new Shape(2, 110, 2 * rows, 2 * columns),
                (s, x) => s.Conv("conv", s.LayerNorm("norm", x), 391, 2, stride: 2)
            );
        }

        Check("linear", lanes, new Shape(1, 380, 2, 2), (s, x) => s.Linear("fc", s.LayerNorm("norm", s.SpatialMean(x)), 1000));
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Recursive_gates_of_all_orders(int lanes)
    {
        for (int order = 1; order <= 5; order++)
            foreach (int last in new[] { 16, 32, 48, 80 })
                Check(
                    $"product{string.Concat(Enumerable.Repeat(" -> conv1x1 * factor", order - 1))} -> conv1x1 + shortcut",
                    lanes,
                    new Shape(1, last, 9, 7),
                    (s, x) => x + Gates(s, x, order)
                );
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Attention_of_windows(int lanes)
    {
        foreach ((int window, int shift) in new[] { (7, 0), (7, 3), (4, 1), (5, 4), (1, 0) })
        foreach ((int heads, int depth) in new[] { (1, 32), (3, 5), (2, 17), (4, 16) })
            Check(
                $"attention of {window * window} tokens in 12 windows, {heads} heads + position bias",
                lanes,
                new Shape(2, heads * depth, 2 * window, 3 * window),
                (s, x) => Windows(s, x, heads, window, shift)
            );
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Attention_of_all_pixels(int lanes)
    {
        foreach ((int height, int width) in new[] { (1, 1), (1, 3), (4, 4), (3, 11), (16, 16), (5, 26) })
            Check(
                $"attention of {height * width} tokens, 2 heads",
                lanes,
                new Shape(2, 24, height, width),
                (s, x) => Attention(s, s.LayerNorm("norm", x), 2, scores => scores)
            );
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Attention_with_scores_far_apart(int lanes) =>
        Check(
            "attention of 35 tokens",
            lanes,
            new Shape(1, 16, 5, 7),
            (s, x) => s.Add(new AttentionOutput(2), s.Add(new Softmax(), s.Add(new QueryKeyProduct(2, 400), x, x)), x)
        );

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Depthwise_convolutions_of_all_sizes(int lanes)
    {
        foreach (int kernel in new[] { 3, 7, 11, 21 })
        foreach (
            (int channels, int height, int width) in new[] { (16, 7, 7), (5, 14, 14), (33, 9, 20), (40, 1, 30), (7, 40, 3), (2, 120, 56) }
        )
        {
            Check($"depthwise {kernel}x{kernel}", lanes, new Shape(1, channels, height, width), (s, x) => s.DepthwiseConv("dw", x, kernel));
            Check(
                "dilation 3 -> Silu",
                lanes,
                new Shape(2, channels, height, width),
                (s, x) => s.Activate(ActivationKind.Silu, s.DepthwiseConv("dw", x, 7, 3))
            );
        }
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Depthwise_convolutions_of_ranges_are_read_where_they_lie(int lanes)
    {
        foreach (int start in new[] { 0, 1, 16, 23 })
            Check("depthwise 5x5", lanes, new Shape(2, 50, 6, 7), (s, x) => s.DepthwiseConv("dw", s.Slice(x, start, 27), 5), not: "slice");
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Global_filters_of_all_sizes(int lanes)
    {
        foreach ((int channels, int height, int width) in new[] { (16, 7, 7), (3, 14, 14), (20, 1, 1), (17, 5, 8), (33, 9, 1), (8, 1, 12) })
            Check(
                "real fft -> spectral filter -> inverse real fft",
                lanes,
                new Shape(2, channels + 5, height, width),
                (s, x) => GlobalFilter(s, s.Slice(x, 5, channels)),
                not: "slice"
            );
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Group_norms_of_all_group_sizes(int lanes)
    {
        foreach ((int channels, int groups) in new[] { (32, 1), (32, 2), (64, 2), (15, 3), (6, 6), (34, 2), (90, 3), (100, 4) })
        {
            Check(
                "group norm -> Silu",
                lanes,
                new Shape(3, channels, 6, 5),
                (s, x) => s.Activate(ActivationKind.Silu, s.GroupNorm("norm", x, groups))
            );
            // Far from zero, where the difference of squares would leave nothing.
            Check("group norm", lanes, new Shape(1, channels, 4, 7), (s, x) => s.GroupNorm("norm", Far(s, x), groups));
        }
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Grouped_convolutions_of_all_group_sizes(int lanes)
    {
        foreach (
            (int input, int output, int groups) in new[]
            {
                (32, 32, 2),
                (64, 32, 8),
                (6, 9, 3),
                (33, 66, 3),
                (40, 40, 2),
                (5, 10, 5),
                (80, 160, 2),
            }
        )
        foreach ((int kernel, int stride) in new[] { (1, 1), (3, 1), (3, 2), (5, 1) })
            Check(
                $"conv{kernel}x{kernel} of {groups} groups",
                lanes,
                new Shape(2, input, 7, 9),
                (s, x) => s.Conv("conv", x, output, kernel, stride, kernel / 2, groups: groups)
            );
    }

    private static Value Far(Scope s, Value x)
    {
        string shift = s.Declare("far.running_var", new Shape(x.Channels), Initializer.Zeros);
        return s.Add(new ScalarMultiply(30), s.Add(new ChannelAffine(x.Channels, null, shift), x));
    }

    private static Value GlobalFilter(Scope s, Value x)
    {
        string weight = s.Declare("complex_weight", new Shape(x.Channels, 4, 3, 2), Initializer.Zeros);
        return s.Add(new InverseRealFft2d(), s.Add(new SpectralFilter(x.Channels, 4, 3, weight), s.Add(new RealFft2d(), x)), x);
    }

    private static void Check(string step, int lanes, Shape input, Func<Scope, Value, Value> build, string? not = null)
    {
        var builder = new GraphBuilder();
        GraphCase c = GraphCase.Create(builder, build(builder.Root, builder.Input("x", input)), $"{input} {step}");
        Tensor[] results = DirectRun.Run(c, lanes, threads: 2);
        using var engine = new CpuEngine(new(Threads: 1));
        using CpuSession session = engine.CreateSession(c.Graph, c.Weights);
        string plan = session.DescribePlan(input);
        Assert.Contains(step, plan);
        if (not is not null)
            Assert.DoesNotContain(not, plan);
        ErrorModel.AssertClose(c, results);
    }

    private static Value Mlp(Scope s, Value x, int hidden) =>
        s.Linear("fc2", s.Activate(ActivationKind.Gelu, s.Linear("fc1", x, hidden)), x.Channels);

    private static Value Attention(Scope s, Value x, int heads, Func<Value, Value> adjust)
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
            s.Add(new AttentionOutput(heads), s.Add(new Softmax(), adjust(scores)), s.Slice(qkv, 2 * channels, channels)),
            channels
        );
    }

    private static Value Windows(Scope s, Value x, int heads, int window, int shift)
    {
        int side = (2 * window) - 1;
        string table = s.Declare("relative_position_bias_table", new Shape(side * side, heads), Initializer.Zeros);
        Value windows = s.Add(new WindowPartition(window, shift), s.LayerNorm("norm", x));
        Value y = Attention(
            s,
            windows,
            heads,
            scores =>
            {
                scores = s.Add(new RelativePositionBias(heads, window, table), scores);
                return shift > 0 ? s.Add(new WindowMask(window, shift), scores, x) : scores;
            }
        );
        return x + s.Add(new WindowMerge(window, shift), y, x);
    }

    private static Value Gates(Scope s, Value x, int order)
    {
        int[] widths = [.. Enumerable.Range(0, order).Select(i => x.Channels >> (order - 1 - i))];
        Value fused = s.Conv("proj_in", x, widths[0] + widths.Sum(), 1);
        Value context = s.Add(new ScalarMultiply(1.0 / 3), s.DepthwiseConv("dwconv", s.Slice(fused, widths[0], widths.Sum()), 7));
        Value y = s.Slice(fused, 0, widths[0]) * s.Slice(context, 0, widths[0]);
        for (int i = 1; i < order; i++)
            y = s.Conv($"pws.{i - 1}", y, widths[i], 1) * s.Slice(context, widths.Take(i).Sum(), widths[i]);
        return s.Conv("proj_out", y, x.Channels, 1);
    }
}
