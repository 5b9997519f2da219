using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga predict</c>: how a clip goes on.</summary>
internal static class PredictCommand
{
    private const int MaxFrames = 1024;

    public static Command Create()
    {
        var path = new Argument<string>("clip")
        {
            Description = "A folder of frames, an animated GIF, or an npy array (T x H x W, T x H x W x C, T x C x H x W)",
        };
        Option<string> model = CommonOptions.Model(ModelFinder.DefaultVideoModel);
        Option<string?> weights = CommonOptions.Weights();
        Option<bool> ema = CommonOptions.Ema();
        var output = new Option<string?>("--output", "-o")
        {
            Description = "The folder for the results; default: predicted_ and the clip's name",
            HelpName = "folder",
        };
        Option<int> frames = CommonOptions.WholeNumber(
            "--frames",
            "-n",
            0,
            "Frames to predict; default: as many as the model's card says",
            MaxFrames
        );
        Option<int> start = CommonOptions.WholeNumber("--start", null, 0, "Frames of the clip to pass over", 1_000_000, min: 0);
        Option<(int Height, int Width)?> size = CommonOptions.Size();
        size.Description = "Resize the frames to HxW, or one number for a square; default: their own size";
        var officialPsnr = new Option<bool>("--official-psnr") { Description = "Also print what the official code calls PSNR" };
        var engine = new EngineOptions();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("predict", "Predict how a clip goes on, and compare when its frames are there")
        {
            path,
            model,
            weights,
            ema,
            output,
            frames,
            start,
            size,
            officialPsnr,
            engine.Engine,
            engine.Provider,
            engine.Device,
            engine.Threads,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                string source = parsed.GetValue(path)!;
                ModelCard card = ModelFinder.Card(parsed.GetValue(model)!);
                IVideoDefinition definition =
                    card.CreateDefinition() as IVideoDefinition
                    ?? throw new UsageException(
                        $"{card.Name} is a model for {card.Options.Task.ToString().ToLowerInvariant()}; this takes one for video."
                    );
                int wanted = parsed.GetValue(frames) is > 0 and var given ? given : card.Clip?.OutFrames ?? definition.Frames;
                var reading = new ClipReading(
                    definition.Channels,
                    parsed.GetValue(start),
                    definition.Frames + wanted,
                    parsed.GetValue(size)
                );
                using IInferenceEngine chosen = engine.Create(parsed);
                Clip clip = ClipFile.Load(source, reading, cancellationToken);
                Notices.OfThisRun.Flush();
                if (clip.Frames < definition.Frames)
                    throw new FailureException(
                        $"{source}: It has {clip.Frames} frames{(reading.Start > 0 ? $" from frame {reading.Start} on" : "")}; {card.Name} "
                            + $"needs {definition.Frames} to predict from."
                    );
                RequireSize(definition, clip, source);
                ModelFinder.SayDefault(parsed, model, parsed.GetValue(weights), TaskModules.Of(ModelTask.Video));
                string folder = Folder(
                    parsed.GetValue(output) ?? $"predicted_{Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(source))}"
                );
                LoadedModel loaded = await ModelFinder
                    .LoadAsync(card, parsed.GetValue(weights), parsed.GetValue(ema), cancellationToken)
                    .ConfigureAwait(false);
                using var predictor = new VideoPredictor(loaded, chosen);
                var input = new Tensor(definition.InputShape(1, clip.Height, clip.Width), clip.Slice(0, definition.Frames).ToArray());
                var clock = Stopwatch.StartNew();
                Tensor predicted = predictor.Predict(input, wanted, cancellationToken);
                double seconds = clock.Elapsed.TotalSeconds;
                if (!predicted.Data.All(float.IsFinite))
                    throw new FailureException("The network's outputs are not finite; the weights may be damaged.");

                int known = clip.Frames - definition.Frames;
                VideoMetrics? metrics = known > 0 ? new VideoMetrics(clip.Channels, clip.Height, clip.Width) : null;
                metrics?.Add(predicted.Data.AsMemory(0, known * clip.FrameLength), clip.Slice(definition.Frames, known));
                Files files = Save(folder, clip, definition.Frames, predicted);
                OlderFrames.Say(folder, files.Frames);
                if (parsed.GetValue(json))
                    PrintJson(source, card, clip, predicted, files, metrics, parsed.GetValue(officialPsnr), seconds);
                else
                    Print(card, clip, predicted, files, metrics, parsed.GetValue(officialPsnr), seconds);
                return ExitCode.Success;
            }
        );
        return command;
    }

    // Which sizes a network cannot take it says itself; before weights are loaded.
    private static void RequireSize(IVideoDefinition definition, Clip clip, string source)
    {
        try
        {
            definition.Build(definition.InputShape(1, clip.Height, clip.Width));
        }
        catch (GraphException e)
        {
            throw new UsageException($"{source}: It has {clip.Width} x {clip.Height} pixels. {e.Message} --size HxW resizes the frames.");
        }
    }

    private static string Folder(string folder)
    {
        if (File.Exists(folder))
            throw new UsageException($"'{folder}' is a file, not a folder.");
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException($"The folder '{folder}' cannot be made: {SystemMessage.Reason(e)}.");
        }

        return folder;
    }

    private static Files Save(string folder, Clip clip, int inputFrames, Tensor predicted)
    {
        RgbImage Image(ReadOnlyMemory<float> values) => FramePlanes.ToImage(values.Span, clip.Channels, clip.Height, clip.Width);
        RgbImage[] output =
        [
            .. Enumerable.Range(0, predicted.Shape[1]).Select(i => Image(predicted.Data.AsMemory(i * clip.FrameLength, clip.FrameLength))),
        ];
        RgbImage[] all = [.. Enumerable.Range(0, clip.Frames).Select(i => Image(clip.Slice(i, 1)))];
        var pictures = new ClipPictures(all[..inputFrames], all[inputFrames..], output);
        int digits = Math.Max(2, (output.Length - 1).ToString(CultureInfo.InvariantCulture).Length);
        var files = new Files(
            [
                .. output.Select(
                    (_, i) => Path.Combine(folder, $"frame_{i.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0')}.png")
                ),
            ],
            Path.Combine(folder, "predicted.npy"),
            Path.Combine(folder, "comparison.gif"),
            Path.Combine(folder, "strip.png")
        );
        for (int i = 0; i < output.Length; i++)
            Paths.Write(files.Frames[i], output[i].SavePng);
        Paths.Write(files.Array, file => NpyFile.Save(file, [output.Length, clip.Channels, clip.Height, clip.Width], predicted.Data));
        Paths.Write(files.Gif, pictures.SideBySide().Save);
        Paths.Write(files.Strip, pictures.Strip().SavePng);
        return files;
    }

    private static void Print(
        ModelCard card,
        Clip clip,
        Tensor predicted,
        Files files,
        VideoMetrics? metrics,
        bool officialPsnr,
        double seconds
    )
    {
        Output.Line(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{card.Name} predicted {predicted.Shape[1]} frames of {clip.Width} x {clip.Height} from "
                    + $"{clip.Frames - (metrics?.Frames ?? 0)} in {seconds:F2} s"
            )
        );
        Output.Line($"{files.Frames[0]} to {Path.GetFileName(files.Frames[^1])}, {files.Array}");
        Output.Line($"{files.Gif} (side by side: input, {(metrics is null ? "" : "truth, ")}prediction)");
        Output.Line($"{files.Strip} (rows: input, {(metrics is null ? "prediction" : "truth, prediction, difference")})");
        if (metrics is null)
            return;
        Output.Line($"compared with {metrics.Frames} true frames:");
        VideoReport.Print(metrics, officialPsnr);
    }

    private static void PrintJson(
        string source,
        ModelCard card,
        Clip clip,
        Tensor predicted,
        Files files,
        VideoMetrics? metrics,
        bool officialPsnr,
        double seconds
    )
    {
        var report = new PredictReport
        {
            Clip = source,
            Model = card.Name,
            InputFrames = clip.Frames - (metrics?.Frames ?? 0),
            PredictedFrames = predicted.Shape[1],
            TrueFrames = metrics?.Frames ?? 0,
            Channels = clip.Channels,
            Height = clip.Height,
            Width = clip.Width,
            Seconds = Math.Round(seconds, 3),
            Frames = files.Frames,
            Array = files.Array,
            Gif = files.Gif,
            Strip = files.Strip,
            Metrics = metrics is null ? null : VideoReport.Numbers(metrics, officialPsnr),
            Notes = Notices.OfThisRun.AllOrNull,
        };
        Output.Json(report, CliJson.Printed.PredictReport);
    }

    private sealed record Files(string[] Frames, string Array, string Gif, string Strip);
}

/// <summary>What <c>moga predict --json</c> prints.</summary>
internal sealed record PredictReport
{
    public required string Clip { get; init; }

    public required string Model { get; init; }

    public required long InputFrames { get; init; }

    public required int PredictedFrames { get; init; }

    public required long TrueFrames { get; init; }

    public required int Channels { get; init; }

    public required int Height { get; init; }

    public required int Width { get; init; }

    public required double Seconds { get; init; }

    public required string[] Frames { get; init; }

    public required string Array { get; init; }

    public required string Gif { get; init; }

    public required string Strip { get; init; }

    public required IReadOnlyDictionary<string, double?>? Metrics { get; init; }

    public required IReadOnlyList<string>? Notes { get; init; }
}
