using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.OnnxRuntime;
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
        MogaNetFixture official = MogaNetFixture.Load(name);
        using var folder = new TemporaryFolder();
        OnnxExporter.Export(official.Build(), official.Weights(), folder.At("model.onnx"));
        using var session = new OnnxRuntimeModel(folder.At("model.onnx"));
        foreach ((string output, Tensor tensor) in session.Run(official.Input))
        {
            Assert.Equal(official.Expected.StatedShape(output), tensor.Shape);
            double difference = official.Expected.Difference(output, tensor.Data),
                noise = official.Expected.Noise(output);
            TestContext.Current.TestOutputHelper?.WriteLine($"{output}: difference {difference:E2}, {difference / noise:F1} x noise");
            // The fixtures' README: within about 20 times the official float32 noise.
            Assert.InRange(difference, 0, 20 * noise);
        }
    }

    private static readonly bool IsLong = Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1";

    // The larger sizes use no op that the others do not.
    public static TheoryData<string, int> Networks =>
        new(
            from name in NetworkFixture.Names
            where
                IsLong
                || !(
                    name.Contains("_small", StringComparison.Ordinal)
                    || name.Contains("_base", StringComparison.Ordinal)
                    || name.Contains("_large", StringComparison.Ordinal)
                )
            from opset in name.StartsWith("custom", StringComparison.Ordinal)
                ? new[] { OnnxExportOptions.OldestOpset, OnnxExportOptions.NewestOpset }
                : [OnnxExportOptions.OldestOpset]
            select (name, opset)
        );

    [Theory]
    [MemberData(nameof(Networks))]
    public void The_exported_network_gives_the_official_outputs(string name, int opset)
    {
        NetworkFixture official = NetworkFixture.Load(name);
        IReadOnlyDictionary<string, Tensor> results = Run(official.Build(), official.Weights(), official.Input, opset);
        Assert.All(results, result => Assert.InRange(official.Difference(result.Key, result.Value), 0, official.Tolerance(result.Key)));
    }

    public static TheoryData<string, int> Predictors =>
        new(
            from name in IsLong ? SimVpFixture.SmallNames.Concat(SimVpFixture.MovingMnistNames) : SimVpFixture.SmallNames
            from opset in new[] { OnnxExportOptions.OldestOpset, OnnxExportOptions.NewestOpset }
            select (name, opset)
        );

    [Theory]
    [MemberData(nameof(Predictors))]
    public void The_exported_predictor_gives_the_official_clips(string name, int opset)
    {
        SimVpFixture official = SimVpFixture.Load(name);
        IReadOnlyDictionary<string, Tensor> results = Run(official.Build(), official.Weights(), official.Input, opset);
        foreach ((string output, string fixture) in official.Outputs)
        {
            Assert.Equal(official.Expected.StatedShape(fixture), results[output].Shape);
            Assert.InRange(official.Expected.Difference(fixture, results[output].Data), 0, official.ToleranceOf(fixture));
        }
    }

    private static IReadOnlyDictionary<string, Tensor> Run(ComputationGraph graph, WeightSet weights, Tensor input, int opset)
    {
        using var folder = new TemporaryFolder();
        OnnxExporter.Export(graph, weights, folder.At("model.onnx"), new() { Opset = opset });
        using var session = new OnnxRuntimeModel(folder.At("model.onnx"));
        return session.Run(input);
    }

    // The others are too slow for the reference's plain loops; the fixtures have them.
    public static TheoryData<string> SizesForTheReference => [.. MogaNetArch.Names.Take(3)];

    [Theory]
    [MemberData(nameof(SizesForTheReference))]
    public void The_exported_model_gives_what_the_reference_gives(string size)
    {
        ComputationGraph graph = new MogaNetOptions { Arch = MogaNetArch.Parse(size) }
            .CreateDefinition()
            .Build(new Shape(1, 3, 32, 32));
        Judge.CompareWithReference(
            graph,
            FormulaWeights.Create(graph.Parameters),
            new(),
            1e-5,
            FormulaWeights.Input(new Shape(1, 3, 32, 32))
        );
    }
}
