using System.CommandLine;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga profile</c>: the time of every fused step.</summary>
internal static class ProfileCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "A model of the catalogue, or a model card" };
        Option<(int Height, int Width)?> size = CommonOptions.Size();
        Option<int> batch = CommonOptions.WholeNumber("--batch", "-b", 1, "Images per run", 4096);
        Option<int> threads = CommonOptions.Threads();
        Option<int> runs = CommonOptions.WholeNumber("--runs", null, 100, "Runs to take the median of", 100_000);
        var trace = new Option<string?>("--trace")
        {
            Description = "Write the median run for chrome://tracing or ui.perfetto.dev",
            HelpName = "file",
        };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("profile", "Show where a network's time goes, step by step")
        {
            name,
            size,
            batch,
            threads,
            runs,
            trace,
            json,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                string? target = parsed.GetValue(trace) is { } path ? Paths.Writable(path) : null;
                ModelCard card = ModelFinder.Card(parsed.GetValue(name)!);
                Shape input = ModelFinder.Input(parsed.GetValue(batch), card, parsed.GetValue(size));
                ComputationGraph graph = card.CreateDefinition().Build(input);
                using var engine = new CpuEngine(new CpuEngineOptions(parsed.GetValue(threads)));
                using CpuSession session = engine.CreateSession(graph, WeightInitializer.Create(graph.Parameters, seed: 0));
                RunProfile profile = session.Profile([new Tensor(input)], parsed.GetValue(runs), cancellationToken);
                if (target is not null)
                    Paths.Write(target, file => AtomicFile.Write(file, profile.WriteChromeTrace));
                if (parsed.GetValue(json))
                    Output.Json(profile.Steps, CliJson.Printed.IReadOnlyListStepTiming);
                else
                    Print(profile);
                return Task.FromResult(ExitCode.Success);
            }
        );
        return command;
    }

    private static void Print(RunProfile profile)
    {
        double total = profile.Steps.Sum(step => step.MedianMs);
        var rows = new List<string[]> { new[] { "module ", "step ", "us", "min us", "share", "GFLOP/s", "KiB" } };
        rows.AddRange(
            profile.Steps.Select(step =>
                new[]
                {
                    step.Scope,
                    step.Description,
                    $"{1000 * step.MedianMs:F1}",
                    $"{1000 * step.MinMs:F1}",
                    $"{100 * step.MedianMs / total:F1}%",
                    $"{2e-6 * step.MultiplyAdds / step.MedianMs:F0}",
                    $"{step.Bytes / 1024}",
                }
            )
        );
        rows.Add(["total", "", $"{1000 * total:F1}", $"{1000 * profile.Steps.Sum(step => step.MinMs):F1}", "", "", ""]);
        Output.Table(rows);
    }
}
