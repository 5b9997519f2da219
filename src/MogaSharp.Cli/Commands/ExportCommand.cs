using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Onnx;
using MogaSharp.OnnxRuntime;
using MogaSharp.Tasks;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga export</c>: a model as an ONNX file, checked by ONNX Runtime.</summary>
internal static class ExportCommand
{
    // Both sides compute in float32 in another order; see docs/onnx.md for what was measured.
    private const double LargestDifference = 1e-4;

    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "A model of the catalogue, or a model card" };
        var file = new Option<string>("--onnx")
        {
            Description = "The file to write",
            Required = true,
            HelpName = "file",
        };
        Option<string?> weights = CommonOptions.Weights();
        Option<bool> ema = CommonOptions.Ema();
        Option<(int Height, int Width)?> size = CommonOptions.Size();
        var dynamicBatch = new Option<bool>("--dynamic-batch") { Description = "Leave the number of pictures open" };
        Option<int> opset = CommonOptions.WholeNumber(
            "--opset",
            null,
            OnnxExportOptions.OldestOpset,
            "ONNX operator set",
            OnnxExportOptions.NewestOpset,
            OnnxExportOptions.OldestOpset
        );
        var random = new Option<bool>("--random-weights") { Description = "Export fresh weights, for measuring" };
        var command = new Command("export", "Write a model as ONNX and check the file with ONNX Runtime")
        {
            name,
            file,
            weights,
            ema,
            size,
            dynamicBatch,
            opset,
            random,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                string path = Paths.Writable(parsed.GetValue(file)!, parsed.GetValue(weights));
                ModelCard card = ModelFinder.Card(parsed.GetValue(name)!);
                Shape input = ModelFinder.Input(1, card, parsed.GetValue(size));
                WeightSet? bound = null;
                if (!parsed.GetValue(random))
                {
                    LoadedModel loaded = await ModelFinder
                        .LoadAsync(card, parsed.GetValue(weights), parsed.GetValue(ema), cancellationToken)
                        .ConfigureAwait(false);
                    (card, bound) = (loaded.Card, loaded.Weights);
                }

                ComputationGraph graph = card.CreateDefinition().Build(input);
                bound ??= WeightInitializer.Create(graph.Parameters, seed: 0);
                var options = new OnnxExportOptions
                {
                    Opset = parsed.GetValue(opset),
                    DynamicBatch = parsed.GetValue(dynamicBatch),
                    GraphName = card.Name,
                    Description = card.Description ?? "",
                    Metadata = Metadata(card),
                };
                Paths.Write(path, target => OnnxExporter.Export(graph, bound, target, options));
                Console.Out.WriteLine(path);
                return Check(path, graph, bound, input);
            }
        );
        return command;
    }

    private static int Check(string path, ComputationGraph graph, WeightSet weights, Shape input)
    {
        OnnxRuntimeModel judge;
        try
        {
            judge = new OnnxRuntimeModel(path);
        }
        catch (OnnxRuntimeUnavailableException e)
        {
            Console.Error.WriteLine($"not checked: {e.Message}");
            return ExitCode.Success;
        }

        using (judge)
        {
            using var engine = new CpuEngine();
            using CpuSession session = engine.CreateSession(graph, weights);
            var generator = new Random(0);
            Tensor x = new(input, [.. Enumerable.Range(0, checked((int)input.ElementCount)).Select(_ => (generator.NextSingle() * 4) - 2)]);
            IReadOnlyDictionary<string, Tensor> ours = session.Run(x),
                theirs = judge.Run(x);
            double difference = ours.Max(output => output.Value.Data.Zip(theirs[output.Key].Data, (a, b) => Math.Abs((double)a - b)).Max());
            double largest = theirs.Values.Max(output => output.Data.Max(Math.Abs));
            Console.Error.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"ONNX Runtime {OnnxRuntimeModel.RuntimeVersion} agrees to {difference:E1} (largest output {largest:G4})"
                )
            );
            if (difference <= LargestDifference * Math.Max(1, largest))
                return ExitCode.Success;
            throw new FailureException($"'{path}' gives other results in ONNX Runtime: {difference:E1} apart.");
        }
    }

    private static Dictionary<string, string> Metadata(ModelCard card) =>
        new()
        {
            ["labels"] = JsonSerializer.Serialize([.. card.GetLabels()], TextsJson.Default.StringArray),
            ["card"] = card.ToJson(),
            ["license"] = card.License ?? "",
            ["origin"] = card.Origin ?? "",
        };
}
