using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using MogaSharp.Drawing;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga explain receptive-field</c>: how far layers see.</summary>
internal static class ExplainReceptiveField
{
    private static readonly double[] Shares = [0.2, 0.3, 0.5, 0.99];

    public static Command Create()
    {
        var arguments = new ImageArguments(TaskModules.Of(ModelTask.Classification).DefaultModel);
        var layers = new Option<string[]>("--layer")
        {
            Description = "Modules to look at, see moga info MODEL --layers; default: the end of each stage",
            HelpName = "name",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<(int Height, int Width)?> size = CommonOptions.Size();
        var output = new Option<string?>("--output", "-o")
        {
            Description = "A file for the maps side by side, colored by their square roots: NAME.svg, with a scale, or a PNG",
            HelpName = "file",
        };
        var command = new Command("receptive-field", "Measure how far layers see: which pixels count for the middle of their maps");
        arguments.AddTo(command, layers, size, output);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                IReadOnlyList<string> files = ImagePaths.Expand(parsed.GetValue(arguments.Paths)!, Notices.OfThisRun);
                ModelCard card = ModelFinder.Card(parsed.GetValue(arguments.Model)!);
                ModelFinder.Classifier(card);
                string? target = parsed.GetValue(output) is { } path ? Paths.Writable(path, [.. files]) : null;
                Shape input = ModelFinder.Input(1, card, parsed.GetValue(size));
                ModelFinder.SayDefault(
                    parsed,
                    arguments.Model,
                    parsed.GetValue(arguments.Weights),
                    TaskModules.Of(ModelTask.Classification)
                );
                LoadedModel loaded = await ModelFinder
                    .LoadAsync(card, parsed.GetValue(arguments.Weights), parsed.GetValue(arguments.Ema), cancellationToken)
                    .ConfigureAwait(false);
                using IInferenceEngine engine = arguments.Engine.Create(parsed);
                using var field = new EffectiveReceptiveField(
                    loaded.Definition.Build(input, ModelOutputs.Stages),
                    loaded.Weights,
                    parsed.GetValue(layers) ?? [],
                    engine
                );
                List<string> bad = await Output
                    .WithProgressAsync("Measuring", progress => AddAllAsync(field, card, input, files, progress, cancellationToken))
                    .ConfigureAwait(false);
                foreach (string why in bad)
                    Failure.Report(why, ExitCode.Failure);
                if (bad.Count < files.Count)
                    Report(card, field.Maps, target, parsed.GetValue(arguments.Json));
                return bad.Count == 0 ? ExitCode.Success
                    : files.Count == 1 ? ExitCode.Failure
                    : Failure.Report($"{bad.Count} of {files.Count} images could not be measured.", ExitCode.Failure);
            }
        );
        return command;
    }

    // Why images could not be read; said when the bar is gone.
    private static Task<List<string>> AddAllAsync(
        EffectiveReceptiveField field,
        ModelCard card,
        Shape input,
        IReadOnlyList<string> files,
        Action<double, string> progress,
        CancellationToken cancellationToken
    ) =>
        Task.Run(
            async () =>
            {
                var preprocessor = new Preprocessor(card.Preprocess.ToOptions() with { Height = input[2], Width = input[3] });
                List<string> bad = [];
                for (int i = 0; i < files.Count; i++)
                {
                    try
                    {
                        RgbImage image = await LoadAsync(files[i], cancellationToken).ConfigureAwait(false);
                        Notices.OfThisRun.Count(image.Conversions, files[i]);
                        var tensor = new Tensor(input);
                        preprocessor.Process(image, tensor.Span);
                        field.Add(tensor, cancellationToken);
                    }
                    catch (Exception e) when (e is ImageFormatException or IOException or UnauthorizedAccessException)
                    {
                        bad.Add($"{files[i]}: {Failure.WhyUnreadable(files[i], e)}");
                    }

                    progress((double)(i + 1) / files.Count, $"{i + 1} of {files.Count}");
                }

                return bad;
            },
            cancellationToken
        );

    private static Task<RgbImage> LoadAsync(string path, CancellationToken cancellationToken) =>
        path == ImagePaths.Stdin
            ? ImageDecoder.LoadAsync(Console.OpenStandardInput(), path, cancellationToken: cancellationToken)
            : ImageDecoder.LoadAsync(path, cancellationToken: cancellationToken);

    private static void Report(ModelCard card, IReadOnlyList<ReceptiveFieldMap> maps, string? target, bool isJson)
    {
        if (target?.EndsWith(".svg", StringComparison.OrdinalIgnoreCase) == true)
        {
            var sheet = new HeatMapSheet([.. maps.Select(map => new SheetMap(map.Layer, map.Width, map.Height, map.Values.AsMemory()))]);
            Paths.Write(target, sheet.SaveSvg);
        }
        else if (target is not null)
        {
            RgbImage[] images = [.. maps.Select(Draw)];
            var strip = new ImageStrip([new StripRow([.. images])]) { ColumnTitles = [.. maps.Select(map => map.Layer)] };
            Paths.Write(target, strip.Draw().SavePng);
        }

        if (isJson)
        {
            Output.Json(
                new ReceptiveFieldReport(
                    card.Name,
                    maps[0].Images,
                    $"{maps[0].Height}x{maps[0].Width}",
                    [
                        .. maps.Select(map => new LayerField(
                            map.Layer,
                            [.. Shares.Select(share => new FieldArea(share, Finite(map.AreaOf(share))))]
                        )),
                    ],
                    target
                ),
                CliJson.Printed.ReceptiveFieldReport
            );
            return;
        }

        Output.Line($"{card.Name}, {maps[0].Height}x{maps[0].Width}, {maps[0].Images} image{(maps[0].Images == 1 ? "" : "s")}");
        List<string[]> rows =
        [
            ["layer ", .. Shares.Select(share => $"{100 * share:F0}% in")],
        ];
        rows.AddRange(maps.Select(map => (string[])[map.Layer, .. Shares.Select(share => Percent(map.AreaOf(share)))]));
        Output.Table(rows);
        if (target is not null)
            Output.Line(target);
    }

    private static double? Finite(double area) => double.IsNaN(area) ? null : Math.Round(area, 6);

    private static string Percent(double area) =>
        double.IsNaN(area) ? "-" : string.Create(CultureInfo.InvariantCulture, $"{100 * area:F1}%");

    private static RgbImage Draw(ReceptiveFieldMap map)
    {
        using var canvas = new Canvas(RgbImage.FromPixels(new byte[3 * map.Width * map.Height], map.Width, map.Height, PixelLayout.Rgb));
        float[] roots = [.. map.Values.Select(value => (float)Math.Sqrt(value))];
        canvas.DrawHeatMap(new HeatMap(map.Width, map.Height, roots) { Opacity = 1, Low = 0 });
        return canvas.ToImage();
    }
}

/// <summary>What <c>moga explain receptive-field --json</c> prints.</summary>
internal sealed record ReceptiveFieldReport(string Model, int Images, string Size, ImmutableArray<LayerField> Layers, string? File);

/// <summary>How far a layer sees.</summary>
internal sealed record LayerField(string Layer, ImmutableArray<FieldArea> Areas);

/// <summary>The part of the input that holds a share of what counts; null where nothing counts.</summary>
internal sealed record FieldArea(double Share, double? Area);
