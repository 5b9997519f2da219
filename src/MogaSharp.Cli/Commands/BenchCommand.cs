using System.CommandLine;
using System.Diagnostics;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga bench</c>: the speed of networks on this machine, with random weights and inputs.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        Argument<string[]> models = Shared.WithoutOptions(new("model") { Description = "Models of the catalogue or cards; default: moganet_tiny", Arity = ArgumentArity.ZeroOrMore });
        var batches = new Option<int[]>("--batch", "-b") { Description = "Pictures per run; several to measure each", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1], HelpName = "n" };
        batches.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => !int.TryParse(token.Value, out int n) || n is < 1 or > 4096)) result.AddError("--batch takes whole numbers from 1 to 4096");
        });
        Option<int> threads = Shared.Threads();
        Option<(int Height, int Width)?> size = Shared.Size();
        Option<int> seconds = Shared.Positive("--seconds", null, 3, "How long to measure each case", 3600);
        Option<bool> json = Shared.Json();
        var command = new Command("bench", "Measure how fast networks run on this machine") { models, batches, threads, size, seconds, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            string[] names = parsed.GetValue(models) is { Length: > 0 } given ? given : ["moganet_tiny"];
            // All are found and checked before the first is measured.
            (ModelCard Card, Shape Input)[] cases =
            [
                .. names.Select(Shared.Card).SelectMany(card => parsed.GetValue(batches)!.Select(batch => (card, Shared.Input(batch, card, parsed.GetValue(size))))),
            ];
            using var engine = new CpuEngine(new CpuEngineOptions(parsed.GetValue(threads)));
            var results = new List<Result>();
            foreach ((ModelCard card, Shape input) in cases)
            {
                results.Add(Measure(engine, card, input, TimeSpan.FromSeconds(parsed.GetValue(seconds)), cancellationToken));
                Console.Error.WriteLine($"measured {card.Name}, input {input}");
            }

            if (parsed.GetValue(json)) Output.Json(results);
            else Print(results);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static Result Measure(CpuEngine engine, ModelCard card, Shape input, TimeSpan duration, CancellationToken cancellationToken)
    {
        ComputationGraph graph = card.CreateDefinition().Build(input);
        using CpuSession session = engine.CreateSession(graph, WeightInitializer.Create(graph.Parameters, seed: 0));
        var random = new Random(0);
        var x = new Tensor(input);
        foreach (ref float value in x.Span) value = (random.NextSingle() * 4) - 2;
        Tensor[] outputs = session.CreateOutputs(input);
        for (int i = 0; i < 5; i++) session.Run([x], outputs, cancellationToken);
        var times = new List<double>(capacity: 100_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var clock = Stopwatch.StartNew(); (clock.Elapsed < duration || times.Count < 10) && times.Count < 100_000;)
        {
            long start = Stopwatch.GetTimestamp();
            session.Run([x], outputs, cancellationToken);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        allocated = (GC.GetAllocatedBytesForCurrentThread() - allocated) / times.Count;
        times.Sort();
        double median = times[times.Count / 2];
        return new Result(
            card.Name, input.ToString(), input[0], engine.Threads, CpuSession.VectorLanes * 32, times.Count, median, times[times.Count / 10], times[times.Count * 9 / 10],
            1000 * input[0] / median, 2e-6 * graph.TotalCost(input).MultiplyAdds / median, allocated);
    }

    private static void Print(List<Result> results)
    {
        var rows = new List<string[]> { new[] { "model ", "input ", "threads", "median ms", "p10", "p90", "images/s", "GFLOP/s", "bytes/run" } };
        rows.AddRange(results.Select(r => new[]
        {
            r.Model, r.Input, $"{r.Threads}", $"{r.MedianMs:F2}", $"{r.P10Ms:F2}", $"{r.P90Ms:F2}", $"{r.ImagesPerSecond:F1}", $"{r.GflopPerSecond:F0}", $"{r.AllocatedBytes}",
        }));
        Output.Table(rows);
    }

    private sealed record Result(
        string Model, string Input, int Batch, int Threads, int VectorBits, int Runs, double MedianMs, double P10Ms, double P90Ms,
        double ImagesPerSecond, double GflopPerSecond, long AllocatedBytes);
}
