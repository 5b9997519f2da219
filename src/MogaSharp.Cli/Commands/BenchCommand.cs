using System.CommandLine;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga bench</c>: the speed of networks on this machine, with random weights and inputs.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        Argument<string[]> models = CommonOptions.WithoutOptions(
            new("model") { Description = "Models of the catalogue or cards; default: moganet_tiny", Arity = ArgumentArity.ZeroOrMore }
        );
        var batches = new Option<int[]>("--batch", "-b")
        {
            Description = "Images per run; several to measure each",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [1],
            HelpName = "n",
        };
        batches.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => !int.TryParse(token.Value, out int n) || n is < 1 or > 4096))
                result.AddError("--batch takes whole numbers from 1 to 4096.");
        });
        Option<(int Height, int Width)?> size = CommonOptions.Size();
        Option<int> seconds = CommonOptions.WholeNumber("--seconds", null, 3, "How long to measure each case", 3600);
        var peer = new Option<string?>("--compare")
        {
            Description = "Run a peer in turn: onnxruntime, or torchsharp with the network of --official",
            HelpName = "peer",
        };
        peer.AcceptOnlyFromAmong("onnxruntime", "torchsharp");
        var train = new Option<bool>("--train")
        {
            Description = "Measure training steps on libtorch instead: forward, loss, backward, AdamW (video: Adam)",
        };
        var official = new Option<string?>("--official")
        {
            Description =
                "The official models/moganet.py, or for video its folder video_prediction: what torchsharp runs, or with --train "
                + "alone PyTorch "
                + "trains in turn",
            HelpName = "path",
        };
        var amp = new Option<string>("--amp")
        {
            Description = "With --train: none or bf16",
            HelpName = "type",
            DefaultValueFactory = _ => "none",
        };
        amp.AcceptOnlyFromAmong("none", "bf16");
        var channelsLast = new Option<bool?>("--channels-last")
        {
            Description = "With --train: feature maps with channels innermost, or not; default: as moga train does",
        };
        var image = new Option<string?>("--image")
        {
            Description = "Measure from this image file to the prediction, instead of the network alone",
            HelpName = "file",
        };
        Option<string?> weights = CommonOptions.Weights();
        weights.Description = "With --image: the weights; default: fresh ones, which may find nothing";
        var engine = new EngineOptions();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("bench", "Measure how fast networks run on this machine")
        {
            models,
            batches,
            engine.Threads,
            size,
            seconds,
            peer,
            train,
            official,
            amp,
            channelsLast,
            image,
            weights,
            engine.Engine,
            engine.Provider,
            engine.Device,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                string[] names = parsed.GetValue(models) is { Length: > 0 } named ? named : ["moganet_tiny"];
                // All are found and checked before the first is measured.
                (ModelCard Card, Shape Input)[] cases =
                [
                    .. names
                        .Select(ModelFinder.Card)
                        .SelectMany(card =>
                            parsed.GetValue(batches)!.Select(batch => (card, ModelFinder.Input(batch, card, parsed.GetValue(size))))
                        ),
                ];
                int used = parsed.GetValue(engine.Threads) is > 0 and int given ? given : Environment.ProcessorCount;
                string? compared = parsed.GetValue(peer),
                    code = parsed.GetValue(official);
                if (code is not null && !Directory.Exists(code))
                    Paths.Existing(code);
                if (compared == "torchsharp" && code is null)
                    throw new UsageException("--compare torchsharp needs --official, the code of the network that it runs.");
                string? file = parsed.GetValue(image) is { } path ? Paths.Existing(path) : null;
                if (file is null && parsed.GetValue(weights) is not null)
                    throw new UsageException("--weights needs --image; the network alone is measured with random weights.");
                if (file is not null && (parsed.GetValue(train) || compared == "torchsharp"))
                    throw new UsageException("--image excludes --train and --compare torchsharp.");
                if (parsed.GetValue(train))
                {
                    Precision type = parsed.GetValue(amp) == "bf16" ? Precision.Bf16 : Precision.None;
                    if (compared == "onnxruntime")
                        throw new UsageException(
                            "ONNX Runtime does not train; with --train the peers are --compare torchsharp and, with --official "
                                + "alone, PyTorch."
                        );
                    if (type == Precision.Bf16 && !ProcessorTypes.HasBfloat16 && parsed.GetValue(engine.Device) is null or "cpu")
                        Notices.Hint("this processor has no instructions for bfloat16; moga train takes float32 here");
                    if (parsed.GetValue(engine.Provider) is not null)
                        throw new UsageException("--provider is for inference; training runs on libtorch.");
                    TorchDevice Device() =>
                        TorchRuntime.IsAvailable
                            ? Devices.Find(parsed.GetValue(engine.Device) ?? "cpu")
                            : throw new FailureException($"Training needs libtorch. {TorchRuntime.Unavailability}");
                    TrainBenchmarkResult Train(ModelCard card, Shape input)
                    {
                        TorchDevice device = Device();
                        Func<IBenchmarkPeer>? start = (compared, code) switch
                        {
                            (_, null) => null,
                            ("torchsharp", _) => () => TorchSharpPeer.StartTraining(card, input, type, device, used, code),
                            _ => () => PyTorchPeer.StartTraining(card, input, type, device, used, code),
                        };
                        return TrainBenchmark.Measure(
                            card,
                            input,
                            type,
                            parsed.GetValue(channelsLast),
                            device,
                            used,
                            TimeSpan.FromSeconds(parsed.GetValue(seconds)),
                            start,
                            cancellationToken
                        );
                    }

                    return await Task
                        .Factory.StartNew(
                            () => TrainAll(cases, Train, parsed.GetValue(json)),
                            cancellationToken,
                            TaskCreationOptions.LongRunning,
                            TaskScheduler.Default
                        )
                        .ConfigureAwait(false);
                }

                using IInferenceEngine running = engine.Create(parsed);
                if (code is not null && compared != "torchsharp")
                    throw new UsageException("--official is for --train and --compare torchsharp.");
                double peak = PeakMeter.MeasureGflops(used);
                var results = new List<BenchmarkResult>();
                foreach ((ModelCard card, Shape input) in cases)
                {
                    if (file is not null)
                    {
                        results.Add(
                            ImageBenchmark.Measure(
                                await ModelAsync(card, parsed.GetValue(weights), cancellationToken).ConfigureAwait(false),
                                file,
                                running,
                                used,
                                TimeSpan.FromSeconds(parsed.GetValue(seconds)),
                                compared is not null,
                                cancellationToken
                            )
                        );
                        Console.Error.WriteLine($"measured {card.Name}, {file}");
                        continue;
                    }

                    Func<BenchmarkCase, IBenchmarkPeer>? start = compared switch
                    {
                        "onnxruntime" => measured => new OnnxRuntimePeer(measured, used),
                        "torchsharp" => _ => TorchSharpPeer.StartInference(card, input, used, code!),
                        _ => null,
                    };
                    var benchmark = new BenchmarkCase(card.CreateDefinition().Build(input), input);
                    results.Add(
                        Benchmark.Measure(
                            running,
                            used,
                            card.Name,
                            benchmark,
                            TimeSpan.FromSeconds(parsed.GetValue(seconds)),
                            peak,
                            start,
                            cancellationToken
                        )
                    );
                    Console.Error.WriteLine($"measured {card.Name}, input {input}");
                }

                if (parsed.GetValue(json))
                    Output.Json(results, CliJson.Printed.IReadOnlyListBenchmarkResult);
                else
                    Print(results, Items(cases), peak);
                return ExitCode.Success;
            }
        );
        return command;
    }

    private static async Task<LoadedModel> ModelAsync(ModelCard card, string? weights, CancellationToken cancellationToken) =>
        weights is null
            ? LoadedModel.Create(card, WeightInitializer.Create(card.CreateDefinition().Build(card.InputShape()).Parameters, seed: 0))
            : await ModelFinder.LoadAsync(card, weights, ema: false, cancellationToken).ConfigureAwait(false);

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
        var rows = new List<string[]>
        {
            new[]
            {
                "model ",
                "input ",
                "device ",
                "threads",
                "amp ",
                "median ms",
                "p10",
                "p90",
                $"{items}/s",
                "peer ms",
                $"peer {items}/s",
                "ratio",
            },
        };
        foreach (TrainBenchmarkResult r in results)
        {
            string[] row =
            [
                r.Model,
                r.Input,
                r.Device,
                $"{r.Threads}",
                r.Amp,
                $"{r.MedianMs:F1}",
                $"{r.P10Ms:F1}",
                $"{r.P90Ms:F1}",
                $"{r.ImagesPerSecond:F1}",
            ];
            rows.Add([
                .. row,
                r.Peer is null ? "-" : $"{r.PeerMedianMs:F1}",
                r.Peer is null ? "-" : $"{r.PeerImagesPerSecond:F1}",
                r.Peer is null ? "-" : $"{r.Ratio:F2}",
            ]);
        }

        Output.Table(rows);
        if (results[0].Peer is { } peer)
            Output.Line($"peer: {peer}, in turn");
        return ExitCode.Success;
    }

    private static void Print(List<BenchmarkResult> results, string items, double peakGflops)
    {
        bool compared = results.Any(result => result.Peer is not null);
        var rows = new List<string[]>
        {
            new[] { "model ", "input ", "threads", "median ms", "p10", "p90", $"{items}/s", "GFLOP/s", "of peak", "memory", "bytes/run" },
        };
        bool hasImages = results.Any(result => result.OutsideShare is not null);
        if (hasImages)
            rows[0] = [.. rows[0], "outside networks"];
        if (compared)
            rows[0] = [.. rows[0], "peer ms", "p10", "p90", "ratio", "p10", "p90"];
        foreach (BenchmarkResult r in results)
        {
            string[] row =
            [
                r.Model,
                r.Input,
                $"{r.Threads}",
                $"{r.MedianMs:F2}",
                $"{r.P10Ms:F2}",
                $"{r.P90Ms:F2}",
                $"{r.ImagesPerSecond:F1}",
                $"{r.GflopPerSecond:F0}",
                r.PeakShare is { } share ? $"{100 * share:F0}%" : "-",
                r.ArenaBytes is { } arena ? Output.Bytes(arena) : "-",
                $"{r.AllocatedBytes}",
                .. hasImages ? [$"{100 * r.OutsideShare:F1}%"] : Array.Empty<string>(),
            ];
            rows.Add(
                compared
                    ?
                    [
                        .. row,
                        $"{r.PeerMedianMs:F2}",
                        $"{r.PeerP10Ms:F2}",
                        $"{r.PeerP90Ms:F2}",
                        $"{r.Ratio:F2}",
                        $"{r.RatioP10:F2}",
                        $"{r.RatioP90:F2}",
                    ]
                    : row
            );
        }

        Output.Table(rows);
        string vectors = results[0].VectorBits is { } bits ? $", {bits}-bit vectors" : $"; engine {results[0].Engine}";
        Console.Out.WriteLine(
            $"multiply-add peak of {results[0].Threads} thread(s), measured in this run: {peakGflops:F0} GFLOP/s{vectors}"
        );
        if (!compared)
            return;
        string difference = results.Max(r => r.PeerDifference) is { } most
            ? $"; largest difference of an output {most:E1} of the largest output"
            : ", with weights of its own";
        Console.Out.WriteLine($"peer: {results[0].Peer}, run in turn{difference}");
    }

    private static string Items((ModelCard Card, Shape Input)[] cases) =>
        cases.Select(item => item.Card.Options.Task.Items).Distinct().ToArray() is [var items] ? items : "inputs";
}
