using System.Diagnostics;
using MogaSharp.Graph;
using MogaSharp.Onnx;
using MogaSharp.OnnxRuntime;

namespace MogaSharp.Cli;

/// <summary>ONNX Runtime on what <c>moga export</c> writes, with our weights and input.</summary>
internal sealed class OnnxRuntimePeer : IBenchmarkPeer
{
    private readonly OnnxRuntimeModel _model;
    private readonly Tensor[] _inputs;
    private readonly Tensor[] _outputs;

    public OnnxRuntimePeer(BenchmarkCase benchmark, int threads)
    {
        (ComputationGraph graph, Shape input) = benchmark;
        _inputs = [benchmark.X];
        _outputs = [.. graph.InferOutputShapes(input).Select(shape => new Tensor(shape))];
        _model = new OnnxRuntimeModel(OnnxExporter.Export(graph, benchmark.Weights), new OnnxRuntimeOptions { Threads = threads });
    }

    public string Name { get; } = $"ONNX Runtime {OnnxRuntimeModel.RuntimeVersion}";

    public IReadOnlyList<Tensor> Outputs => _outputs;

    public double Step()
    {
        long start = Stopwatch.GetTimestamp();
        _model.Run(_inputs, _outputs);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    public void Dispose() => _model.Dispose();
}
