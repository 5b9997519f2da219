using MogaSharp.Graph;
using MogaSharp.Onnx;
using MogaSharp.Testing;

namespace MogaSharp.OnnxRuntime.Tests;

/// <summary>Models from files and bytes: the judge of exported files.</summary>
public sealed class OnnxRuntimeModelTests
{
    private static readonly MogaNetFixture Custom = MogaNetFixture.Load("custom_64_b2");

    [Theory]
    [InlineData(OnnxRuntimeOptimization.None)]
    [InlineData(OnnxRuntimeOptimization.Basic)]
    [InlineData(OnnxRuntimeOptimization.Extended)]
    [InlineData(OnnxRuntimeOptimization.All)]
    public void All_levels_and_thread_counts_agree(OnnxRuntimeOptimization level)
    {
        using OnnxRuntimeModel model = Load(new() { Optimization = level, Threads = 1 + ((int)level % 2) });
        float[] logits = model.Run(Custom.Input)["logits"].Data;
        Assert.InRange(Custom.Expected.Difference("logits", logits), 0, 20 * Custom.Expected.Noise("logits"));
    }

    [Fact]
    public void Tensors_of_the_callers_are_read_and_written_in_place()
    {
        using OnnxRuntimeModel model = Load(new() { Threads = 1 });
        IReadOnlyDictionary<string, Tensor> expected = model.Run(Custom.Input);
        var input = new Tensor(Custom.InputShape);
        Tensor[] outputs = [.. model.OutputNames.Select(name => new Tensor(expected[name].Shape))];
        model.Run([input], outputs, TestContext.Current.CancellationToken);
        Assert.NotEqual(expected["logits"].Data, outputs[0].Data);
        Custom.Input.Data.CopyTo(input.Data, 0);
        model.Run([input], outputs, TestContext.Current.CancellationToken);
        for (int i = 0; i < outputs.Length; i++)
            Assert.Equal(expected[model.OutputNames[i]].Data, outputs[i].Data);
    }

    [Fact]
    public void Tensors_that_do_not_fit_are_refused()
    {
        using OnnxRuntimeModel model = Load(new());
        Assert.Equal("The model has 1 input(s), 0 tensor(s) were given.", Assert.Throws<OnnxRuntimeException>(() => model.Run()).Message);
        Assert.Contains(
            "output(s), 0",
            Assert.Throws<OnnxRuntimeException>(() => model.Run([Custom.Input], [], TestContext.Current.CancellationToken)).Message,
            StringComparison.Ordinal
        );
        Tensor[] wrong = [.. model.OutputNames.Select(_ => new Tensor(new Shape(1)))];
        Assert.Throws<OnnxRuntimeException>(() => model.Run([Custom.Input], wrong, TestContext.Current.CancellationToken));
        Assert.Contains(
            "Expected: 64",
            Assert.Throws<OnnxRuntimeException>(() => model.Run(new Tensor(new Shape(2, 3, 32, 64)))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_is_no_model_is_refused()
    {
        Assert.Contains(
            "no such file.onnx",
            Assert.Throws<OnnxRuntimeException>(() => new OnnxRuntimeModel("no such file.onnx")).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<OnnxRuntimeException>(() => new OnnxRuntimeModel([1, 2, 3]));
    }

    [Fact]
    public void A_disposed_model_does_not_run()
    {
        OnnxRuntimeModel model = Load(new());
        model.Dispose();
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Run(Custom.Input));
    }

    private static OnnxRuntimeModel Load(OnnxRuntimeOptions options) => new(OnnxExporter.Export(Custom.Build(), Custom.Weights()), options);
}
