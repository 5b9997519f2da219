using MogaSharp.Graph;
using MogaSharp.OnnxRuntime;
using MogaSharp.Testing;

namespace MogaSharp.Onnx.Tests;

/// <summary>Files: external data, replacement, failures that leave nothing behind.</summary>
public sealed class FileTests : IDisposable
{
    private static readonly MogaNetFixture Custom = MogaNetFixture.Load("custom_64_b2");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_path_gets_the_same_bytes_as_a_stream_and_an_array()
    {
        Export("model.onnx");
        using var stream = new MemoryStream();
        OnnxExporter.Export(Custom.Build(), Custom.Weights(), stream);
        Assert.Equal(File.ReadAllBytes(_folder.At("model.onnx")), stream.ToArray());
        Assert.Equal(["model.onnx"], _folder.FileNames);
        Assert.Equal(OnnxExporter.Export(Custom.Build(), Custom.Weights()), File.ReadAllBytes(_folder.At("model.onnx")));
    }

    [Fact]
    public void Above_the_threshold_weights_lie_beside_the_model()
    {
        Export("a model.onnx", External);
        Assert.Equal(["a model.onnx", "a model.onnx.data"], _folder.FileNames);
        byte[] data = File.ReadAllBytes(_folder.At("a model.onnx.data"));
        WeightSet weights = Custom.Weights();
        TensorEntry[] initializers = [.. new ModelReader(File.ReadAllBytes(_folder.At("a model.onnx"))).Initializers];
        Assert.Contains(initializers, tensor => tensor.IsExternal);
        long end = 0;
        foreach (TensorEntry tensor in initializers)
        {
            Assert.Equal(tensor.Shape.ElementCount * sizeof(float) >= 1024, tensor.IsExternal);
            if (!tensor.IsExternal)
                continue;
            Assert.Empty(tensor.Raw);
            Assert.Equal("a model.onnx.data", tensor.External["location"]);
            int offset = int.Parse(tensor.External["offset"]),
                length = int.Parse(tensor.External["length"]);
            Assert.True(offset >= end && offset % 4096 == 0);
            Assert.Equal(weights[tensor.Name].Data, (tensor with { Raw = data[offset..(offset + length)] }).Floats);
            end = offset + length;
        }

        Assert.Equal(end, data.Length);
    }

    [Fact]
    public void External_data_gives_the_same_outputs()
    {
        Export("model.onnx", External);
        Export("inline.onnx");
        using var external = new OnnxRuntimeModel(_folder.At("model.onnx"));
        using var inline = new OnnxRuntimeModel(_folder.At("inline.onnx"));
        Assert.Equal(inline.Run(Custom.Input)["logits"].Data, external.Run(Custom.Input)["logits"].Data);
    }

    [Fact]
    public void External_data_is_the_same_every_time()
    {
        Export("model.onnx", External);
        byte[][] first = [File.ReadAllBytes(_folder.At("model.onnx")), File.ReadAllBytes(_folder.At("model.onnx.data"))];
        Export("model.onnx", External);
        Assert.Equal(first, [File.ReadAllBytes(_folder.At("model.onnx")), File.ReadAllBytes(_folder.At("model.onnx.data"))]);
    }

    [Fact]
    public void A_stream_has_no_second_file()
    {
        using var stream = new MemoryStream();
        foreach (
            Action export in (Action[])
                [
                    () => OnnxExporter.Export(Custom.Build(), Custom.Weights(), stream, External),
                    () => OnnxExporter.Export(Custom.Build(), Custom.Weights(), External),
                ]
        )
            Assert.Contains("export to a path", Assert.Throws<OnnxExportException>(export).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(OnnxExportOptions.LargestThreshold)]
    public void A_folder_that_does_not_exist_is_named(long threshold)
    {
        var refused = Assert.Throws<OnnxExportException>(() => Export("missing/model.onnx", new() { ExternalDataThreshold = threshold }));
        Assert.Contains(_folder.At("missing/model.onnx"), refused.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.FileNames);
    }

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("model.onnx.data")]
    public void A_folder_in_the_way_is_left_alone(string folder)
    {
        Directory.CreateDirectory(_folder.At(folder));
        Assert.Throws<OnnxExportException>(() => Export("model.onnx", External));
        Assert.Equal([folder], _folder.FileNames);
    }

    [Fact]
    public void A_failure_keeps_the_file_that_was_there()
    {
        File.WriteAllText(_folder.At("model.onnx"), "old");
        var weights = new WeightSet(
            Custom.Weights().Names.Where(name => name != "head.weight").Select(name => KeyValuePair.Create(name, Custom.Weights()[name]))
        );
        var refused = Assert.Throws<OnnxExportException>(() => OnnxExporter.Export(Custom.Build(), weights, _folder.At("model.onnx")));
        Assert.Equal("The weights hold no tensor 'head.weight', which the graph needs.", refused.Message);
        Assert.Equal(["model.onnx"], _folder.FileNames);
        Assert.Equal("old", File.ReadAllText(_folder.At("model.onnx")));
    }

    [Fact]
    public void A_full_stream_is_reported()
    {
        using var stream = new MemoryStream(new byte[1000]);
        var refused = Assert.Throws<OnnxExportException>(() => OnnxExporter.Export(Custom.Build(), Custom.Weights(), stream));
        Assert.Contains("stream", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_of_another_shape_is_named()
    {
        WeightSet weights = Custom.Weights().With([KeyValuePair.Create("head.bias", new Tensor(new Shape(3)))]);
        var refused = Assert.Throws<OnnxExportException>(() => OnnxExporter.Export(Custom.Build(), weights));
        Assert.StartsWith("The tensor 'head.bias' has the shape 3, the graph needs ", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(22)]
    public void Other_operator_sets_are_refused(int opset) =>
        Assert.Contains(
            "17 to 21",
            Assert
                .Throws<OnnxExportException>(() => OnnxExporter.Export(Custom.Build(), Custom.Weights(), new() { Opset = opset }))
                .Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_threshold_above_the_limit_of_the_format_is_refused() =>
        Assert.Contains(
            "at most 2000000000 bytes",
            Assert
                .Throws<OnnxExportException>(() =>
                    OnnxExporter.Export(Custom.Build(), Custom.Weights(), new() { ExternalDataThreshold = 3_000_000_000 })
                )
                .Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void An_output_named_as_the_input_is_refused()
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("x", new Shape(1, 1, 2, 2));
        ComputationGraph graph = builder.Build(new GraphOutput("x", builder.Root.Activate(ActivationKind.Relu, x)));
        Assert.Contains(
            "'x'",
            Assert.Throws<OnnxExportException>(() => OnnxExporter.Export(graph, new WeightSet([]))).Message,
            StringComparison.Ordinal
        );
    }

    private static OnnxExportOptions External => new() { ExternalDataThreshold = 1000 };

    private void Export(string name, OnnxExportOptions? options = null) =>
        OnnxExporter.Export(Custom.Build(), Custom.Weights(), _folder.At(name), options);
}
