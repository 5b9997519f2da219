using MogaSharp.Cpu.Tests.Support;

namespace MogaSharp.Cpu.Tests.Engine;

public sealed class RandomGraphTests
{
    public static TheoryData<int> Few => Seeds.Up(30);

    public static TheoryData<int> Many => Seeds.Up(120);

    public static TheoryData<int> Nets => Seeds.Up(40);

    [Theory]
    [Trait("Isa", "Kernel")]
    [MemberData(nameof(Few))]
    public void The_engine_agrees_with_the_reference_on_small_random_graphs(int seed) =>
        Check(RandomGraph.Create(1_000_000 + seed, mostSide: 9, mostChannels: 20));

    [Theory]
    [MemberData(nameof(Many))]
    public void The_engine_agrees_with_the_reference_on_random_graphs(int seed) => Check(RandomGraph.Create(seed));

    [Theory]
    [MemberData(nameof(Nets))]
    public void The_engine_agrees_with_the_reference_on_random_MogaNets(int seed) => Check(RandomMogaNet.Create(seed));

    private static void Check(GraphCase c)
    {
        using var engine = new CpuEngine(new(Threads: 2));
        ErrorModel.AssertClose(c, c.Run(engine));
    }
}
