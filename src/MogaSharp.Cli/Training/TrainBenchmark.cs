using System.Diagnostics;
using System.Globalization;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>What was measured of training steps; times in milliseconds per step.</summary>
internal sealed record TrainBenchmarkResult(string Model, string Input, string Device, int Threads, string Amp, int Steps, double MedianMs, double P10Ms, double P90Ms, double ImagesPerSecond)
{
    /// <summary>The peer and its version.</summary>
    public string? Peer { get; init; }

    public double? PeerMedianMs { get; init; }

    public double? PeerImagesPerSecond { get; init; }

    /// <summary>The peer's median over ours.</summary>
    public double? Ratio { get; init; }
}

/// <summary>Measures whole updates (upload, forward, loss, backward, AdamW) on random pictures, in turn with PyTorch (A B A B) when asked.</summary>
internal static class TrainBenchmark
{
    private const int WarmUp = 3;

    /// <summary>Measures a model. To be called on a thread of its own.</summary>
    /// <param name="card">The model.</param>
    /// <param name="input">(N, C, H, W).</param>
    /// <param name="recipe">Number format and layout.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="threads">Threads on the CPU.</param>
    /// <param name="duration">How long to measure.</param>
    /// <param name="official">The official <c>moganet.py</c> to run as the peer; null for none.</param>
    /// <param name="cancellationToken">Looked at between steps.</param>
    public static TrainBenchmarkResult Measure(
        ModelCard card, Shape input, TrainingRecipe recipe, TorchDevice device, int threads, TimeSpan duration, string? official, CancellationToken cancellationToken)
    {
        TorchRuntime.Threads = threads;
        ComputationGraph graph = card.CreateDefinition().Build(input);
        using var engine = new TrainingEngine(graph, WeightInitializer.Create(graph.Parameters, 0), recipe, device);
        using Process? peer = official is null ? null : StartPeer(card, input, recipe, device, threads, official);
        string? peerName = peer is null ? null : Answer(peer);
        var random = new Random(0);
        float[] pictures = [.. Enumerable.Range(0, checked((int)input.ElementCount)).Select(_ => (random.NextSingle() * 4) - 2)];
        int classes = Shared.Classifier(card).NumClasses;
        int[] labels = [.. Enumerable.Range(0, input[0]).Select(i => i % classes)];
        var batch = new TrainingBatch(pictures, input, labels);
        var times = new List<double>();
        var peerTimes = new List<double>();
        var clock = new Stopwatch();
        for (int step = 1; step <= WarmUp || clock.Elapsed < duration || times.Count < 5; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (step == WarmUp + 1) clock.Start();
            long start = Stopwatch.GetTimestamp();
            engine.Update([batch], 1e-3, step);
            double time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            double? peerTime = null;
            if (peer is not null)
            {
                peer.StandardInput.WriteLine("step");
                peer.StandardInput.Flush();
                peerTime = double.Parse(Answer(peer), CultureInfo.InvariantCulture);
            }

            if (step <= WarmUp) continue;
            times.Add(time);
            if (peerTime is { } theirs) peerTimes.Add(theirs);
        }

        double median = Percentile(times, 50);
        var result = new TrainBenchmarkResult(
            card.Name, input.ToString(), device.ToString(), threads, recipe.Amp.ToString(), times.Count, median, Percentile(times, 10), Percentile(times, 90), 1000 * input[0] / median);
        if (peer is null) return result;
        peer.StandardInput.Close();
        peer.WaitForExit();
        double other = Percentile(peerTimes, 50);
        return result with { Peer = peerName, PeerMedianMs = other, PeerImagesPerSecond = 1000 * input[0] / other, Ratio = other / median };
    }

    private static Process StartPeer(ModelCard card, Shape input, TrainingRecipe recipe, TorchDevice device, int threads, string official)
    {
        string script = FindScript();
        string python = Environment.GetEnvironmentVariable("MOGA_PYTHON") ?? "/usr/bin/python3";
        if (!File.Exists(python)) throw new FailureException($"there is no {python}; MOGA_PYTHON names another Python with torch");
        string arch = MogaNetArch.Names.FirstOrDefault(name => MogaNetArch.Parse(name) == (card.Options as MogaNetOptions)?.Arch)
            ?? throw new UsageException($"the official code has no size like {card.Name}");
        string[] numbers = [.. new[] { input[0], input[2], input[3], Shared.Classifier(card).NumClasses, threads }.Select(n => n.ToString(CultureInfo.InvariantCulture))];
        var start = new ProcessStartInfo(python, [script, official, arch, .. numbers, device.ToString(), recipe.Amp == Precision.Bf16 ? "bf16" : "none"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return Process.Start(start)!;
    }

    private static string Answer(Process peer) => peer.StandardOutput.ReadLine() ?? throw new FailureException("the peer in Python ended; its message is above");

    private static string FindScript()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "benchmarks", "pytorch_train.py") is var script && File.Exists(script)) return script;
        throw new FailureException("benchmarks/pytorch_train.py is not above the program; run moga from the repository");
    }

    private static double Percentile(List<double> values, int percent)
    {
        double[] sorted = [.. values.Order()];
        return sorted[Math.Min(sorted.Length - 1, sorted.Length * percent / 100)];
    }
}
