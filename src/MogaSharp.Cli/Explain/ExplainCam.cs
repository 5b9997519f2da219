using System.CommandLine;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga explain cam</c>: class activation maps of images, or of tensors.</summary>
internal static class ExplainCam
{
    private const int MostBoxes = 10_000;

    public static Command Create()
    {
        var arguments = new ImageArguments(TaskModules.Of(ModelTask.Classification).DefaultModel);
        arguments.Paths.Arity = ArgumentArity.ZeroOrMore;
        var method = new Option<string>("--method")
        {
            Description = string.Join(", ", CamMethods.Names),
            DefaultValueFactory = _ => CamMethods.NameOf(CamMethod.GradCam),
            HelpName = "name",
        };
        method.AcceptOnlyFromAmong([.. CamMethods.Names]);
        var layers = new Option<string[]>("--layer")
        {
            Description =
                "A module whose maps are looked at, see moga info MODEL --layers; several are averaged; default: the last map "
                + "before pooling",
            HelpName = "name",
            AllowMultipleArgumentsPerToken = true,
        };
        var target = new Option<string?>("--class")
        {
            Description =
                "The class to look at, by number or name; default: each image's likeliest, or the one with most pixels; of a "
                + "detector the class whose boxes --box counts",
            HelpName = "class",
        };
        Option<int> box = CommonOptions.WholeNumber("--box", null, 0, "Detectors: which box, from 0, the surest first", MostBoxes, min: 0);
        var smooth = new Option<string?>("--smooth")
        {
            Description = "eigen (the first principal component in place of the sum), aug (the mean of six passes), or both: aug,eigen",
            HelpName = "how",
        };
        Option<int> batch = CommonOptions.WholeNumber("--batch", "-b", 16, "Masked images that go through the network at a time", 4096);
        Option<string?> labels = CommonOptions.Labels(),
            output = OutputFolder.Option("overlays (NAME_cam.png) and maps (NAME_cam.npy); with --tensors a safetensors file");
        var tensors = new Option<string?>("--tensors")
        {
            Description = "A file with the tensors 'input' (N, 3, H, W), normalized, and 'targets' (N), in place of images",
            HelpName = "file",
        };
        var command = new Command("cam", "Show where images speak for a class, by class activation maps");
        arguments.AddTo(command, method, layers, target, box, smooth, batch, labels, output, tensors);
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                var options = new CamOptions
                {
                    Method = CamMethods.Parse(parsed.GetValue(method)!),
                    Layers = parsed.GetValue(layers) ?? [],
                    Batch = parsed.GetValue(batch),
                };
                foreach (string how in parsed.GetValue(smooth)?.Split(',', StringSplitOptions.TrimEntries) ?? [])
                    options = how switch
                    {
                        "eigen" => options with { EigenSmooth = true },
                        "aug" => options with { AugmentationSmooth = true },
                        _ => throw new UsageException($"--smooth takes eigen, aug or both with a comma between, not '{how}'."),
                    };
                if (options is { Method: CamMethod.FullGrad, Layers.Count: > 0 })
                    throw new UsageException("fullgrad looks at the whole network; it takes no --layer.");
                if (options is { Method: CamMethod.FullGrad, EigenSmooth: true })
                    throw new UsageException("fullgrad has no channels that eigen could smooth.");
                bool hasImages = parsed.GetValue(arguments.Paths) is { Length: > 0 };
                if (hasImages == parsed.GetValue(tensors) is not null)
                    throw new UsageException("Name images, or a file of tensors with --tensors.");
                if (parsed.GetValue(tensors) is { } file)
                {
                    if (parsed.GetValue(target) is not null || parsed.GetValue(labels) is not null || IsGiven(parsed, box))
                        throw new UsageException("With --tensors the file's 'targets' are the classes.");
                    return TensorsAsync(parsed, arguments, options, file, parsed.GetValue(output), cancellationToken);
                }

                var request = new CamRequest(
                    options,
                    parsed.GetValue(target),
                    IsGiven(parsed, box) ? parsed.GetValue(box) : null,
                    parsed.GetValue(labels),
                    parsed.GetValue(output) is { } path ? new OutputFolder(path, "_cam.png", "_cam.npy") : null
                );
                ModelCard card = ModelFinder.Card(parsed.GetValue(arguments.Model)!);
                return TaskModules.Of(card).ExplainAsync(request, card, parsed, arguments, cancellationToken);
            }
        );
        return command;
    }

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option)?.Implicit == false;

    private static async Task<int> TensorsAsync(
        ParseResult parsed,
        ImageArguments arguments,
        CamOptions options,
        string file,
        string? output,
        CancellationToken cancellationToken
    )
    {
        string target = Paths.Writable(
            output ?? throw new UsageException("--tensors needs --output, a safetensors file to write."),
            file,
            parsed.GetValue(arguments.Weights)
        );
        using var given = new TensorFile(file);
        Tensor input = given.Images();
        int[]? targets = given.Classes("targets", input.Shape[0]);
        LoadedModel loaded = await ModelFinder
            .LoadAsync(
                ModelFinder.Card(parsed.GetValue(arguments.Model)!),
                parsed.GetValue(arguments.Weights),
                parsed.GetValue(arguments.Ema),
                cancellationToken
            )
            .ConfigureAwait(false);
        ModelFinder.Classifier(loaded.Card);
        using IInferenceEngine engine = arguments.Engine.Create(parsed);
        using var cam = new ClassActivation(loaded.Definition.Build(input.Shape), loaded.Weights, options, engine);
        CamResult result = cam.Explain(input, targets, cancellationToken);
        string name = CamMethods.NameOf(options.Method);
        string method = name + (options.EigenSmooth ? ".eigen_smooth" : "") + (options.AugmentationSmooth ? ".aug_smooth" : ""),
            layer = options.Method == CamMethod.FullGrad ? "input" : string.Join('+', result.Activations.Keys);
        Dictionary<string, Tensor> written = new() { ["logits"] = result.Logits, [$"map/{layer}/{method}"] = result.Map };
        foreach ((string at, Tensor tensor) in result.Raw)
            written[$"raw/{at}/{method}"] = tensor;
        foreach ((string at, Tensor tensor) in result.Activations)
            written[$"activation/{at}"] = tensor;
        foreach ((string at, Tensor tensor) in result.Gradients)
            written[$"gradient/{at}"] = tensor;
        foreach ((string at, Tensor tensor) in result.Weights)
            written[result.Weights.Count == 1 ? $"{name}.weights" : $"{name}.weights/{at}"] = tensor;
        TensorFile.Write(target, written);
        return ExitCode.Success;
    }
}
