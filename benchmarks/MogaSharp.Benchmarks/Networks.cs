using BenchmarkDotNet.Attributes;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Benchmarks;

/// <summary>Whole networks; <c>moga bench</c> measures the same in turn with a peer.</summary>
public class NetworkBenchmark
{
    private CpuEngine _engine = null!;
    private CpuSession _session = null!;
    private Tensor[] _inputs = null!;
    private Tensor[] _outputs = null!;

    [Params("x-tiny", "tiny", "small")]
    public string Arch { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        var shape = new Shape(1, 3, 224, 224);
        ComputationGraph graph = new MogaNetOptions { Arch = MogaNetArch.Parse(Arch) }
            .CreateDefinition()
            .Build(shape);
        _engine = new CpuEngine();
        _session = _engine.CreateSession(graph, WeightInitializer.Create(graph.Parameters, seed: 0));
        _inputs = [new Tensor(shape)];
        _outputs = _session.CreateOutputs(shape);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _session.Dispose();
        _engine.Dispose();
    }

    [Benchmark]
    public void Forward() => _session.Run(_inputs, _outputs);
}
