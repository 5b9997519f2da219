using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga info</c>: a model's layers with shapes, parameters and multiply-adds.</summary>
internal static partial class InfoCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "A model of the catalogue, or a model card" };
        Option<(int Height, int Width)?> size = CommonOptions.Size();
        var layers = new Option<bool>("--layers") { Description = "Every layer instead of every module" };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("info", "Show a model's modules or layers, their shapes, parameters and multiply-adds")
        {
            name,
            size,
            layers,
            json,
        };
        command.SetAction(parsed =>
        {
            ModelCard card = ModelFinder.Card(parsed.GetValue(name)!);
            Shape input = ModelFinder.Input(1, card, parsed.GetValue(size));
            ComputationGraph graph = card.CreateDefinition().Build(input);
            List<LayerReport> rows = Rows(graph, parsed.GetValue(layers));
            Cost total = graph.TotalCost(input);
            if (parsed.GetValue(json))
            {
                ModelReport report = new(
                    card.Name,
                    card.Options.Task.ToString().ToLowerInvariant(),
                    input.ToString(),
                    graph.ParameterCount,
                    total.MultiplyAdds,
                    total.MultiplyAddsWithNormAndPool,
                    rows
                );
                Output.Json(report, CliJson.Printed.ModelReport);
                return ExitCode.Success;
            }

            Console.Out.WriteLine($"{card.Name}, input {input}");
            if (card.Description is not null)
                Console.Out.WriteLine(card.Description);
            if (card.Clip is { } clip)
                Console.Out.WriteLine(
                    $"{input[1]} frames in, {clip.OutFrames} frames out, values "
                        + $"{string.Create(CultureInfo.InvariantCulture, $"{clip.Range[0]} to {clip.Range[1]}")}"
                );
            if (!card.Metrics.IsEmpty)
                Console.Out.WriteLine(
                    string.Join(", ", card.Metrics.OrderBy(metric => metric.Key, StringComparer.Ordinal).Select(Printed))
                );
            var table = new List<string[]> { new[] { "module ", "op ", "output ", "parameters", "multiply-adds" } };
            table.AddRange(rows.Select(row => new[] { row.Module, row.Op, row.Output, $"{row.Parameters:N0}", $"{row.MultiplyAdds:N0}" }));
            table.Add(["total", "", "", $"{graph.ParameterCount:N0}", $"{total.MultiplyAdds:N0}"]);
            Output.Table(table);
            Console.Out.WriteLine($"with norms and pooling as fvcore counts them: {total.MultiplyAddsWithNormAndPool:N0}");
            return ExitCode.Success;
        });
        return command;
    }

    private static string Printed(KeyValuePair<string, double> metric) =>
        string.Create(CultureInfo.InvariantCulture, $"{metric.Key} {metric.Value}");

    private static List<LayerReport> Rows(ComputationGraph graph, bool layers)
    {
        Cost[] costs = graph.Costs([.. graph.Values.Select(value => value.Shape)]);
        Dictionary<string, long> sizes = graph
            .Parameters.Where(spec => spec.Kind == ParameterKind.Parameter)
            .ToDictionary(spec => spec.Name, spec => spec.Shape.ElementCount);
        IEnumerable<LayerReport> all = graph
            .Values.Where(value => value.Op is not Input)
            .Select(value => new LayerReport(
                value.Scope,
                value.Op.Kind,
                value.Shape.ToString(),
                value.Op.Parameters.Sum(key => sizes.GetValueOrDefault(key)),
                costs[value.Index].MultiplyAdds
            ));
        if (layers)
            return [.. all];
        return
        [
            .. all.Where(row => row.Module.Length > 0)
                .GroupBy(row => Module(row.Module))
                .Select(group => new LayerReport(
                    group.Key,
                    "",
                    group.Last().Output,
                    group.Sum(row => row.Parameters),
                    group.Sum(row => row.MultiplyAdds)
                )),
        ];
    }

    // blocks3.11.mlp.fc1 -> blocks3.11; stages.2.blocks.8.mlp.fc1 -> stages.2.blocks.8; hid.enc.3.block.norm1 -> hid.enc.3;
    // patch_embed1.projection.0 -> patch_embed1
    private static string Module(string scope) =>
        NumberedModule().Match(scope) is { Success: true } match ? match.Value : scope.Split('.')[0];

    [GeneratedRegex(@"^([^.]+(\.\d+)+(\.[a-z_]+(\.\d+)+)?(?=\.|$)|[^.]+\.[^.]+\.\d+(?=\.))")]
    private static partial Regex NumberedModule();
}

/// <summary>What <c>moga info --json</c> prints.</summary>
internal sealed record ModelReport(
    string Name,
    string Task,
    string Input,
    long Parameters,
    long MultiplyAdds,
    long MultiplyAddsWithNormAndPool,
    IReadOnlyList<LayerReport> Layers
);

/// <summary>A layer, or all layers of a module.</summary>
internal sealed record LayerReport(string Module, string Op, string Output, long Parameters, long MultiplyAdds);
