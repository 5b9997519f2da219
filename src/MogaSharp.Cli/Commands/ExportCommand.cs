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
        var dynamicBatch = new Option<bool>("--dynamic-batch") { Description = "Leave the number of images open" };
        var dynamicSize = new Option<bool>("--dynamic-size") { Description = "Leave rows and columns open" };
        var labels = new Option<bool>("--labels")
        {
            Description = "Segmentation: write the class of each pixel of the input (int64) in place of the numbers of the classes",
        };
        var endToEnd = new Option<bool>("--end-to-end")
        {
            Description = "Detection: write everything from the normalized image to boxes, scores, classes and masks",
        };
        var score = new Option<double>("--score")
        {
            Description = "With --end-to-end: what scores have to be above, 0 to below 1",
            HelpName = "number",
            DefaultValueFactory = _ => DetectionInference.Default.ScoreThreshold,
        };
        Option<int> max = CommonOptions.WholeNumber(
            "--max",
            null,
            DetectionInference.Default.MaxDetections,
            "With --end-to-end: the most things in an image",
            10_000
        );
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
            dynamicSize,
            labels,
            endToEnd,
            score,
            max,
            opset,
            random,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                string path = Paths.Writable(parsed.GetValue(file)!, parsed.GetValue(weights));
                ModelCard card = ModelFinder.Card(parsed.GetValue(name)!);
                Shape input = ModelFinder.Input(1, card, parsed.GetValue(size));
                bool areLabels = parsed.GetValue(labels);
                if (areLabels && card.Options is not SegmentationOptions)
                    throw new UsageException($"--labels is for segmentation, and {card.Name} is a model for {card.Options.Task}.");
                bool isEndToEnd = parsed.GetValue(endToEnd);
                if (isEndToEnd && card.CreateDefinition() is not IDetectionDefinition)
                    throw new UsageException($"--end-to-end is for detection, and {card.Name} is a model for {card.Options.Task}.");
                if (isEndToEnd && (parsed.GetValue(size) is not null || parsed.GetValue(dynamicBatch)))
                    throw new UsageException("--end-to-end takes one image of any size; it excludes --size and --dynamic-batch.");
                if (!isEndToEnd && new Option[] { score, max }.Any(option => parsed.GetResult(option)?.Implicit == false))
                    throw new UsageException("--score and --max need --end-to-end.");
                double least = parsed.GetValue(score);
                if (!(least is >= 0 and < 1))
                    throw new UsageException("--score takes a number from 0 to below 1.");
                WeightSet? bound = null;
                if (!parsed.GetValue(random))
                {
                    LoadedModel loaded = await ModelFinder
                        .LoadAsync(card, parsed.GetValue(weights), parsed.GetValue(ema), cancellationToken)
                        .ConfigureAwait(false);
                    (card, bound) = (loaded.Card, loaded.Weights);
                }

                var options = new OnnxExportOptions
                {
                    Opset = parsed.GetValue(opset),
                    DynamicBatch = parsed.GetValue(dynamicBatch),
                    DynamicSize = parsed.GetValue(dynamicSize),
                    LargestChannels = areLabels,
                    GraphName = card.Name,
                    Description = card.Description ?? "",
                    Metadata = Metadata(card),
                };
                if (isEndToEnd)
                {
                    var inference = new DetectionInference
                    {
                        ScoreThreshold = (float)least,
                        MaxDetections = Math.Max(1, parsed.GetValue(max)),
                    };
                    return DetectionExport.Write(card, bound, inference, path, options, cancellationToken);
                }

                ComputationGraph graph = card.CreateDefinition().Build(input, areLabels ? ModelOutputs.Resized : ModelOutputs.Head);
                bound ??= WeightInitializer.Create(graph.Parameters, seed: 0);
                Paths.Write(path, target => OnnxExporter.Export(graph, bound, target, options));
                Console.Out.WriteLine(path);
                // What is left open is tried with more.
                Shape larger = input.With(0, options.DynamicBatch ? 2 : 1);
                if (options.DynamicSize)
                    larger = larger.With(2, input[2] + 64).With(3, input[3] + 32);
                return Check(path, graph, bound, larger == input ? [input] : [input, larger]);
            }
        );
        return command;
    }

    private static int Check(string path, ComputationGraph graph, WeightSet weights, Shape[] inputs)
    {
        using OnnxRuntimeModel? judge = OnnxJudge.Open(path);
        if (judge is null)
            return ExitCode.Success;
        using var engine = new CpuEngine();
        using CpuSession session = engine.CreateSession(graph, weights);
        foreach (Shape input in inputs)
        {
            Tensor x = OnnxJudge.Pixels(input);
            Compare(path, input, session.Run(x), judge.Run(x));
        }

        return ExitCode.Success;
    }

    private static void Compare(
        string path,
        Shape input,
        IReadOnlyDictionary<string, Tensor> ours,
        IReadOnlyDictionary<string, Tensor> theirs
    )
    {
        double largest = ours.Values.Max(output => output.Data.Max(Math.Abs));
        double difference = ours.Max(output =>
            theirs.TryGetValue(output.Key, out Tensor? numbers)
                ? output.Value.Data.Zip(numbers.Data, (a, b) => Math.Abs((double)a - b)).Max()
                : ShortOfLargest(output.Value, theirs.Values.Single())
        );
        Console.Error.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"ONNX Runtime {OnnxRuntimeModel.RuntimeVersion} agrees to {difference:E1} at {input} (largest output {largest:G4})"
            )
        );
        if (difference > LargestDifference * Math.Max(1, largest))
            throw new FailureException($"'{path}' gives other results in ONNX Runtime: {difference:E1} apart.");
    }

    // How much smaller our numbers of the classes that the other side took are than the largest ones.
    private static double ShortOfLargest(Tensor numbers, Tensor labels)
    {
        (int classes, int plane) = (numbers.Shape[1], numbers.Shape[2] * numbers.Shape[3]);
        double most = 0;
        for (int i = 0; i < labels.Data.Length; i++)
        {
            (int image, int pixel) = Math.DivRem(i, plane);
            float Of(int c) => numbers.Data[(((image * classes) + c) * plane) + pixel];
            most = Math.Max(most, Enumerable.Range(0, classes).Max(Of) - Of((int)labels.Data[i]));
        }

        return most;
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
