using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
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

            var rows = new List<string[]> { new[] { "name ", "task ", "size", "params", "multiply-adds", "score ", "weights " } };
            rows.AddRange(entries.Select(e => new[]
            {
                e.Name, e.Task, $"{e.Height}x{e.Width}", $"{e.Parameters / 1e6:F2} M", $"{e.MultiplyAdds / 1e9:F2} G",
                e.Score ?? "", e.Weights ?? "",
            }));
            Output.Table(rows);
            return ExitCode.Success;
        });
        return command;
    }

    private static Entry Describe(ModelCard card)
    {
        Shape input = card.InputShape();
        ComputationGraph graph = card.CreateDefinition().Build(input);
        string? score = card.Options.Task switch
        {
            ModelTask.Video => Printed(Metric(card, "_mse"), "F2", "MSE"),
            _ => Printed(Metric(card, "_top1"), "F1", "%"),
        };
        return new Entry(
            card.Name, card.Family, card.Options.Task.ToString().ToLowerInvariant(), card.Preprocess.Height, card.Preprocess.Width, graph.ParameterCount,
            graph.TotalCost(input).MultiplyAdds, Metric(card, "_top1"), (card.Options as MogaNetOptions)?.Gate.ToString().ToLowerInvariant(), card.Metrics,
            card.Weights.Url ?? card.Weights.File, card.Description, card.License, card.Origin, score);
    }

    private static string? Printed(double? value, string format, string unit) => value is { } number ? $"{number.ToString(format, CultureInfo.InvariantCulture)} {unit}" : null;

    private static double? Metric(ModelCard card, string ending) =>
        card.Metrics.Where(metric => metric.Key.EndsWith(ending, StringComparison.Ordinal)).Select(metric => (double?)metric.Value).FirstOrDefault();

    private sealed record Entry(
        string Name, string Family, string Task, int Height, int Width, long Parameters, long MultiplyAdds, double? Top1, string? Gate,
        IReadOnlyDictionary<string, double> Metrics, string? Weights, string? Description, string? License, string? Origin, [property: JsonIgnore] string? Score);
}
