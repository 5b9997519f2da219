using System.CommandLine;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga inspect</c>: what a weight file holds. Nothing in it is run.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "safetensors or PyTorch (.pth, .pt, .pth.tar)" };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("inspect", "Show the tensors, types, shapes and metadata of a weight file") { file, json };
        command.SetAction(parsed =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(Paths.ExistingWeights(parsed.GetValue(file)!));
            Notices.OfThisRun.AddRange(checkpoint.Notes);
            long elements = checkpoint.Tensors.Sum(tensor => tensor.Shape.ElementCount);
            if (parsed.GetValue(json))
            {
                CheckpointReport report = new(
                    checkpoint.FileName,
                    checkpoint.Format.ToString(),
                    checkpoint.Metadata,
                    elements,
                    [
                        .. checkpoint.Tensors.Select(tensor => new TensorReport(
                            tensor.Name,
                            tensor.DType.ToString(),
                            tensor.Shape.Extents.ToArray()
                        )),
                    ],
                    checkpoint.Notes.Count > 0 ? checkpoint.Notes : null
                );
                Output.Json(report, CliJson.Printed.CheckpointReport);
                return ExitCode.Success;
            }

            Output.Line($"{checkpoint.FileName}: {checkpoint.Format}, {checkpoint.Tensors.Count} tensors, {elements:N0} elements");
            foreach ((string key, string value) in checkpoint.Metadata)
                Output.Line($"metadata {key} = {value}");
            var rows = new List<string[]> { new[] { "tensor ", "type ", "shape " } };
            rows.AddRange(checkpoint.Tensors.Select(tensor => new[] { tensor.Name, tensor.DType.ToString(), tensor.Shape.ToString() }));
            Output.Table(rows);
            if (checkpoint.Root is CheckpointMap root)
                foreach ((string key, CheckpointValue value) in root.Entries)
                    if (value is CheckpointScalar or CheckpointList)
                        Output.Line($"value {key} = {value.ToJson()}");
            return ExitCode.Success;
        });
        return command;
    }
}

/// <summary>What <c>moga inspect --json</c> prints.</summary>
internal sealed record CheckpointReport(
    string File,
    string Format,
    IReadOnlyDictionary<string, string> Metadata,
    long Elements,
    TensorReport[] Tensors,
    IReadOnlyList<string>? Notes
);

/// <summary>A tensor of a weight file.</summary>
internal sealed record TensorReport(string Name, string Dtype, long[] Shape);
