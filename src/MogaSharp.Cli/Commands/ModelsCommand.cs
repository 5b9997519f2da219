using System.CommandLine;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga models</c>: the catalogue.</summary>
internal static class ModelsCommand
{
    public static Command Create()
    {
        Option<bool> json = Shared.Json();
        var command = new Command("models", "List the models that can be named") { json };
        command.SetAction(parsed =>
        {
            var entries = Shared.Catalogue.Cards.Select(Describe).ToList();
            if (parsed.GetValue(json))
            {
                Output.Json(entries);
                return ExitCode.Success;
            }

            var rows = new List<string[]> { new[] { "name ", "size", "params", "multiply-adds", "top-1 %", "gate ", "weights " } };
            rows.AddRange(entries.Select(e => new[]
            {
                e.Name, $"{e.Height}x{e.Width}", $"{e.Parameters / 1e6:F2} M", $"{e.MultiplyAdds / 1e9:F2} G",
                e.Top1?.ToString("F1", System.Globalization.CultureInfo.InvariantCulture) ?? "", e.Gate ?? "", e.Weights ?? "",
            }));
            Output.Table(rows);
            return ExitCode.Success;
        });
        return command;
    }

    private static Entry Describe(ModelCard card)
    {
        var input = new Shape(1, card.Options.InChannels, card.Preprocess.Height, card.Preprocess.Width);
        ComputationGraph graph = card.CreateDefinition().Build(input);
        double? top1 = card.Metrics.Where(metric => metric.Key.EndsWith("_top1", StringComparison.Ordinal)).Select(metric => (double?)metric.Value).FirstOrDefault();
        return new Entry(
            card.Name, card.Preprocess.Height, card.Preprocess.Width, graph.ParameterCount, graph.TotalCost(input).MultiplyAdds, top1,
            (card.Options as MogaNetOptions)?.Gate.ToString().ToLowerInvariant(), card.Weights.Url ?? card.Weights.File, card.Description, card.License, card.Origin);
    }

    private sealed record Entry(
        string Name, int Height, int Width, long Parameters, long MultiplyAdds, double? Top1, string? Gate, string? Weights, string? Description, string? License, string? Origin);
}
