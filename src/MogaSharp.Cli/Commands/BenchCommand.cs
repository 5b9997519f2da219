using System.CommandLine;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga bench</c>: the speed of networks on this machine, with random weights and inputs.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        Argument<string[]> models = Shared.WithoutOptions(new("model") { Description = "Models of the catalogue or cards; default: moganet_tiny", Arity = ArgumentArity.ZeroOrMore });
        var batches = new Option<int[]>("--batch", "-b")
        {
            Description = "Pictures per run; several to measure each",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [1],
            HelpName = "n",
        };
        batches.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => !int.TryParse(token.Value, out int n) || n is < 1 or > 4096)) result.AddError("--batch takes whole numbers from 1 to 4096");
        });
        Option<int> threads = Shared.Threads();
        Option<(int Height, int Width)?> size = Shared.Size();
        Option<int> seconds = Shared.Whole("--seconds", null, 3, "How long to measure each case", 3600);
        var peer = new Option<string?>("--compare") { Description = "Run a peer in turn: onnxruntime (npm i --ignore-scripts onnxruntime-node --prefix artifacts)", HelpName = "peer" };
        peer.AcceptOnlyFromAmong("onnxruntime");
        var train = new Option<bool>("--train") { Description = "Measure training steps on libtorch instead: forward, loss, backward, AdamW (video: Adam)" };
        var official = new Option<string?>("--official") { Description = "With --train: the official models/moganet.py, or for video its folder video_prediction, which PyTorch then trains in turn", HelpName = "path" };
        var amp = new Option<string>("--amp") { Description = "With --train: none or bf16", HelpName = "type", DefaultValueFactory = _ => "none" };
        amp.AcceptOnlyFromAmong("none", "bf16");
        var channelsLast = new Option<bool?>("--channels-last") { Description = "With --train: feature maps with channels innermost, or not; default: as moga train does" };
        Option<string?> engine = Shared.Engine();
        Option<string?> device = Shared.DeviceOption();
        Option<bool> json = Shared.Json();
        var command = new Command("bench", "Measure how fast networks run on this machine") { models, batches, threads, size, seconds, peer, train, official, amp, channelsLast, engine, device, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            string[] names = parsed.GetValue(models) is { Length: > 0 } named ? named : ["moganet_tiny"];
            // All are found and checked before the first is measured.
            (ModelCard Card, Shape Input)[] cases =
            [
                .. names.Select(Shared.Card).SelectMany(card => parsed.GetValue(batches)!.Select(batch => (card, Shared.Input(batch, card, parsed.GetValue(size))))),
            ];
            if (parsed.GetValue(train))
            {
                Precision type = parsed.GetValue(amp) == "bf16" ? Precision.Bf16 : Precision.None;
                string? code = parsed.GetValue(official);
                if (code is not null && !Directory.Exists(code)) Paths.Existing(code);
                if (type == Precision.Bf16 && !ProcessorTypes.HasBfloat16 && parsed.GetValue(device) is null or "cpu")
                    Notices.Hint("this processor has no instructions for bfloat16; moga train takes float32 here");
                TorchDevice Device() => TorchRuntime.IsAvailable ? Shared.Device(parsed.GetValue(device) ?? "cpu") : throw new FailureException($"training needs libtorch. {TorchRuntime.Unavailability}");
                int count = parsed.GetValue(threads) is > 0 and int given ? given : Environment.ProcessorCount;
                TrainBenchmarkResult Train(ModelCard card, Shape input) =>
                    TrainBenchmark.Measure(card, input, type, parsed.GetValue(channelsLast), Device(), count, TimeSpan.FromSeconds(parsed.GetValue(seconds)), code, cancellationToken);
                return Task.Factory.StartNew(() => TrainAll(cases, Train, parsed.GetValue(json)), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }

            IInferenceEngine running = Shared.CreateEngine(parsed.GetValue(engine), parsed.GetValue(threads), parsed.GetValue(device));
            using var resources = running as IDisposable;
            int used = running is CpuEngine managed ? managed.Threads : parsed.GetValue(threads) is > 0 and int chosen ? chosen : Environment.ProcessorCount;
            bool compare = parsed.GetValue(peer) is not null;
            double peak = PeakMeter.MeasureGflops(used);
            var results = new List<BenchmarkResult>();
            foreach ((ModelCard card, Shape input) in cases)
            {
                results.Add(Benchmark.Measure(
                    running, used, card.Name, card.CreateDefinition().Build(input), input, TimeSpan.FromSeconds(parsed.GetValue(seconds)), peak, compare, cancellationToken));
                Console.Error.WriteLine($"measured {card.Name}, input {input}");
            }

            if (parsed.GetValue(json)) Output.Json(results, CliJson.Printed.IReadOnlyListBenchmarkResult);
            else Print(results, Items(cases), peak);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static int TrainAll((ModelCard Card, Shape Input)[] cases, Func<ModelCard, Shape, TrainBenchmarkResult> measure, bool json)
    {
        var results = new List<TrainBenchmarkResult>();
        foreach ((ModelCard card, Shape input) in cases)
        {
            results.Add(measure(card, input));
            Console.Error.WriteLine($"measured {card.Name}, input {input}");
        }

        if (json)
        {
            Output.Json(results, CliJson.Printed.IReadOnlyListTrainBenchmarkResult);
            return ExitCode.Success;
        }

        string items = Items(cases);
        var rows = new List<string[]> { new[] { "model ", "input ", "device ", "threads", "amp ", "median ms", "p10", "p90", $"{items}/s", "peer ms", $"peer {items}/s", "ratio" } };
        foreach (TrainBenchmarkResult r in results)
        {
            string[] row = [r.Model, r.Input, r.Device, $"{r.Threads}", r.Amp, $"{r.MedianMs:F1}", $"{r.P10Ms:F1}", $"{r.P90Ms:F1}", $"{r.ImagesPerSecond:F1}"];
            rows.Add([.. row, r.Peer is null ? "-" : $"{r.PeerMedianMs:F1}", r.Peer is null ? "-" : $"{r.PeerImagesPerSecond:F1}", r.Peer is null ? "-" : $"{r.Ratio:F2}"]);
        }

        Output.Table(rows);
        if (results[0].Peer is { } peer) Output.Line($"peer: {peer} in eager mode, in turn");
        return ExitCode.Success;
    }

    private static void Print(List<BenchmarkResult> results, string items, double peakGflops)
    {
        bool compared = results.Any(result => result.Peer is not null);
        var rows = new List<string[]> { new[] { "model ", "input ", "threads", "median ms", "p10", "p90", $"{items}/s", "GFLOP/s", "of peak", "memory", "bytes/run" } };
        if (compared) rows[0] = [.. rows[0], "peer ms", "p10", "p90", "ratio", "p10", "p90"];
        foreach (BenchmarkResult r in results)
        {
            string[] row =
            [
                r.Model, r.Input, $"{r.Threads}", $"{r.MedianMs:F2}", $"{r.P10Ms:F2}", $"{r.P90Ms:F2}", $"{r.ImagesPerSecond:F1}", $"{r.GflopPerSecond:F0}",
                r.PeakShare is { } share ? $"{100 * share:F0}%" : "-", r.ArenaBytes is { } arena ? Output.Bytes(arena) : "-", $"{r.AllocatedBytes}",
            ];
            rows.Add(compared ? [.. row, $"{r.PeerMedianMs:F2}", $"{r.PeerP10Ms:F2}", $"{r.PeerP90Ms:F2}", $"{r.Ratio:F2}", $"{r.RatioP10:F2}", $"{r.RatioP90:F2}"] : row);
        }

        Output.Table(rows);
        string vectors = results[0].VectorBits is { } bits ? $", {bits}-bit vectors" : $"; engine {results[0].Engine}";
        Console.Out.WriteLine($"multiply-add peak of {results[0].Threads} thread(s), measured in this run: {peakGflops:F0} GFLOP/s{vectors}");
        if (compared) Console.Out.WriteLine($"peer: {results[0].Peer}, run in turn; largest difference of an output {results.Max(r => r.PeerDifference):E1} of the largest output");
    }

    private static string Items((ModelCard Card, Shape Input)[] cases) => cases.All(item => item.Card.Options.Task == ModelTask.Video) ? "clips" : "images";
}
