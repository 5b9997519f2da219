using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Cpu.Tests;

public sealed class MogaNetFixtureTests
{
    // The small ones are run once more without some of the machine's instructions.
    public static IEnumerable<TheoryDataRow<string>> Cases =>
        MogaNetFixture.Names.Select(name =>
            name.StartsWith("custom_", StringComparison.Ordinal) ? new TheoryDataRow<string>(name).WithTrait("Isa", "Kernel") : new(name)
        );

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_engine_gives_the_official_outputs(string name)
    {
        MogaNetFixture official = MogaNetFixture.Load(name);
        using var engine = new CpuEngine();
        using CpuSession session = engine.CreateSession(official.Build(), official.Weights());
        foreach ((string output, Tensor tensor) in session.Run(official.Input, TestContext.Current.CancellationToken))
        {
            Assert.Equal(official.Expected.StatedShape(output), tensor.Shape);
            // The fixtures' README: within about 20 times the official float32 noise.
            Assert.InRange(official.Expected.Difference(output, tensor.Data), 0, 20 * official.Expected.Noise(output));
        }
    }
}
