using System.Collections.Immutable;
using System.CommandLine;
using System.Drawing;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Drawing;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga segment</c>: the class of each pixel of images.</summary>
internal static class SegmentCommand
{
    public static Command Create()
    {
        var arguments = new ImageArguments(TaskModules.Of(ModelTask.Segmentation).DefaultModel);
        Option<string?> output = OutputFolder.Option("label maps (NAME.png) and overlays (NAME_overlay.png)");
        Option<(int Height, int Width)?> window = CommonOptions.Size("--window", "Windows to go over the image with, HxW or one number"),
            stride = CommonOptions.Size("--stride", "How far windows are apart; default: two thirds of the window");
        var scales = new Option<double[]>("--scales")
        {
            Description = "Scales of the image, such as 0.5,1.0,1.5; the mean of the probabilities decides",
            HelpName = "list",
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                double[] all =
                [
                    .. text.Split(',', StringSplitOptions.TrimEntries)
                        .Select(part =>
                            double.TryParse(part, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double scale)
                                ? scale
                                : double.NaN
                        ),
                ];
                if (all.All(scale => scale is >= 0.05 and <= 16))
                    return all;
                result.AddError($"--scales takes numbers from 0.05 to 16 with commas between, not '{text}'.");
                return null;
            },
        };
        var flip = new Option<bool>("--flip") { Description = "Let the mirrored image count too" };
        var command = new Command("segment", "Say what each pixel of images shows");
        arguments.AddTo(command, output, window, stride, scales, flip);
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                if (parsed.GetValue(stride) is not null && parsed.GetValue(window) is null)
                    throw new UsageException("--stride needs --window.");
                var inference = new SegmentationInference
                {
                    Window = SizeOf(parsed.GetValue(window)),
                    Stride = SizeOf(parsed.GetValue(stride)),
                    Scales = parsed.GetValue(scales) is { Length: > 0 } given ? [.. given] : [1],
                    Flip = parsed.GetValue(flip),
                    Threads = parsed.GetValue(arguments.Engine.Threads),
                };
                Check(inference);
                OutputFolder? folder = parsed.GetValue(output) is { } path ? new OutputFolder(path, ".png", "_overlay.png") : null;
                return new SegmentRun(inference, folder).RunAsync(parsed, arguments, cancellationToken);
            }
        );
        return command;
    }

    private static Size? SizeOf((int Height, int Width)? size) => size is { } given ? new(given.Width, given.Height) : null;

    private static void Check(SegmentationInference inference)
    {
        if (inference.Window is { } window && Math.Min(window.Width, window.Height) < 32)
            throw new UsageException("Windows have at least 32 rows and columns.");
        if (inference is { Window: { } size, Stride: { } stride } && (stride.Width > size.Width || stride.Height > size.Height))
            throw new UsageException("--stride is not larger than --window, or pixels would be left out.");
    }

    private sealed class SegmentRun(SegmentationInference inference, OutputFolder? folder) : ImageRun<Segmentation, SegmentedImage>
    {
        protected override ModelTask Task => ModelTask.Segmentation;

        protected override string Title => "Segmenting";

        protected override string Done => "segmented";

        protected override OutputFolder? Folder => folder;

        protected override JsonTypeInfo<SegmentedImage> Json => CliJson.Printed.SegmentedImage;

        protected override IImagePreparation Prepare(ModelCard card) => new SegmentationPreparation(card.Preprocess, inference);

        protected override ImagePredictor<Segmentation> Create(LoadedModel model, IInferenceEngine engine) =>
            new SemanticSegmenter(model, inference, engine);

        protected override IEnumerable<SegmentedImage> Report(ImageResult<Segmentation> result, string[]? notes)
        {
            Segmentation value = result.Value!;
            string? map = null,
                overlay = null;
            if (folder is not null)
            {
                string[] files = folder.FilesOf(result.Source.Name);
                (map, overlay) = (files[0], files[1]);
                RgbColor[] colors = [.. value.Classes.Select((label, i) => ColorOf(label, i))];
                byte[] palette = [.. colors.SelectMany(color => (byte[])[color.Red, color.Green, color.Blue])];
                Paths.Write(map, file => IndexPng.Save(file, value.Map.Labels, value.Map.Size.Width, value.Map.Size.Height, palette));
                var legend = new Legend([
                    .. value.Shares.Select(share => new LegendEntry($"{share.Label.Name} {Percent(share.Share)}", colors[share.Index])),
                ]);
                Paths.Write(overlay, legend.Beside(LabelMapOverlay.Draw(result.Image!, value.Map, colors)).SavePng);
            }

            yield return new SegmentedImage(
                result.Source.Name,
                value.Map.Size.Width,
                value.Map.Size.Height,
                [
                    .. value.Shares.Select(share => new PrintedClass(
                        share.Index,
                        share.Label.Name,
                        share.Pixels,
                        Math.Round(share.Share, 6)
                    )),
                ],
                map,
                overlay,
                null,
                notes
            );
        }

        protected override SegmentedImage Fail(string path, string error, string[]? notes) =>
            new(path, null, null, null, null, null, error, notes);

        protected override string Line(SegmentedImage report)
        {
            string classes = string.Join(", ", report.Classes!.Value.Select(one => $"{one.Name} {Percent(one.Share)}"));
            return $"{report.Path}: {classes}{(report.Map is null ? "" : $" -> {report.Map}, {report.Overlay}")}";
        }

        private static RgbColor ColorOf(ClassLabel label, int index) =>
            label.Color is { } color ? new(color.R, color.G, color.B) : Palette.Color(index);

        private static string Percent(double share) => (100 * share).ToString("F1", CultureInfo.InvariantCulture) + "%";
    }
}

/// <summary>What <c>moga segment --json</c> prints of an image: its classes, or why there are none.</summary>
internal sealed record SegmentedImage(
    string Path,
    int? Width,
    int? Height,
    ImmutableArray<PrintedClass>? Classes,
    string? Map,
    string? Overlay,
    string? Error,
    string[]? Notes
) : IImageReport;

/// <summary>How much of an image is of a class.</summary>
internal sealed record PrintedClass(int Index, string Name, int Pixels, double Share);
