using System.CommandLine;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga inspect</c>: what a weight file holds. Nothing in it is run.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "safetensors or PyTorch (.pth, .pt, .pth.tar)" };
        Option<bool> json = Shared.Json();
        var command = new Command("inspect", "Show the tensors, types, shapes and metadata of a weight file") { file, json };
        command.SetAction(parsed =>
        {
            using Checkpoint checkpoint = Checkpoint.Open(Paths.ExistingWeights(parsed.GetValue(file)!));
            Shared.Notices.AddRange(checkpoint.Notes);
            long elements = checkpoint.Tensors.Sum(tensor => tensor.Shape.ElementCount);
            if (parsed.GetValue(json))
            {
                Output.Json(new
                {
                    File = checkpoint.FileName,
                    Format = checkpoint.Format.ToString(),
                    checkpoint.Metadata,
                    Elements = elements,
                    Tensors = checkpoint.Tensors.Select(tensor => new { tensor.Name, Dtype = tensor.DType.ToString(), Shape = tensor.Shape.Extents.ToArray() }),
                    Notes = checkpoint.Notes.Count > 0 ? checkpoint.Notes : null,
                });
                return ExitCode.Success;
            }

            Output.Line($"{checkpoint.FileName}: {checkpoint.Format}, {checkpoint.Tensors.Count} tensors, {elements:N0} elements");
            foreach ((string key, string value) in checkpoint.Metadata) Output.Line($"metadata {key} = {value}");
            var rows = new List<string[]> { new[] { "tensor ", "type ", "shape " } };
            rows.AddRange(checkpoint.Tensors.Select(tensor => new[] { tensor.Name, tensor.DType.ToString(), tensor.Shape.ToString() }));
            Output.Table(rows);
            if (checkpoint.Root is CheckpointMap root)
                foreach ((string key, CheckpointValue value) in root.Entries)
                    if (value is CheckpointScalar or CheckpointList) Output.Line($"value {key} = {value.ToJson()}");
            return ExitCode.Success;
        });
        return command;
    }
}
