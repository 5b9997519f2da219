using System.Diagnostics;
using MogaSharp.Cpu;
using MogaSharp.Graph;

namespace MogaSharp.Cli;

/// <summary>What was measured of one network; times in milliseconds per run.</summary>
internal sealed record BenchmarkResult
{
    public required string Model { get; init; }

    public required string Input { get; init; }

    public required int Batch { get; init; }

    public required string Engine { get; init; }

    public required int Threads { get; init; }

    public required int Runs { get; init; }

    public required double MedianMs { get; init; }

    public required double P10Ms { get; init; }

    public required double P90Ms { get; init; }

    public required double ImagesPerSecond { get; init; }

    public required double GflopPerSecond { get; init; }

    public required long AllocatedBytes { get; init; }

    /// <summary>The managed engine: the width of its vectors.</summary>
    public int? VectorBits { get; init; }

    /// <summary>The managed engine: the share of the multiply-add peak of its threads, 0 to 1.</summary>
    public double? PeakShare { get; init; }

    /// <summary>The managed engine: arena and scratch of a run.</summary>
    public long? ArenaBytes { get; init; }

    /// <summary>From an image file: the share of the time that is not the networks', 0 to 1.</summary>
    public double? OutsideShare { get; init; }

    /// <summary>The peer and its version.</summary>
    public string? Peer { get; init; }

    public double? PeerMedianMs { get; init; }

    public double? PeerP10Ms { get; init; }

    public double? PeerP90Ms { get; init; }

    /// <summary>The peer's median over ours.</summary>
    public double? Ratio { get; init; }

    /// <summary>The 10th and 90th percentile of the ratios of neighboring runs.</summary>
    public double? RatioP10 { get; init; }

    public double? RatioP90 { get; init; }

    /// <summary>The largest difference of an output, over the largest output; null for a peer with other weights.</summary>
    public double? PeerDifference { get; init; }
}

/// <summary>A network with random weights and an input to measure it on.</summary>
internal sealed record BenchmarkCase(ComputationGraph Graph, Shape Input)
{
    public WeightSet Weights { get; } = WeightInitializer.Create(Graph.Parameters, seed: 0);

    /// <summary>(N, C, H, W), clips (N, T, C, H, W).</summary>
    public Tensor X { get; } = Random(Input);

    private static Tensor Random(Shape shape)
    {
        var random = new Random(0);
        return new(shape, [.. Enumerable.Range(0, checked((int)shape.ElementCount)).Select(_ => (random.NextSingle() * 4) - 2)]);
    }
}

/// <summary>Measures a network with random weights and inputs, in turn with a peer (A B A B) when asked.</summary>
internal static class Benchmark
{
    private const int WarmUp = 8,
        MaxRuns = 100_000;

    /// <param name="engine">The engine.</param>
    /// <param name="threads">The threads that the engine computes with.</param>
    /// <param name="model">The network's name.</param>
    /// <param name="benchmark">The network and its input.</param>
    /// <param name="duration">How long to measure.</param>
    /// <param name="peakGflops">The multiply-add peak of the threads.</param>
    /// <param name="startPeer">Starts what runs in turn; null for nothing.</param>
    /// <param name="cancellationToken">Looked at between runs.</param>
    public static BenchmarkResult Measure(
        IInferenceEngine engine,
        int threads,
        string model,
        BenchmarkCase benchmark,
        TimeSpan duration,
        double peakGflops,
        Func<BenchmarkCase, IBenchmarkPeer>? startPeer,
        CancellationToken cancellationToken
    )
    {
        (ComputationGraph graph, Shape input) = benchmark;
        using IInferenceSession session = engine.CreateSession(graph, benchmark.Weights);
        Tensor x = benchmark.X;
        Tensor[] outputs = session.CreateOutputs(input);
        using IBenchmarkPeer? peer = startPeer?.Invoke(benchmark);
        BenchmarkResult result = Measure(() => session.Run([x], outputs, cancellationToken), peer, duration) with
        {
            Model = model,
            Input = input.ToString(),
            Batch = input[0],
            Engine = engine.Name,
            Threads = threads,
        };
        result = WithRate(result, graph.TotalCost(input).MultiplyAdds, input[0]);
        if (session is CpuSession managed)
            result = result with
            {
                VectorBits = CpuSession.VectorLanes * 32,
                PeakShare = result.GflopPerSecond / peakGflops,
                ArenaBytes = managed.MemoryBytes(input),
            };
        return peer?.Outputs is { } theirs ? result with { PeerDifference = outputs.Zip(theirs, Difference).Max() } : result;
    }

    /// <summary>Measures something, in turn with a peer; the result says nothing of what it is.</summary>
    /// <param name="step">Does it once.</param>
    /// <param name="peer">What runs in turn; null for nothing.</param>
    /// <param name="duration">How long to measure.</param>
    public static BenchmarkResult Measure(Action step, IBenchmarkPeer? peer, TimeSpan duration)
    {
        for (int i = 0; i < WarmUp; i++)
        {
            step();
            peer?.Step();
        }

        List<double> times = new(MaxRuns),
            peerTimes = new(MaxRuns);
        long allocated = 0;
        for (var clock = Stopwatch.StartNew(); (clock.Elapsed < duration || times.Count < 10) && times.Count < MaxRuns; )
        {
            long before = GC.GetAllocatedBytesForCurrentThread(),
                start = Stopwatch.GetTimestamp();
            step();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            if (peer is not null)
                peerTimes.Add(peer.Step());
        }

        var result = new BenchmarkResult
        {
            Model = "",
            Input = "",
            Batch = 1,
            Engine = "",
            Threads = 0,
            Runs = times.Count,
            MedianMs = Percentile(times, 50),
            P10Ms = Percentile(times, 10),
            P90Ms = Percentile(times, 90),
            ImagesPerSecond = 0,
            GflopPerSecond = 0,
            AllocatedBytes = allocated / times.Count,
        };
        if (peer is null)
            return result;
        List<double> ratios = [.. peerTimes.Zip(times, (theirs, ours) => theirs / ours)];
        return result with
        {
            Peer = peer.Name,
            PeerMedianMs = Percentile(peerTimes, 50),
            PeerP10Ms = Percentile(peerTimes, 10),
            PeerP90Ms = Percentile(peerTimes, 90),
            Ratio = Percentile(peerTimes, 50) / result.MedianMs,
            RatioP10 = Percentile(ratios, 10),
            RatioP90 = Percentile(ratios, 90),
        };
    }

    /// <summary>A result with what was done in its time.</summary>
    /// <param name="result">The result.</param>
    /// <param name="multiplyAdds">Of a run.</param>
    /// <param name="batch">Images of a run.</param>
    public static BenchmarkResult WithRate(BenchmarkResult result, long multiplyAdds, int batch) =>
        result with
        {
            ImagesPerSecond = 1000 * batch / result.MedianMs,
            GflopPerSecond = 2e-6 * multiplyAdds / result.MedianMs,
        };

    private static double Difference(Tensor ours, Tensor theirs)
    {
        double largest = theirs.Data.Max(Math.Abs);
        return ours.Data.Zip(theirs.Data, (a, b) => Math.Abs((double)a - b)).Max() / Math.Max(largest, 1e-30);
    }

    /// <summary>The value that a share of all values does not exceed.</summary>
    /// <param name="values">At least one.</param>
    /// <param name="percent">The share, 0 to 100.</param>
    public static double Percentile(List<double> values, int percent)
    {
        double[] sorted = [.. values.Order()];
        return sorted[Math.Min(sorted.Length - 1, sorted.Length * percent / 100)];
    }
}
