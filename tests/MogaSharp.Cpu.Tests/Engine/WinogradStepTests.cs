using MogaSharp.Cpu.Tests.Kernels;
using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Engine;

/// <summary>3x3 convolutions two by two outputs at a time, over awkward sizes, in every vector width.</summary>
[Trait("Isa", "Kernel")]
public sealed class WinogradStepTests
{
    private const string Name = "Winograd conv3x3";

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Maps_of_all_widths_and_heights(int lanes)
    {
        for (int side = 1; side <= 21; side++)
        {
            Check(Convolution(16, 16, side, 1 + (side * 7 % 13), images: 1), lanes);
            Check(Convolution(17, 19, 1 + (side * 5 % 11), side, images: 1 + (side % 3)), lanes);
        }
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Any_number_of_channels(int lanes)
    {
        foreach ((int channels, int outputs) in new[] { (16, 20), (20, 65), (33, 31), (64, 100), (130, 33), (200, 48) })
            Check(Convolution(channels, outputs, 7, 9, images: 2), lanes);
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Channels_that_come_in_shares(int lanes)
    {
        // The sums of narrow and wide panels wait for the next share, in one block of tiles and in several.
        Check(Convolution(1100, 20, 4, 5, images: 1), lanes);
        Check(Convolution(900, 75, 9, 7, images: 2), lanes);
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Blocks_that_end_within_rows_and_images(int lanes)
    {
        Check(Convolution(16, 32, 61, 33, images: 1), lanes, threads: 3);
        Check(Convolution(40, 16, 7, 7, images: 9), lanes, threads: 3);
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void What_follows_is_done_with_the_sums(int lanes)
    {
        foreach (ActivationKind function in Enum.GetValues<ActivationKind>())
            Check(With(6, 11, (s, x, y) => s.Activate(function, y)), lanes);
        Check(With(6, 11, (s, x, y) => x + y), lanes);
        Check(With(5, 8, (s, x, y) => s.Activate(ActivationKind.Silu, y) * x), lanes);
        Check(With(7, 3, (s, x, y) => s.Activate(ActivationKind.Relu, s.BatchNorm("norm", y))), lanes);
        Check(With(5, 8, (s, x, y) => s.Conv("pooled", s.GlobalAveragePool(x), 24, 1) + y), lanes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void An_image_has_the_same_bits_alone_and_in_a_batch_for_every_number_of_threads(int threads)
    {
        GraphCase batch = Convolution(48, 80, 13, 10, images: 3);
        using var engine = new CpuEngine(new(threads));
        using CpuSession session = engine.CreateSession(batch.Graph, batch.Weights);
        float[] together = Run(session, batch.Inputs[0]);
        Assert.Equal(DirectRun.Run(batch, CpuSession.VectorLanes)[0].Data, together);
        int floats = batch.Inputs[0].Data.Length / 3;
        for (int i = 0; i < 3; i++)
        {
            var one = new Tensor(batch.Inputs[0].Shape.With(0, 1), batch.Inputs[0].Data.AsSpan(i * floats, floats).ToArray());
            float[] alone = Run(session, one);
            Assert.Equal(together.AsSpan(i * alone.Length, alone.Length).ToArray(), alone);
        }
    }

    private static float[] Run(CpuSession session, Tensor x) => session.Run(x, TestContext.Current.CancellationToken)["y"].Data;

    private static void Check(GraphCase c, int lanes, int threads = 2)
    {
        Tensor[] results = DirectRun.Run(c, lanes, threads);
        using var engine = new CpuEngine(new(Threads: 1));
        using CpuSession session = engine.CreateSession(c.Graph, c.Weights);
        Assert.Contains(Name, session.DescribePlan(c.Inputs[0].Shape));
        ErrorModel.AssertClose(c, results);
    }

    private static GraphCase Convolution(int channels, int outputs, int height, int width, int images)
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("x", new Shape(images, channels, height, width));
        return GraphCase.Create(builder, builder.Root.Conv("conv", x, outputs, 3, padding: 1), $"{channels} {outputs} {height} {width}");
    }

    private static GraphCase With(int height, int width, Func<Scope, Value, Value, Value> then)
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("x", new Shape(2, 24, height, width));
        Value y = builder.Root.Conv("conv", x, 24, 3, padding: 1);
        return GraphCase.Create(builder, then(builder.Root, x, y), $"{height} {width}");
    }
}
