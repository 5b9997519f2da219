using MogaSharp.Cpu.Planning;
using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Cpu.Tests.Engine;

/// <summary>Regions of a pyramid: against the official code, and in numbers that differ from run to run.</summary>
public sealed class RoiAlignTests : IDisposable
{
    private readonly CpuEngine _engine = new(new(Threads: 2));

    public static TheoryData<int, int> Cases => new(from size in RegionFixture.Sizes from lanes in new[] { 4, 8, 16 } select (size, lanes));

    public static TheoryData<int, bool, int> Shapes =>
        new(
            from channels in new[] { 1, 64, 87, 130 }
            from isTall in new[] { false, true }
            from lanes in new[] { 4, 8, 16 }
            select (channels, isTall, lanes)
        );

    public void Dispose() => _engine.Dispose();

    [Theory]
    [Trait("Isa", "Kernel")]
    [MemberData(nameof(Cases))]
    public void Regions_are_those_of_the_official_code(int size, int lanes)
    {
        var c = new GraphCase(RegionFixture.Graph(size), new WeightSet([]), RegionFixture.Inputs);
        Tensor result = DirectRun.Run(c, lanes)[0];
        Assert.InRange(RegionFixture.File.Difference($"out{size}", result.Data), 0, 2e-6);
    }

    // Channels for tiles of four vectors and for single ones, and maps of one row, one column and one pixel.
    [Theory]
    [Trait("Isa", "Kernel")]
    [MemberData(nameof(Shapes))]
    public void Maps_of_any_shape_agree_with_the_reference(int channels, bool isTall, int lanes)
    {
        GraphCase c = Case(
            new RoiAlign(3, 2, 5),
            regions: 30,
            [.. new[] { 17, 5, 1 }.Select(side => new Shape(2, channels, isTall ? side : 1, isTall ? 1 : side))]
        );
        ErrorModel.AssertClose(c, DirectRun.Run(c, lanes, threads: 2));
    }

    [Fact]
    public void The_number_of_regions_may_differ_from_run_to_run()
    {
        GraphCase c = Case(new RoiAlign(4, 2, 5), regions: 1, new(2, 20, 12, 9), new(2, 20, 6, 5));
        using CpuSession session = _engine.CreateSession(c.Graph, c.Weights);
        foreach (int regions in new[] { 5, 1, 300, 5, 47 })
        {
            ComputationGraph other = c.Graph.WithInputs([.. c.Graph.Inputs.Select(Shaped)]);
            GraphCase now = c with { Inputs = [.. other.Inputs.Select(input => FormulaWeights.Input(other, input, $"{regions}"))] };
            ErrorModel.AssertClose(now, now.Run(session));

            Shape Shaped(Value input) => input.Shape.Rank == 2 ? new(regions, 5) : input.Shape;
        }

        for (int regions = 1; regions < 2 * PlanCache.MaxPlans; regions++)
            session.MemoryBytes([.. c.Graph.Inputs.SkipLast(1).Select(input => input.Shape), new(regions, 5)]);
        Assert.Equal(PlanCache.MaxPlans, session.Plans);
    }

    [Fact]
    public void A_region_of_no_image_is_refused_and_the_session_goes_on()
    {
        GraphCase c = Case(new RoiAlign(4, 2, 5), regions: 200, new Shape(2, 20, 12, 9));
        using CpuSession session = _engine.CreateSession(c.Graph, c.Weights);
        Tensor good = c.Inputs[1],
            bad = new(good.Shape, [.. good.Data]);
        bad.Data[5 * 150] = 2;
        string message = Assert.Throws<GraphException>(() => (c with { Inputs = [c.Inputs[0], bad] }).Run(session)).Message;
        Assert.Equal("Region 150 lies on image 2; there are 2, counted from 0.", message);
        ErrorModel.AssertClose(c, c.Run(session));
    }

    [Fact]
    public void Whatever_stands_in_a_region_reads_no_strange_memory()
    {
        float[] odd =
        [
            0,
            -0f,
            1e-30f,
            1,
            -1,
            7.5f,
            40,
            -40,
            300,
            -300,
            1e9f,
            3e38f,
            -3e38f,
            float.NaN,
            float.PositiveInfinity,
            float.NegativeInfinity,
        ];
        var random = new Random(5);
        var regions = new Tensor(new Shape(400, 5));
        for (int i = 0; i < regions.Data.Length; i++)
            regions.Data[i] = i % 5 == 0 ? random.Next(2) : odd[random.Next(odd.Length)];
        GraphCase c = Case(new RoiAlign(5, 2, 5), regions: 400, new(2, 20, 12, 9), new(2, 20, 6, 5));
        c = c with { Inputs = [.. c.Inputs.SkipLast(1), regions] };
        ErrorModel.AssertClose(c, DirectRun.Run(c, 8));
    }

    private static GraphCase Case(RoiAlign op, int regions, params Shape[] maps)
    {
        var builder = new GraphBuilder();
        Value[] pyramid = [.. maps.Select((map, i) => builder.Input($"p{i}", map))];
        return GraphCase.Create(builder, builder.Root.Add(op, [.. pyramid, builder.Input("regions", new Shape(regions, 5))]));
    }
}
