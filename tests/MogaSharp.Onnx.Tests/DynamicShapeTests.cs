using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.OnnxRuntime;
using MogaSharp.Testing;

namespace MogaSharp.Onnx.Tests;

/// <summary>Open batch, rows and columns.</summary>
public sealed class DynamicShapeTests
{
    private static readonly MogaNetOptions Small = new()
    {
        Arch = new([16, 32], [1, 1], [4, 2]),
        NumClasses = 7,
        PatchEmbeds = [PatchEmbedKind.ConvEmbed, PatchEmbedKind.Conv],
    };

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void With_an_open_batch_any_number_of_images_runs(int batch) =>
        Compare(new() { DynamicBatch = true }, new Shape(batch, 3, 32, 32));

    [Theory]
    [InlineData(32, 32)]
    [InlineData(45, 23)]
    [InlineData(64, 96)]
    public void With_open_sides_any_size_runs(int height, int width) =>
        Compare(new() { DynamicBatch = true, DynamicSize = true }, new Shape(2, 3, height, width));

    [Fact]
    public void Group_norm_keeps_open_shapes()
    {
        ComputationGraph graph = OpCases.All["group norm, four groups"];
        Judge.CompareWithReference(
            graph,
            FormulaWeights.Create(graph.Parameters),
            new() { DynamicBatch = true, DynamicSize = true },
            1e-6,
            FormulaWeights.Input(new Shape(3, 8, 7, 9))
        );
    }

    public static TheoryData<string> OpsOfAnySize => [.. OpCases.ByName.Values.Where(one => !one.HasFixedSize).Select(one => one.Name)];

    public static TheoryData<string> OpsOfOneSize => [.. OpCases.ByName.Values.Where(one => one.HasFixedSize).Select(one => one.Name)];

    [Theory]
    [MemberData(nameof(OpsOfAnySize))]
    public void An_op_takes_any_batch_and_size(string name) =>
        CompareOnAnotherMap(name, new() { DynamicBatch = true, DynamicSize = true }, new Shape(4, 8, 13, 9));

    [Theory]
    [MemberData(nameof(OpsOfOneSize))]
    public void An_op_of_one_size_takes_any_batch(string name)
    {
        ComputationGraph graph = OpCases.All[name];
        Assert.Throws<OnnxExportException>(() =>
            OnnxExporter.Export(graph, FormulaWeights.Create(graph.Parameters), new() { DynamicSize = true })
        );
        CompareOnAnotherMap(name, new() { DynamicBatch = true }, OpCases.Small.With(0, 6));
    }

    [Fact]
    public void A_fourier_transform_says_why_its_size_is_fixed()
    {
        ComputationGraph graph = OpCases.All["global filter"];
        var refused = Assert.Throws<OnnxExportException>(() =>
            OnnxExporter.Export(graph, FormulaWeights.Create(graph.Parameters), new() { DynamicSize = true })
        );
        Assert.Contains("ONNX has no Fourier transform of real maps", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Otherwise_another_batch_is_refused()
    {
        using var session = new OnnxRuntimeModel(Export(new()));
        var refused = Assert.Throws<OnnxRuntimeException>(() => session.Run(new Tensor(new Shape(2, 3, 32, 32))));
        Assert.Contains("Expected: 1", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, false, "1x3x32x32", "1x7,1x16x8x8,1x32x4x4")]
    [InlineData(true, false, "batchx3x32x32", "batchx7,batchx16x8x8,batchx32x4x4")]
    [InlineData(false, true, "1x3xheightxwidth", "1x7,1x16xstage1_heightxstage1_width,1x32xstage2_heightxstage2_width")]
    [InlineData(true, true, "batchx3xheightxwidth", "batchx7,batchx16xstage1_heightxstage1_width,batchx32xstage2_heightxstage2_width")]
    public void The_file_states_which_extents_are_open(bool batch, bool size, string input, string outputs)
    {
        var model = new ModelReader(Export(new() { DynamicBatch = batch, DynamicSize = size }));
        Assert.Equal([$"input:{input}"], model.Inputs);
        Assert.Equal(outputs.Split(',').Zip(["logits", "stage1", "stage2"], (shape, name) => $"{name}:{shape}"), model.Outputs);
    }

    [Fact]
    public void Several_inputs_have_sides_of_their_own() =>
        Assert.Equal(
            ["input:batchx8xinput_heightxinput_width", "other:batchx8xother_heightxother_width"],
            new ModelReader(
                OnnxExporter.Export(OpCases.All["sum of two inputs"], new WeightSet([]), new() { DynamicBatch = true, DynamicSize = true })
            ).Inputs
        );

    [Theory]
    [InlineData(false, false, false, "2x8x6x5", "9x5", "9x8x3x3")]
    [InlineData(false, true, false, "2x8x6x5", "regionsx5", "regionsx8x3x3")]
    [InlineData(true, false, true, "batchx8xinput_heightxinput_width", "regionsx5", "regionsx8x3x3")]
    public void The_number_of_regions_is_not_that_of_the_images(
        bool batch,
        bool regions,
        bool size,
        string input,
        string regionsInput,
        string output
    )
    {
        OnnxExportOptions options = new()
        {
            DynamicBatch = batch,
            DynamicRegions = regions,
            DynamicSize = size,
        };
        var model = new ModelReader(OnnxExporter.Export(OpCases.All["regions of a map"], new WeightSet([]), options));
        Assert.Equal([$"input:{input}", $"regions:{regionsInput}"], model.Inputs);
        Assert.Equal([$"output:{output}"], model.Outputs);
    }

    [Fact]
    public void Features_have_no_sides_to_open()
    {
        ComputationGraph graph = OpCases.All["linear"];
        var refused = Assert.Throws<OnnxExportException>(() =>
            OnnxExporter.Export(graph, FormulaWeights.Create(graph.Parameters), new() { DynamicSize = true })
        );
        Assert.Contains("2x8 has no rows and columns", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_graph_that_needs_its_batch_cannot_open_it()
    {
        var builder = new GraphBuilder();
        Value sum = builder.Input("a", new Shape(2, 3, 4, 4)) + builder.Input("b", new Shape(1, 3, 4, 4));
        ComputationGraph graph = builder.Build(new GraphOutput("output", sum));
        var refused = Assert.Throws<OnnxExportException>(() =>
            OnnxExporter.Export(graph, new WeightSet([]), new() { DynamicBatch = true })
        );
        Assert.Contains("with an open batch", refused.Message, StringComparison.Ordinal);
    }

    private static void CompareOnAnotherMap(string name, OnnxExportOptions options, Shape map)
    {
        ComputationGraph graph = OpCases.All[name];
        Judge.CompareWithReference(
            graph,
            FormulaWeights.Create(graph.Parameters),
            options,
            1e-6,
            OpCase.Inputs(OpCases.ByName[name].Build(map))
        );
    }

    private static ComputationGraph Graph => Small.CreateDefinition().Build(new Shape(1, 3, 32, 32), ModelOutputs.All);

    private static byte[] Export(OnnxExportOptions options) => OnnxExporter.Export(Graph, FormulaWeights.Create(Graph.Parameters), options);

    private static void Compare(OnnxExportOptions options, Shape input) =>
        Judge.CompareWithReference(Graph, FormulaWeights.Create(Graph.Parameters), options, 1e-5, FormulaWeights.Input(input));
}
