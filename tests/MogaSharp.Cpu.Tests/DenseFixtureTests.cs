using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Cpu.Tests;

/// <summary>Networks for dense tasks against the official code.</summary>
public sealed class DenseFixtureTests
{
    // A photograph's input is not known in full; the tests of the tasks make it.
    // The larger networks have the same layers; they are for the long mode.
    public static TheoryData<string> Cases =>
        [
            .. (Seeds.IsLong ? DenseFixture.Names : [.. DenseFixture.OnePerKind, "segmentation/semantic_fpn/moganet_xt_512x512"]).Where(
                name => !name.Contains("photo", StringComparison.Ordinal)
            ),
        ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_engine_gives_the_official_outputs(string name)
    {
        DenseFixture official = DenseFixture.Load(name);
        Assert.True(official.Expected.Difference("input", official.Input.Data) < 1e-6);
        ComputationGraph graph = official.Build();
        WeightSet weights = official.Weights();
        Check(official, graph, weights);
        // Without the outputs in between more is fused.
        Check(official, graph.WithOutputs([.. graph.Outputs.Where(output => !output.Name.Contains('.'))]).Pruned(), weights);
    }

    private static void Check(DenseFixture official, ComputationGraph graph, WeightSet weights)
    {
        using var engine = new CpuEngine(new(Threads: 2));
        using CpuSession session = engine.CreateSession(graph, weights);
        Assert.NotEmpty(graph.Outputs);
        foreach ((string output, Tensor tensor) in session.Run(official.Input, TestContext.Current.CancellationToken))
        {
            double tolerance =
                output.Contains("logits", StringComparison.Ordinal) ? 1e-3
                : output == "heatmap" ? 2e-4
                : 3e-4 * (1 + official.Largest(output));
            Assert.InRange(official.Expected.Difference(output, tensor.Data), 0, tolerance);
        }
    }
}
