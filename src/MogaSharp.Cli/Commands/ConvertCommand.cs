using System.CommandLine;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga convert</c>: weights from one format to another.</summary>
internal static class ConvertCommand
{
    private static readonly string[] PyTorchEndings = [".pth", ".pt", ".bin", ".pth.tar"];

    public static Command Create()
    {
        var input = new Argument<string>("in") { Description = "safetensors or PyTorch (.pth, .pt, .pth.tar)" };
        var output = new Argument<string>("out") { Description = "Where to write: .safetensors, or .pth, .pt, .bin, .pth.tar for PyTorch" };
        var dtype = new Option<DType?>("--dtype")
        {
            Description = "Store floating-point tensors as float32, float16, bfloat16 or float64",
            HelpName = "type",
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                DType? type = text.ToLowerInvariant() switch
                {
                    "float32" or "f32" or "fp32" => DType.Float32,
                    "float16" or "f16" or "fp16" or "half" => DType.Float16,
                    "bfloat16" or "bf16" => DType.BFloat16,
                    "float64" or "f64" or "fp64" or "double" => DType.Float64,
                    _ => null,
                };
                if (type is null)
                    result.AddError($"'{text}' is none of float32, float16, bfloat16, float64.");
                return type;
            },
        };
        Option<bool> ema = CommonOptions.Ema();
        var keepNames = new Option<bool>("--keep-names") { Description = "Keep prefixes such as module. and backbone." };
        var command = new Command("convert", "Convert weights between safetensors and PyTorch files")
        {
            input,
            output,
            dtype,
            ema,
            keepNames,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                string source = Paths.ExistingWeights(parsed.GetValue(input)!);
                string target = Paths.Writable(parsed.GetValue(output)!, source);
                bool isSafetensors = target.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);
                if (!isSafetensors && !PyTorchEndings.Any(end => target.EndsWith(end, StringComparison.OrdinalIgnoreCase)))
                    throw new UsageException($"'{target}' ends in no format that is written: .safetensors, .pth, .pt, .bin, .pth.tar.");
                using Checkpoint checkpoint = Checkpoint.Open(source);
                StateDict state = StateDict.From(
                    checkpoint,
                    new StateDictOptions
                    {
                        Ema = parsed.GetValue(ema),
                        Key = CommonOptions.WeightsKey,
                        KeepNames = parsed.GetValue(keepNames),
                        Forms = ModelFamilies.Forms,
                    }
                );
                Notices.OfThisRun.AddRange(state.Notes);
                IEnumerable<TensorEntry> tensors = state.Tensors;
                if (parsed.GetValue(dtype) is { } type)
                    tensors = tensors.Select(tensor => tensor.DType.IsFloatingPoint() ? tensor.ConvertTo(type) : tensor);
                // Tensors are read as they are written: without their file the writing ends, and leaves nothing.
                using CancellationTokenRegistration close = cancellationToken.Register(checkpoint.Dispose);
                try
                {
                    Paths.Write(
                        target,
                        path =>
                        {
                            Notices.OfThisRun.AddRange(
                                isSafetensors
                                    ? CheckpointWriter.SaveSafetensors(path, tensors, checkpoint.Metadata)
                                    : CheckpointWriter.SavePyTorch(path, tensors)
                            );
                        }
                    );
                }
                catch (ObjectDisposedException) when (cancellationToken.IsCancellationRequested)
                {
                    throw new OperationCanceledException(cancellationToken);
                }

                Console.Error.WriteLine($"{state.Tensors.Count} tensors, {Output.Bytes(new FileInfo(target).Length)}");
                return Task.FromResult(ExitCode.Success);
            }
        );
        return command;
    }
}
