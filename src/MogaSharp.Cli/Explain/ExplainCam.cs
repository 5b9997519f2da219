using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Data;
using MogaSharp.Drawing;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga explain cam</c>: class activation maps of images, or of tensors.</summary>
internal static class ExplainCam
{
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
            Description = "The class to look at, by number or name; default: each image's likeliest",
            HelpName = "class",
        };
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
        arguments.AddTo(command, method, layers, target, smooth, batch, labels, output, tensors);
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
                    if (parsed.GetValue(target) is not null || parsed.GetValue(labels) is not null)
                        throw new UsageException("With --tensors the file's 'targets' are the classes.");
                    return TensorsAsync(parsed, arguments, options, file, parsed.GetValue(output), cancellationToken);
                }

                OutputFolder? folder = parsed.GetValue(output) is { } path ? new OutputFolder(path, "_cam.png", "_cam.npy") : null;
                return new CamRun(options, parsed.GetValue(target), parsed.GetValue(labels), folder).RunAsync(
                    parsed,
                    arguments,
                    cancellationToken
                );
            }
        );
        return command;
    }

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

    private sealed class CamRun(CamOptions options, string? target, string? labels, OutputFolder? folder)
        : ImageRun<ImageActivation, ActivatedImage>
    {
        protected override ModelTask Task => ModelTask.Classification;

        protected override string Title => "Explaining";

        protected override string Done => "explained";

        protected override OutputFolder? Folder => folder;

        protected override JsonTypeInfo<ActivatedImage> Json => CliJson.Printed.ActivatedImage;

        protected override IImagePreparation Prepare(ModelCard card) =>
            new FixedSizePreparation(new Preprocessor(card.Preprocess.ToOptions()));

        protected override ImagePredictor<ImageActivation> Create(LoadedModel model, IInferenceEngine engine)
        {
            model = LabelFile.Apply(model, labels);
            return new ActivationMapper(model, options, target is null ? null : Class(target, model.Card.GetLabels()), engine);
        }

        protected override IEnumerable<ActivatedImage> Report(ImageResult<ImageActivation> result, string[]? notes)
        {
            ImageActivation value = result.Value!;
            Prediction of = value.Classification.Top(int.MaxValue).First(one => one.Index == value.Target);
            if (float.IsNaN(of.Score))
                throw new FailureException("The network's outputs are not finite; the weights may be damaged.");
            Tensor map = value.Cam.Map;
            int peak = System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(map.Data);
            string? overlay = null,
                file = null;
            if (folder is not null)
            {
                string[] files = folder.FilesOf(result.Source.Name);
                (overlay, file) = (files[0], files[1]);
                using var canvas = new Canvas(value.Seen);
                canvas.DrawHeatMap(
                    new HeatMap(map.Shape[2], map.Shape[1], map.Data)
                    {
                        Colormap = Colormap.Jet,
                        Low = 0,
                        High = 1,
                    }
                );
                RgbImage drawn = canvas.ToImage();
                Paths.Write(overlay, drawn.SavePng);
                Paths.Write(file, path => NpyFile.Save(path, [map.Shape[1], map.Shape[2]], map.Data));
            }

            yield return new ActivatedImage(
                result.Source.Name,
                of,
                [.. value.Cam.Raw.Keys],
                new PixelPlace(peak % map.Shape[2], peak / map.Shape[2]),
                overlay,
                file,
                null,
                notes
            );
        }

        protected override ActivatedImage Fail(string path, string error, string[]? notes) =>
            new(path, null, null, null, null, null, error, notes);

        protected override string Line(ActivatedImage report)
        {
            Prediction of = report.Class!.Value;
            string score = string.Create(CultureInfo.InvariantCulture, $"{of.Label} {100 * of.Score:F1}%");
            string files = report.Overlay is null ? "" : $" -> {report.Overlay}, {report.Map}";
            return $"{report.Path}: {score}, most at {report.Peak!.X},{report.Peak.Y}{files}";
        }

        private static int Class(string text, IReadOnlyList<string> names)
        {
            for (int i = 0; i < names.Count; i++)
                if (names[i].Equals(text, StringComparison.OrdinalIgnoreCase))
                    return i;
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < names.Count
                ? number
                : throw new UsageException($"There is no class '{text}': {NameDistance.Choices(text, [.. names])}.");
        }
    }
}

/// <summary>What <c>moga explain cam --json</c> prints of an image.</summary>
internal sealed record ActivatedImage(
    string Path,
    Prediction? Class,
    string[]? Layers,
    PixelPlace? Peak,
    string? Overlay,
    string? Map,
    string? Error,
    string[]? Notes
) : IImageReport;

/// <summary>A pixel of the part of an image that the network sees.</summary>
internal sealed record PixelPlace(int X, int Y);
