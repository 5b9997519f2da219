using MogaSharp.Graph;
using MogaSharp.Onnx.Native;
using MogaSharp.Testing;

namespace MogaSharp.Onnx.Tests;

/// <summary>The judge itself: bindings, errors, and what is said where it is not installed.</summary>
public sealed class OnnxRuntimeSessionTests
{
    private static readonly MogaNetFixture Custom = MogaNetFixture.Load("custom_64_b2");

    [Theory]
    [InlineData(OnnxRuntimeOptimization.None)]
    [InlineData(OnnxRuntimeOptimization.Basic)]
    [InlineData(OnnxRuntimeOptimization.Extended)]
    [InlineData(OnnxRuntimeOptimization.All)]
    public void All_levels_and_thread_counts_agree(OnnxRuntimeOptimization level)
    {
        using OnnxRuntimeSession session = Load(new() { Optimization = level, IntraOpThreads = 1 + ((int)level % 2) });
        float[] logits = session.Run(Custom.Input)["logits"].Data;
        Assert.InRange(Custom.Expected.Difference("logits", logits), 0, 20 * Custom.Expected.Noise("logits"));
    }

    [Fact]
    public void A_binding_reads_and_writes_in_place_without_allocating()
    {
        using OnnxRuntimeSession session = Load(new() { IntraOpThreads = 1 });
        var expected = session.Run(Custom.Input);
        var input = new Tensor(Custom.InputShape);
        Tensor[] outputs = [.. session.OutputNames.Select(name => new Tensor(expected[name].Shape))];
        using OnnxRuntimeBinding binding = session.Bind([input], outputs);
        binding.Run();
        Assert.NotEqual(expected["logits"].Data, outputs[0].Data);
        Custom.Input.Data.CopyTo(input.Data, 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        binding.Run();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        for (int i = 0; i < outputs.Length; i++) Assert.Equal(expected[session.OutputNames[i]].Data, outputs[i].Data);
    }

    [Fact]
    public void A_binding_outlives_its_session_but_not_itself()
    {
        OnnxRuntimeSession session = Load(new());
        Tensor[] outputs = [.. session.Run(Custom.Input).Values.Select(tensor => new Tensor(tensor.Shape))];
        OnnxRuntimeBinding binding = session.Bind([Custom.Input], outputs);
        session.Dispose();
        binding.Run();
        binding.Dispose();
        binding.Dispose();
        Assert.Throws<ObjectDisposedException>(binding.Run);
        Assert.Throws<ObjectDisposedException>(() => session.Run(Custom.Input));
        Assert.Throws<ObjectDisposedException>(() => session.Bind([Custom.Input], outputs));
    }

    [Fact]
    public void Tensors_that_do_not_fit_are_refused()
    {
        using OnnxRuntimeSession session = Load(new());
        Assert.Contains("1 input(s), 0", Assert.Throws<OnnxRuntimeException>(() => session.Run()).Message, StringComparison.Ordinal);
        Assert.Contains("output(s), 0", Assert.Throws<OnnxRuntimeException>(() => session.Bind([Custom.Input], [])).Message, StringComparison.Ordinal);
        Tensor[] wrong = [.. session.OutputNames.Select(_ => new Tensor(new Shape(1)))];
        using OnnxRuntimeBinding binding = session.Bind([Custom.Input], wrong);
        Assert.Throws<OnnxRuntimeException>(binding.Run);
    }

    [Fact]
    public void What_is_no_model_is_refused()
    {
        Judge.Require();
        Assert.Throws<OnnxRuntimeException>(() => new OnnxRuntimeSession("no such file.onnx"));
        Assert.Throws<OnnxRuntimeException>(() => new OnnxRuntimeSession([1, 2, 3]));
    }

    [Fact]
    public void A_missing_library_is_named_with_the_way_to_install_it()
    {
        Assert.Contains("npm i --ignore-scripts onnxruntime-node --prefix artifacts", OrtLibrary.TryLoad(null).Failure, StringComparison.Ordinal);
        (OrtApi? api, string failure) = OrtLibrary.TryLoad("/nonexistent/libonnxruntime.so");
        Assert.Null(api);
        Assert.Contains("'/nonexistent/libonnxruntime.so'. Install it: ", failure, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_library_is_not_taken_for_it() =>
        Assert.Contains("is not ONNX Runtime", OrtLibrary.TryLoad(OperatingSystem.IsWindows() ? "kernel32.dll" : "libc.so.6").Failure, StringComparison.Ordinal);

    [Fact]
    public void The_library_is_found_from_folders_below()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("The layout is the one for Linux.");
        using var folder = new TemporaryFolder();
        string below = Directory.CreateDirectory(folder.At("a/b")).FullName;
        Assert.Null(OrtLibrary.FindLibrary(below));
        string architecture = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        string home = Directory.CreateDirectory(folder.At($"artifacts/node_modules/onnxruntime-node/bin/napi-v6/linux/{architecture}")).FullName;
        File.WriteAllText(Path.Combine(home, "libonnxruntime.so.1"), "");
        Assert.Equal(Path.Combine(home, "libonnxruntime.so.1"), OrtLibrary.FindLibrary(below));
    }

    private static OnnxRuntimeSession Load(OnnxRuntimeOptions options)
    {
        Judge.Require();
        return new OnnxRuntimeSession(Judge.Export(Custom.Build(), Custom.Weights()), options);
    }
}
