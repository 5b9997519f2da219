using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.OnnxRuntime;
using MogaSharp.Testing;

namespace MogaSharp.Onnx.Tests;

/// <summary>What stands in the file, read without the library that wrote it and without ONNX Runtime.</summary>
public sealed class StructureTests
{
    private static readonly MogaNetFixture Custom = MogaNetFixture.Load("custom_64_b2");

    [Fact]
    public void Initialisers_are_the_official_state_dict_without_batch_counters()
    {
        ComputationGraph graph = Custom.Build();
        WeightSet weights = Custom.Weights();
        TensorEntry[] initializers =
        [
            .. Read(new()).Initializers.Where(tensor => !tensor.Name.StartsWith("constant/", StringComparison.Ordinal)),
        ];
        IEnumerable<ParameterSpec> expected = graph.Parameters.Where(spec => !spec.IsOptional);
        Assert.Equal(
            expected.Select(spec => spec.Name).Order(StringComparer.Ordinal),
            initializers.Select(tensor => tensor.Name).Order(StringComparer.Ordinal)
        );
        Assert.All(
            initializers,
            tensor =>
            {
                Assert.Equal(weights[tensor.Name].Shape, tensor.Shape);
                Assert.Equal(1, tensor.Type);
                Assert.Equal(weights[tensor.Name].Data, tensor.Floats);
            }
        );
    }

    [Theory]
    [InlineData(17, 8)]
    [InlineData(18, 8)]
    [InlineData(20, 9)]
    [InlineData(21, 10)]
    public void The_model_states_its_versions_and_producer(int opset, int irVersion)
    {
        ModelReader model = Read(
            new()
            {
                Opset = opset,
                GraphName = "moganet",
                Description = "A test.",
            }
        );
        Assert.Equal(opset, model.Opset);
        Assert.Equal(irVersion, model.IrVersion);
        Assert.Equal($"MogaSharp {typeof(OnnxExporter).Assembly.GetName().Version!.ToString(3)}", model.Producer);
        Assert.Equal("moganet", model.GraphName);
        Assert.Equal("A test.", model.Description);
    }

    [Fact]
    public void Nodes_are_standard_operators_named_after_their_modules()
    {
        string[] standard =
        [
            "Add",
            "BatchNormalization",
            "Concat",
            "Conv",
            "Div",
            "Erf",
            "Flatten",
            "Gemm",
            "GlobalAveragePool",
            "Mul",
            "Sigmoid",
            "Slice",
            "Sub",
        ];
        var nodes = Read(new()).Nodes.ToList();
        Assert.Equal(standard, nodes.Select(node => node.Type).Distinct().Order(StringComparer.Ordinal));
        Assert.All(nodes, node => Assert.Empty(node.Domain));
        Assert.Equal(nodes.Count, nodes.Select(node => node.Name).Distinct().Count());
        Assert.Contains(("Conv", "blocks1.0.attn.proj_1/Conv", "", "Conv2d"), nodes);
        Assert.Contains(("Erf", "blocks1.0.mlp/Erf", "", "Gelu"), nodes);
    }

    [Theory]
    [InlineData(19, "Erf")]
    [InlineData(20, "Gelu")]
    public void Gelu_is_one_node_from_opset_20_on(int opset, string type)
    {
        IEnumerable<string> types = Read(new() { Opset = opset })
            .Nodes.Select(node => node.Type)
            .Where(name => name is "Erf" or "Gelu")
            .Distinct();
        Assert.Equal([type], types);
    }

    [Fact]
    public void Dropout_and_stochastic_depth_leave_no_nodes()
    {
        MogaNetOptions options = Custom.Options with { DropRate = 0.1, DropPathRate = 0.2 };
        ComputationGraph graph = options.CreateDefinition().Build(Custom.InputShape, ModelOutputs.All);
        Assert.Equal(OnnxExporter.Export(Custom.Build(), Custom.Weights()), OnnxExporter.Export(graph, Custom.Weights()));
    }

    [Fact]
    public void The_same_input_gives_the_same_bytes()
    {
        var metadata = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" };
        var reversed = new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" };
        Assert.Equal(
            OnnxExporter.Export(Custom.Build(), Custom.Weights(), new() { Metadata = metadata }),
            OnnxExporter.Export(Custom.Build(), Custom.Weights(), new() { Metadata = reversed })
        );
    }

    [Fact]
    public void Metadata_is_read_back_by_reader_and_runtime()
    {
        var metadata = new Dictionary<string, string>
        {
            ["mean"] = "[0.485, 0.456, 0.406]",
            ["labels"] = "[\"Löwe\", \"猫\"]",
            ["empty"] = "",
        };
        byte[] file = OnnxExporter.Export(Custom.Build(), Custom.Weights(), new() { Metadata = metadata });
        Assert.Equal(
            metadata.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => (entry.Key, entry.Value)),
            new ModelReader(file).Metadata
        );
        using var session = new OnnxRuntimeModel(file);
        Assert.Equal(metadata, session.Metadata);
    }

    private static ModelReader Read(OnnxExportOptions options) => new(OnnxExporter.Export(Custom.Build(), Custom.Weights(), options));
}
