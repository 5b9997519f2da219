using System.Diagnostics;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>What was measured of training steps; times in milliseconds per step.</summary>
internal sealed record TrainBenchmarkResult(
    string Model,
    string Input,
    string Device,
    int Threads,
    string Amp,
    int Steps,
    double MedianMs,
    double P10Ms,
    double P90Ms,
    double ImagesPerSecond
)
{
    /// <summary>The peer and its version.</summary>
    public string? Peer { get; init; }

    public double? PeerMedianMs { get; init; }

    public double? PeerImagesPerSecond { get; init; }

    /// <summary>The peer's median over ours.</summary>
    public double? Ratio { get; init; }
}

/// <summary>Measures whole updates (upload, forward, loss, backward, AdamW or, for video, Adam) on random inputs, in turn with a peer (A B
/// A B) when asked.</summary>
internal static class TrainBenchmark
{
    private const int WarmUp = 3;

    /// <summary>Measures a model. To be called on a thread of its own.</summary>
    /// <param name="card">The model.</param>
    /// <param name="input">(N, C, H, W), clips (N, T, C, H, W).</param>
    /// <param name="amp">The type that convolutions compute in.</param>
    /// <param name="channelsLast">The layout of feature maps; null for what <c>moga train</c> takes.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="threads">Threads on the CPU.</param>
    /// <param name="duration">How long to measure.</param>
    /// <param name="startPeer">Starts what trains in turn; null for nothing.</param>
    /// <param name="cancellationToken">Looked at between steps.</param>
    public static TrainBenchmarkResult Measure(
        ModelCard card,
        Shape input,
        Precision amp,
        bool? channelsLast,
        TorchDevice device,
        int threads,
        TimeSpan duration,
        Func<IBenchmarkPeer>? startPeer,
        CancellationToken cancellationToken
    )
    {
        TorchRuntime.Threads = threads;
        TrainingRecipe recipe = TaskTraining.Of(card.Options.Task).Default() with { Amp = amp, ChannelsLast = channelsLast };
        ComputationGraph graph = card.CreateDefinition().Build(input, ModelOutputs.Training);
        using var engine = new TrainingStep(graph, card.Options, WeightInitializer.Create(graph.Parameters, 0), recipe, device);
        using IBenchmarkPeer? peer = startPeer?.Invoke();
        TrainingBatch batch = TaskTraining.Of(card.Options.Task).CreateRandomBatch(card, input, new Random(0));
        var times = new List<double>();
        var peerTimes = new List<double>();
        var clock = new Stopwatch();
        for (int step = 1; step <= WarmUp || clock.Elapsed < duration || times.Count < 5; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (step == WarmUp + 1)
                clock.Start();
            long start = Stopwatch.GetTimestamp();
            engine.Update([batch], 1e-3, step);
            double time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            double? peerTime = peer?.Step();
            if (step <= WarmUp)
                continue;
            times.Add(time);
            if (peerTime is { } theirs)
                peerTimes.Add(theirs);
        }

        double median = Benchmark.Percentile(times, 50);
        var result = new TrainBenchmarkResult(
            card.Name,
            input.ToString(),
            device.ToString(),
            threads,
            amp.ToString(),
            times.Count,
            median,
            Benchmark.Percentile(times, 10),
            Benchmark.Percentile(times, 90),
            1000 * input[0] / median
        );
        if (peer is null)
            return result;
        double other = Benchmark.Percentile(peerTimes, 50);
        return result with
        {
            Peer = peer.Name,
            PeerMedianMs = other,
            PeerImagesPerSecond = 1000 * input[0] / other,
            Ratio = other / median,
        };
    }
}
