using MogaSharp.Cpu.Tests.Kernels;
using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Engine;

/// <summary>The large fused steps over all widths, many channels and several strips, in every vector width.</summary>
[Trait("Isa", "Kernel")]
public sealed class FusedStepTests
{
    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Multi_order_convolutions_of_all_widths(int lanes)
    {
        for (int width = 1; width <= 60; width += 1 + (width / 20))
            Check(MultiOrder(8 + (width % 13), height: 5, width, images: 1), "multi-order", lanes);
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Multi_order_convolutions_of_many_channels(int lanes)
    {
        foreach (int channels in new[] { 8, 15, 16, 17, 24, 31, 33, 48, 65, 100, 130 })
            Check(MultiOrder(channels, height: 6, width: 5, images: 2), "multi-order", lanes);
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Multi_order_convolutions_in_strips(int lanes)
    {
        // A panel's buffer holds 2^17 floats: 8192 pixels of 16 channels.
        Check(MultiOrder(8, height: 300, width: 40, images: 1), "multi-order", lanes);
        Check(MultiOrder(9, height: 2000, width: 11, images: 1), "multi-order", lanes);
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Channel_aggregations_of_all_widths(int lanes)
    {
        for (int width = 1; width <= 60; width += 1 + (width / 20))
            Check(ChannelAggregation(9, 16 + (width % 21), kernel: 3, height: 5, width, images: 1), "fc1 ->", lanes);
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Channel_aggregations_of_many_channels(int lanes)
    {
        foreach (int channels in new[] { 2, 8, 15, 17, 32, 33, 49, 64, 100, 130 })
            Check(ChannelAggregation(channels, channels + 20, kernel: 3, height: 4, width: 5, images: 2), "fc1 ->", lanes);
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Channel_aggregations_of_other_kernels(int lanes)
    {
        foreach (int kernel in new[] { 1, 5, 7 })
            Check(ChannelAggregation(8, 24, kernel, height: 9, width: 10, images: 2), "fc1 ->", lanes);
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Channel_aggregations_in_strips(int lanes)
    {
        foreach ((int height, int width) in new[] { (201, 14), (97, 33), (64, 28), (1, 900), (700, 1) })
            Check(ChannelAggregation(6, 20, kernel: 3, height, width, images: 1), "fc1 ->", lanes, threads: 3);
    }

    private static void Check(GraphCase c, string step, int lanes, int threads = 2)
    {
        Tensor[] results = DirectRun.Run(c, lanes, threads);
        using var engine = new CpuEngine(new(Threads: 1));
        using CpuSession session = engine.CreateSession(c.Graph, c.Weights);
        Assert.Contains(step, session.DescribePlan(c.Inputs[0].Shape));
        ErrorModel.AssertClose(c, results);
    }

    private static GraphCase MultiOrder(int channels, int height, int width, int images)
    {
        var builder = new GraphBuilder();
        Scope s = builder.Root;
        Value x = builder.Input("x", new Shape(images, channels, height, width));
        Value common = s.DepthwiseConv("DW_conv0", x, 5);
        int first = Math.Max(1, channels / 8),
            second = channels / 2;
        Value y = s.Concat(
            s.Slice(common, 0, first),
            s.DepthwiseConv("DW_conv1", s.Slice(common, first, second - first + 1), 5, 2),
            s.DepthwiseConv("DW_conv2", s.Slice(common, second + 1, channels - second - 1), 7, 3)
        );
        return GraphCase.Create(builder, y, $"{channels} {height} {width}");
    }

    private static GraphCase ChannelAggregation(int channels, int hidden, int kernel, int height, int width, int images)
    {
        var builder = new GraphBuilder();
        Scope s = builder.Root;
        Value x = builder.Input("x", new Shape(images, channels, height, width));
        Value h = s.Activate(ActivationKind.Gelu, s.DepthwiseConv("dwconv", s.Conv("fc1", x, hidden, 1), kernel));
        h += s["sigma"].Scale("scale", h - s.Activate(ActivationKind.Gelu, s.Conv("decompose", h, 1, 1)), 1);
        Value y = x + s.Scale("layer_scale_2", s.Conv("fc2", h, channels, 1), 1);
        return GraphCase.Create(builder, y, $"{channels} {hidden} {kernel} {height} {width}");
    }
}
