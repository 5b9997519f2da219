using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Cpu.Tests;

/// <summary>HorNet, ConvNeXt and Swin Transformer against their official code.</summary>
public sealed class NetworkFixtureTests
{
    // The small ones are run once more without some of the machine's instructions.
    public static IEnumerable<TheoryDataRow<string>> Cases =>
        NetworkFixture.Names.Select(name =>
            NetworkFixture.Small.Contains(name) ? new TheoryDataRow<string>(name).WithTrait("Isa", "Kernel") : new(name)
        );

    private static readonly string[] Larger = ["_small", "_base", "_large"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_engine_gives_the_official_outputs(string name)
    {
        NetworkFixture official = NetworkFixture.Load(name);
        ComputationGraph graph = official.Build();
        WeightSet weights = official.Weights();
        // The larger sizes have no module that their tiny ones lack, so what a network computes in between is looked at in those.
        if (!Larger.Any(size => name.Contains(size, StringComparison.Ordinal)))
            Check(official, graph, weights);
        // Without the outputs in between more is fused.
        Check(official, graph.WithOutputs([.. graph.Outputs.Where(output => output.Name == "logits")]), weights);
    }

    private static void Check(NetworkFixture official, ComputationGraph graph, WeightSet weights)
    {
        using var engine = new CpuEngine(new(Threads: 2));
        using CpuSession session = engine.CreateSession(graph, weights);
        Assert.NotEmpty(graph.Outputs);
        foreach ((string output, Tensor tensor) in session.Run(official.Input, TestContext.Current.CancellationToken))
        {
            // Modules within state no noise of their own.
            string stated = official.Expected.Metadata.ContainsKey(output + ".f32_noise") ? output : "logits";
            Assert.InRange(official.Difference(output, tensor), 0, official.Tolerance(stated));
        }
    }
}
