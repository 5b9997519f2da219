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
            Description = "A safetensors file to write the outputs to",
            Required = true,
            HelpName = "file",
        };
        var features = new Option<bool>("--features")
        {
            Description = "Also write the feature maps, and what the task makes of the outputs",
        };
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
                using Checkpoint given = Checkpoint.Open(source);
                Tensor x = Input(given, source);
                LoadedModel loaded = await ModelFinder
                    .LoadAsync(ModelFinder.Card(parsed.GetValue(model)!), parsed.GetValue(weights), parsed.GetValue(ema), cancellationToken)
                    .ConfigureAwait(false);
                TaskModule module = TaskModules.Of(loaded.Card);
                bool all = parsed.GetValue(features);
                ComputationGraph graph = loaded.Definition.Build(x.Shape, all ? module.Features : ModelOutputs.Head);
                using IInferenceEngine chosen = engine.Create(parsed);
                using IInferenceSession session = chosen.CreateSession(graph, loaded.Weights);
                IReadOnlyDictionary<string, Tensor> results = session.Run(x, cancellationToken);
                var run = new ForwardRun(
                    loaded,
                    chosen,
                    x,
                    results,
                    other => session.Run(other, cancellationToken),
                    name => Numbers(given, name)
                );
                TensorEntry[] written =
                [
                    .. results.Select(result => TensorEntry.FromTensor(result.Key, result.Value)),
                    .. all ? module.Derive(run, cancellationToken) : [],
                ];
                Paths.Write(target, path => CheckpointWriter.SaveSafetensors(path, written));
                foreach (TensorEntry tensor in written)
                    Console.Error.WriteLine($"{tensor.Name} {tensor.Shape}");
                return ExitCode.Success;
            }
        );
        return command;
    }

    private static Tensor Input(Checkpoint given, string path) =>
        Find(given, "input")?.ToTensor()
        ?? throw new UsageException(
            $"'{path}' holds no tensor 'input'; it holds {string.Join(", ", given.Tensors.Take(5).Select(tensor => tensor.Name))}."
        );

    private static double[]? Numbers(Checkpoint given, string name) =>
        Find(given, name) switch
        {
            null => null,
            { DType: DType.Float32 or DType.Float64 or DType.Float16 or DType.BFloat16 } numbers =>
            [
                .. numbers.ToTensor().Data.Select(number => (double)number),
            ],
            TensorEntry whole => [.. whole.ToInt64().Select(number => (double)number)],
        };

    private static TensorEntry? Find(Checkpoint given, string name) => given.Tensors.FirstOrDefault(tensor => tensor.Name == name);
}
