using System.CommandLine;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga forward</c>: tensors in, tensors out, for comparison with other implementations.</summary>
internal static class ForwardCommand
{
    public static Command Create()
    {
        Option<string> model = CommonOptions.Model();
        Option<string?> weights = CommonOptions.Weights();
        Option<bool> ema = CommonOptions.Ema();
        var input = new Option<string>("--input", "-i")
        {
            Description = "A file with the tensor 'input' (N, C, H, W)",
            Required = true,
            HelpName = "file",
        };
        var output = new Option<string>("--output", "-o")
        {
            Description = "A safetensors file to write 'logits' to",
            Required = true,
            HelpName = "file",
        };
        var features = new Option<bool>("--features") { Description = "Also write 'stage1' to 'stage4'" };
        var engine = new EngineOptions();
        var command = new Command("forward", "Run a network on a tensor, without preprocessing")
        {
            model,
            weights,
            ema,
            input,
            output,
            features,
            engine.Engine,
            engine.Provider,
            engine.Device,
            engine.Threads,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                string source = Paths.Existing(parsed.GetValue(input)!);
                string target = Paths.Writable(parsed.GetValue(output)!, source, parsed.GetValue(weights));
                Tensor x = ReadInput(source);
                LoadedModel loaded = await ModelFinder
                    .LoadAsync(ModelFinder.Card(parsed.GetValue(model)!), parsed.GetValue(weights), parsed.GetValue(ema), cancellationToken)
                    .ConfigureAwait(false);
                ComputationGraph graph = loaded.Definition.Build(x.Shape, parsed.GetValue(features) ? ModelOutputs.All : ModelOutputs.Head);
                using IInferenceEngine chosen = engine.Create(parsed);
                using IInferenceSession session = chosen.CreateSession(graph, loaded.Weights);
                IReadOnlyDictionary<string, Tensor> results = session.Run(x, cancellationToken);
                Paths.Write(
                    target,
                    path =>
                        CheckpointWriter.SaveSafetensors(path, results.Select(result => TensorEntry.FromTensor(result.Key, result.Value)))
                );
                foreach ((string name, Tensor tensor) in results)
                    Console.Error.WriteLine($"{name} {tensor.Shape}");
                return ExitCode.Success;
            }
        );
        return command;
    }

    private static Tensor ReadInput(string path)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        TensorEntry entry =
            checkpoint.Tensors.FirstOrDefault(tensor => tensor.Name == "input")
            ?? throw new UsageException(
                $"'{path}' holds no tensor 'input'; it holds {string.Join(", ", checkpoint.Tensors.Take(5).Select(tensor => tensor.Name))}."
            );
        return entry.ToTensor();
    }
}
