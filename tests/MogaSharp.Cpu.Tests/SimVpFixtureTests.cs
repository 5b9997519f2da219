using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Cpu.Tests;

public sealed class SimVpFixtureTests
{
    // The small ones are run once more without some of the machine's instructions.
    public static IEnumerable<TheoryDataRow<string>> Cases =>
    [
        .. SimVpFixture.SmallNames.Select(name => new TheoryDataRow<string>(name).WithTrait("Isa", "Kernel")),
        .. SimVpFixture.MovingMnistNames.Select(name => new TheoryDataRow<string>(name)),
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_engine_gives_the_official_outputs_of_every_module(string name)
    {
        SimVpFixture official = SimVpFixture.Load(name);
        using var engine = new CpuEngine();
        using CpuSession session = engine.CreateSession(official.Build(), official.Weights());
        IReadOnlyDictionary<string, Tensor> results = session.Run(official.Input, TestContext.Current.CancellationToken);
        Assert.NotEmpty(official.Outputs);
        foreach ((string output, string fixture) in official.Outputs)
        {
            Assert.Equal(official.Expected.StatedShape(fixture), results[output].Shape);
            Assert.InRange(official.Expected.Difference(fixture, results[output].Data), 0, official.Tolerance(fixture));
        }
    }
}
