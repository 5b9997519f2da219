using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Drawing;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga detect</c>: the things in images.</summary>
internal static class DetectCommand
{
    private const double DefaultScore = 0.3;

    public static Command Create()
    {
        var arguments = new ImageArguments(TaskModules.Of(ModelTask.Detection).DefaultModel);
        Option<string?> output = OutputFolder.Option("images with boxes and masks (NAME.png)");
        var crops = new Option<string?>("--crops") { Description = "A folder for an image of each thing", HelpName = "folder" };
        var format = new Option<string>("--format")
        {
            Description = "coco or hf: whose form the JSON has",
            HelpName = "form",
            DefaultValueFactory = _ => "coco",
        };
        format.AcceptOnlyFromAmong("coco", "hf");
        var classes = new Option<string?>("--classes")
        {
            Description = "Classes to look for, by name, with commas between",
            HelpName = "list",
        };
        var score = new Option<double>("--score")
        {
            Description = "What scores have to be above, 0 to below 1",
            HelpName = "number",
            DefaultValueFactory = _ => DefaultScore,
        };
        Option<int> max = CommonOptions.WholeNumber("--max", null, 100, "The most things in an image", 10_000);
        Option<(int Height, int Width)?> size = CommonOptions.Size(
            "--size",
            "What images are fitted into, HxW or one number; default: the model's"
        );
        var agnostic = new Option<bool>("--agnostic") { Description = "Let a box also suppress those of other classes" };
        var noMasks = new Option<bool>("--no-masks") { Description = "Make no masks" };
        var command = new Command("detect", "Find the things in images");
        arguments.AddTo(command, output, crops, format, classes, score, max, size, agnostic, noMasks);
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                double least = parsed.GetValue(score);
                if (!(least is >= 0 and < 1))
                    throw new UsageException("--score takes a number from 0 to below 1.");
                var inference = new DetectionInference
                {
                    ScoreThreshold = (float)least,
                    MaxDetections = Math.Max(1, parsed.GetValue(max)),
                    IsClassAgnostic = parsed.GetValue(agnostic),
                    HasMasks = !parsed.GetValue(noMasks),
                    Size = parsed.GetValue(size) is { } limits ? new ImageSize(limits.Width, limits.Height) : null,
                };
                var run = new DetectRun(inference)
                {
                    Output = parsed.GetValue(output) is { } to ? new OutputFolder(to, ".png") : null,
                    Crops = parsed.GetValue(crops) is { } cut ? new OutputFolder(cut, "") : null,
                    ClassNames = parsed.GetValue(classes),
                    IsJson = parsed.GetValue(arguments.Json),
                    IsForHuggingFace = parsed.GetValue(format) == "hf",
                };
                return run.RunAsync(parsed, arguments, cancellationToken);
            }
        );
        return command;
    }

    private sealed class DetectRun(DetectionInference inference) : ImageRun<ImageDetections, FoundThing>
    {
        private readonly ImageNumbers _numbers = new();

        public OutputFolder? Output { get; init; }

        public OutputFolder? Crops { get; init; }

        public string? ClassNames { get; init; }

        public bool IsJson { get; init; }

        public bool IsForHuggingFace { get; init; }

        protected override ModelTask Task => ModelTask.Detection;

        protected override string Title => "Finding things";

        protected override string Done => "searched";

        protected override OutputFolder? Folder => Output ?? Crops;

        protected override JsonTypeInfo<FoundThing> Json => CliJson.Printed.FoundThing;

        protected override IEnumerable<ImageSource> Sources(string path, CancellationToken cancellationToken) =>
            path != ImagePaths.Stdin && ImageFrames.MayBeIn(path)
                ? ImageFrames.Of(path, cancellationToken)
                : base.Sources(path, cancellationToken);

        protected override IImagePreparation Prepare(ModelCard card)
        {
            // Mistakes in names are told before weights are read.
            ClassesOf(card);
            return new DetectionPreparation(card.Preprocess, inference);
        }

        protected override ImagePredictor<ImageDetections> Create(LoadedModel model, IInferenceEngine engine) =>
            new ObjectDetector(model, inference with { Classes = ClassesOf(model.Card) }, engine);

        protected override IEnumerable<FoundThing> Report(ImageResult<ImageDetections> result, string[]? notes)
        {
            ImageDetections found = result.Value!;
            string path = result.Source.Name,
                name = ImageFrames.FileNameOf(path);
            if (found.Objects.Any(one => !double.IsFinite(one.Box.X + one.Box.Y + one.Box.Width + one.Box.Height + one.Score)))
                throw new FailureException("The network's outputs are not finite; the weights may be damaged.");
            string? file = Output is null ? null : Draw(result, Output.FilesOf(name)[0]);
            string[]? cuts = Crops is null ? null : Cut(result, Crops.FilesOf(name)[0]);
            long id = _numbers.Next(name);
            if (found.Objects.IsEmpty && !IsJson)
                yield return new FoundThing { FileName = path, Overlay = file };
            for (int i = 0; i < found.Objects.Length; i++)
            {
                DetectedObject one = found.Objects[i];
                Box box = one.Box;
                yield return new FoundThing
                {
                    FileName = path,
                    ImageId = IsForHuggingFace ? null : id,
                    CategoryId = IsForHuggingFace ? null : CategoryOf(one),
                    Bbox = IsForHuggingFace ? null : [Rounded(box.X), Rounded(box.Y), Rounded(box.Width), Rounded(box.Height)],
                    Box = IsForHuggingFace ? new(Rounded(box.X), Rounded(box.Y), Rounded(box.Right), Rounded(box.Bottom)) : null,
                    Score = Math.Round(one.Score, 6),
                    Label = one.Label.Name,
                    Segmentation = one.Mask is { } mask ? new([mask.Size.Height, mask.Size.Width], mask.ToString()) : null,
                    Overlay = file,
                    Crop = cuts?[i],
                    Notes = notes,
                };
            }
        }

        protected override FoundThing Fail(string path, string error, string[]? notes) =>
            new()
            {
                FileName = path,
                Error = error,
                Notes = notes,
            };

        protected override string Line(FoundThing report)
        {
            string files = string.Join(", ", new[] { report.Overlay, report.Crop }.OfType<string>()),
                end = files.Length == 0 ? "" : $" -> {files}";
            if (report.Score is not { } score)
                return string.Create(CultureInfo.InvariantCulture, $"{report.FileName}: nothing above {inference.ScoreThreshold}{end}");
            string place = report.Box is { } box
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"{box.Xmin:F0},{box.Ymin:F0} {box.Xmax - box.Xmin:F0}x{box.Ymax - box.Ymin:F0}"
                )
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"{report.Bbox![0]:F0},{report.Bbox[1]:F0} {report.Bbox[2]:F0}x{report.Bbox[3]:F0}"
                );
            return string.Create(CultureInfo.InvariantCulture, $"{report.FileName}: {report.Label} {score:F2} at {place}{end}");
        }

        private ImmutableHashSet<int> ClassesOf(ModelCard card)
        {
            if (ClassNames is null)
                return [];
            ImmutableArray<string> names = card.GetLabels();
            var wanted = ImmutableHashSet.CreateBuilder<int>();
            foreach (string name in ClassNames.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                int index = names.IndexOf(name, 0, names.Length, StringComparer.OrdinalIgnoreCase);
                if (index < 0)
                    throw new UsageException($"--classes: {card.Name} knows no '{name}'; it knows {Some(names)}.");
                wanted.Add(index);
            }

            return wanted.Count > 0 ? wanted.ToImmutable() : throw new UsageException("--classes names no class.");
        }

        private static string Some(ImmutableArray<string> names) =>
            string.Join(", ", names.Take(10)) + (names.Length > 10 ? $" and {names.Length - 10} more" : "");

        private static string Draw(ImageResult<ImageDetections> result, string file)
        {
            ImageDetections found = result.Value!;
            using var canvas = new Canvas(result.Image!);
            foreach (DetectedObject one in found.Objects.Reverse())
            {
                if (one.Mask is not { } mask)
                    continue;
                byte[] pixels = new byte[mask.Size.Width * mask.Size.Height];
                mask.CopyTo(pixels);
                canvas.DrawMask(new MaskOverlay(mask.Size.Width, mask.Size.Height, pixels, ColorOf(one)) { HasOutline = true });
            }

            canvas.DrawBoxes([
                .. found.Objects.Select(one => new LabeledBox(
                    (float)one.Box.X,
                    (float)one.Box.Y,
                    (float)one.Box.Right,
                    (float)one.Box.Bottom,
                    ColorOf(one),
                    string.Create(CultureInfo.InvariantCulture, $"{one.Label.Name} {one.Score:F2}")
                )),
            ]);
            Paths.Write(file, canvas.ToImage().SavePng);
            return file;
        }

        private string[] Cut(ImageResult<ImageDetections> result, string stem)
        {
            ImageDetections found = result.Value!;
            var files = new string[found.Objects.Length];
            for (int i = 0; i < files.Length; i++)
            {
                DetectedObject one = found.Objects[i];
                string name = string.Concat(one.Label.Name.Select(c => char.IsLetterOrDigit(c) ? c : '_'));
                files[i] = $"{stem}_{i + 1}_{name}.png";
                if (Files.Any(image => Paths.AreSame(files[i], image)))
                    throw new FailureException($"'{files[i]}' is an image of this call and is not written over; give another folder.");
                RgbImage part = Part(result.Image!, one.Box);
                Paths.Write(files[i], part.SavePng);
            }

            return files;
        }

        private static RgbImage Part(RgbImage image, Box box)
        {
            int left = Math.Clamp((int)Math.Floor(box.X), 0, image.Width - 1),
                top = Math.Clamp((int)Math.Floor(box.Y), 0, image.Height - 1),
                right = Math.Clamp((int)Math.Ceiling(box.Right), left + 1, image.Width),
                bottom = Math.Clamp((int)Math.Ceiling(box.Bottom), top + 1, image.Height);
            var part = new RgbImage(right - left, bottom - top, new byte[(right - left) * (bottom - top) * 3]);
            for (int y = top; y < bottom; y++)
                image.Row(y).Slice(left * 3, part.Width * 3).CopyTo(part.Row(y - top));
            return part;
        }

        // COCO's own numbers have gaps; classes of others are counted from 1.
        private static int CategoryOf(DetectedObject one) => one.Label.Number ?? one.Class + 1;

        private static RgbColor ColorOf(DetectedObject one) =>
            one.Label.Color is { } color ? new(color.R, color.G, color.B) : Palette.Color(one.Class);

        private static double Rounded(double value) => Math.Round(value, 3);
    }
}

/// <summary>What <c>moga detect --json</c> prints of a thing, in COCO's form for results or that of Hugging Face's pipelines, with the
/// file's name and the class's beside it; of an image that cannot be read, why.</summary>
internal sealed record FoundThing : IImageReport
{
    /// <summary>The image.</summary>
    public required string FileName { get; init; }

    public long? ImageId { get; init; }

    public int? CategoryId { get; init; }

    public double[]? Bbox { get; init; }

    public double? Score { get; init; }

    public string? Label { get; init; }

    public PrintedBox? Box { get; init; }

    public PrintedMask? Segmentation { get; init; }

    public string? Overlay { get; init; }

    public string? Crop { get; init; }

    public string? Error { get; init; }

    public string[]? Notes { get; init; }

    string IImageReport.Path => FileName;
}

/// <summary>A box by its edges.</summary>
internal sealed record PrintedBox(double Xmin, double Ymin, double Xmax, double Ymax);

/// <summary>A mask: rows and columns, and pycocotools' compressed code.</summary>
internal sealed record PrintedMask(int[] Size, string Counts);
