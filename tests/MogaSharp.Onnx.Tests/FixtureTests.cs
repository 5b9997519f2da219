using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Onnx.Tests;

/// <summary>Every catalogue size and every option, exported to a file and run by ONNX Runtime, against the official outputs.</summary>
public sealed class FixtureTests
{
    public static TheoryData<string> Cases => [.. MogaNetFixture.Names];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_exported_file_gives_the_official_outputs(string name)
    {
        Judge.Require();
        MogaNetFixture official = MogaNetFixture.Load(name);
        using var folder = new TemporaryFolder();
        OnnxExporter.Export(official.Build(), official.Weights(), folder.At("model.onnx"));
        using var session = new OnnxRuntimeSession(folder.At("model.onnx"));
        foreach ((string output, Tensor tensor) in session.Run(official.Input))
        {
            Assert.Equal(official.Expected.StatedShape(output), tensor.Shape);
            double difference = official.Expected.Difference(output, tensor.Data), noise = official.Expected.Noise(output);
            TestContext.Current.TestOutputHelper?.WriteLine($"{output}: difference {difference:E2}, {difference / noise:F1} x noise");
            // The fixtures' README: within about 20 times the official float32 noise.
            Assert.InRange(difference, 0, 20 * noise);
        }
    }

    // The others are too slow for the reference's plain loops; the fixtures have them.
    public static TheoryData<string> SizesForTheReference => [.. MogaNetArch.Names.Take(3)];

    [Theory]
    [MemberData(nameof(SizesForTheReference))]
    public void The_exported_model_gives_what_the_reference_gives(string size)
    {
        ComputationGraph graph = new MogaNet(new() { Arch = MogaNetArch.Parse(size) }).Build(new Shape(1, 3, 32, 32));
        Judge.CompareWithReference(graph, FormulaWeights.Create(graph.Parameters), new(), 1e-5, FormulaWeights.Input(new Shape(1, 3, 32, 32)));
    }
}
