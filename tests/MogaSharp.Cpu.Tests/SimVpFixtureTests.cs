using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Cpu.Tests;

/// <summary>SimVP with all its translators against the official code.</summary>
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
    public void The_engine_gives_the_official_outputs(string name)
    {
        SimVpFixture official = SimVpFixture.Load(name);
        ComputationGraph graph = official.Build();
        WeightSet weights = official.Weights();
        // The Moving MNIST networks are the small ones with more channels, so what is computed in between is looked at in those.
        if (SimVpFixture.SmallNames.Contains(name))
            Check(official, graph, weights);
        // Without the outputs in between more is fused.
        Check(official, graph.WithOutputs([.. graph.Outputs.Where(output => output.Name == "output")]), weights);
    }

    private static void Check(SimVpFixture official, ComputationGraph graph, WeightSet weights)
    {
        using var engine = new CpuEngine(new(Threads: 2));
        using CpuSession session = engine.CreateSession(graph, weights);
        Assert.NotEmpty(graph.Outputs);
        IReadOnlyDictionary<string, string> names = official.Outputs;
        foreach ((string output, Tensor tensor) in session.Run(official.Input, TestContext.Current.CancellationToken))
            if (names.TryGetValue(output, out string? fixture))
                Assert.InRange(official.Expected.Difference(fixture, tensor.Data), 0, official.ToleranceOf(fixture));
    }
}
