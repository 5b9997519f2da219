using System.CommandLine;
using System.Text.Json.Serialization;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga models</c>: the catalogue.</summary>
internal static class ModelsCommand
{
    public static Command Create()
    {
        Option<bool> json = CommonOptions.Json();
        var ablations = new Option<bool>("--ablations")
        {
            Description = "List MogaNet with its parts taken away or replaced, one by one, instead",
        };
        var model = new Option<string>("--model", "-m")
        {
            Description = "With --ablations: the MogaNet to take apart",
            HelpName = "name|card",
            DefaultValueFactory = _ => "moganet_tiny",
        };
        var command = new Command("models", "List the models that can be named") { ablations, model, json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(ablations))
                return Ablations(ModelFinder.Card(parsed.GetValue(model)!), parsed.GetValue(json));
            var entries = ModelFinder.Catalogue.Cards.Select(Describe).ToList();
            if (parsed.GetValue(json))
            {
                Output.Json(entries, CliJson.Printed.IReadOnlyListModelEntry);
                return ExitCode.Success;
            }

            var rows = new List<string[]> { new[] { "name ", "task ", "size", "params", "multiply-adds", "score ", "weights " } };
            rows.AddRange(
                entries.Select(e =>
                    new[]
                    {
                        e.Name,
                        e.Task,
                        $"{e.Height}x{e.Width}",
                        $"{e.Parameters / 1e6:F2} M",
                        $"{e.MultiplyAdds / 1e9:F2} G",
                        e.Score ?? "",
                        e.Weights ?? "",
                    }
                )
            );
            Output.Table(rows);
            return ExitCode.Success;
        });
        return command;
    }

    private static ModelEntry Describe(ModelCard card)
    {
        Shape input = card.InputShape();
        ComputationGraph graph = card.CreateDefinition().Build(input);
        return new ModelEntry
        {
            Name = card.Name,
            Family = card.Family,
            Task = card.Options.Task.Name,
            Height = card.Preprocess.Height,
            Width = card.Preprocess.Width,
            Parameters = graph.ParameterCount,
            MultiplyAdds = graph.TotalCost(input).MultiplyAdds,
            Top1 = Figures.Of(card, "_top1"),
            Gate = (card.Options as MogaNetOptions)?.Gate.ToString().ToLowerInvariant(),
            Metrics = card.Metrics,
            Weights = card.Weights.Url ?? card.Weights.File,
            Description = card.Description,
            License = card.License,
            Origin = card.Origin,
            Score = TaskModules.Of(card).Score(card),
        };
    }

    private static int Ablations(ModelCard card, bool json)
    {
        if (card.Options is not MogaNetOptions whole)
            throw new UsageException($"{card.Name} is not a MogaNet; --ablations takes one apart.");
        Shape input = card.InputShape();
        AblationEntry[] entries = [.. MogaNetAblations.All.Select(ablation => Measure(ablation, ablation.Change(whole), input))];
        if (json)
        {
            Output.Json(new AblationsReport(card.Name, input.ToString(), entries), CliJson.Printed.AblationsReport);
            return ExitCode.Success;
        }

        Console.Out.WriteLine($"{card.Name}, input {input}");
        var rows = new List<string[]>
        {
            new[] { "ablation ", "parameters", "multiply-adds", "with norms and pooling", "what is different " },
        };
        rows.AddRange(
            entries.Select(e =>
                new[] { e.Name, $"{e.Parameters:N0}", $"{e.MultiplyAdds:N0}", $"{e.MultiplyAddsWithNormAndPool:N0}", e.Description }
            )
        );
        Output.Table(rows);
        Output.Line(
            $"to train one: moga train --model {card.Name} --model-set {MogaNetAblations.All[1].Settings[0]} (moga models --ablations "
                + "--json has the settings of each)"
        );
        return ExitCode.Success;
    }

    private static AblationEntry Measure(MogaNetAblation ablation, MogaNetOptions options, Shape input)
    {
        ComputationGraph graph = options.CreateDefinition().Build(input);
        Cost cost = graph.TotalCost(input);
        return new(
            ablation.Name,
            ablation.Description,
            ablation.Settings,
            graph.ParameterCount,
            cost.MultiplyAdds,
            cost.MultiplyAddsWithNormAndPool
        );
    }
}

/// <summary>What <c>moga models --json</c> prints of a model.</summary>
internal sealed record ModelEntry
{
    public required string Name { get; init; }

    public required string Family { get; init; }

    public required string Task { get; init; }

    public required int Height { get; init; }

    public required int Width { get; init; }

    public required long Parameters { get; init; }

    public required long MultiplyAdds { get; init; }

    public required double? Top1 { get; init; }

    public required string? Gate { get; init; }

    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    public required string? Weights { get; init; }

    public required string? Description { get; init; }

    public required string? License { get; init; }

    public required string? Origin { get; init; }

    [JsonIgnore]
    public string? Score { get; init; }
}

/// <summary>What <c>moga models --ablations --json</c> prints.</summary>
internal sealed record AblationsReport(string Name, string Input, AblationEntry[] Ablations);

/// <summary>A MogaNet with a part taken away or replaced.</summary>
internal sealed record AblationEntry(
    string Name,
    string Description,
    IReadOnlyList<string> Settings,
    long Parameters,
    long MultiplyAdds,
    long MultiplyAddsWithNormAndPool
);
