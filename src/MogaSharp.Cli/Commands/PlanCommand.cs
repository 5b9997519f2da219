using System.CommandLine;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga plan</c>: the steps that the CPU engine compiles a model to.</summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "A model of the catalogue, or a model card" };
        Option<(int Height, int Width)?> size = CommonOptions.Size();
        Option<int> threads = CommonOptions.Threads();
        var command = new Command("plan", "Show the fused steps that the CPU engine runs for a model") { name, size, threads };
        command.SetAction(parsed =>
        {
            ModelCard card = ModelFinder.Card(parsed.GetValue(name)!);
            Shape input = ModelFinder.Input(1, card, parsed.GetValue(size));
            ComputationGraph graph = card.CreateDefinition().Build(input);
            using var engine = new CpuEngine(new CpuEngineOptions(parsed.GetValue(threads)));
            using CpuSession session = engine.CreateSession(graph, WeightInitializer.Create(graph.Parameters, seed: 0));
            Console.Out.Write(session.DescribePlan(input));
            return ExitCode.Success;
        });
        return command;
    }
}
