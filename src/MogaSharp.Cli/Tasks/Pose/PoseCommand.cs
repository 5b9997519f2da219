using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Drawing;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga pose</c>: the joints of the people in images.</summary>
internal static class PoseCommand
{
    public static Command Create()
    {
        var arguments = new ImageArguments(TaskModules.Of(ModelTask.Pose).DefaultModel);
        Option<string?> output = OutputFolder.Option("images with skeletons (NAME.png)");
        var boxes = new Option<string?>("--boxes")
        {
            Description = "Where people are: JSON with an image, a bbox and a score for each",
            HelpName = "file",
        };
        var detector = new Option<string?>("--detector")
        {
            Description = "Find people with a detector: a model of the catalogue, or a model card, that knows the class person",
            HelpName = "model",
        };
        var detectorScore = new Option<double>("--detector-score")
        {
            Description = "With --detector: the least score of a box, 0 to 1",
            HelpName = "number",
            DefaultValueFactory = _ => PersonDetector.DefaultScore,
        };
        var whole = new Option<bool>("--whole")
        {
            Description = "Take each image for one person; the default without --boxes and --detector",
        };
        var decode = new Option<string>("--decode")
        {
            Description = "default (moves places by a quarter pixel), unbiased (DARK) or plain",
            HelpName = "rule",
            DefaultValueFactory = _ => "default",
        };
        decode.AcceptOnlyFromAmong("default", "unbiased", "plain");
        var noFlip = new Option<bool>("--no-flip") { Description = "Do not let the mirrored image count too; twice as fast" };
        var command = new Command("pose", "Find the joints of people in images");
        arguments.AddTo(command, output, boxes, detector, detectorScore, whole, decode, noFlip);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (parsed.GetValue(whole) && parsed.GetValue(boxes) is not null)
                    throw new UsageException("--whole and --boxes exclude each other.");
                if (parsed.GetValue(detector) is not null && (parsed.GetValue(whole) || parsed.GetValue(boxes) is not null))
                    throw new UsageException("--detector excludes --boxes and --whole.");
                if (parsed.GetValue(detector) is null && parsed.GetResult(detectorScore)?.Implicit == false)
                    throw new UsageException("--detector-score needs --detector.");
                double least = parsed.GetValue(detectorScore);
                if (!(least is >= 0 and <= 1))
                    throw new UsageException("--detector-score takes a number from 0 to 1.");
                BoxesFile? file = parsed.GetValue(boxes) is { } path ? BoxesFile.Load(Paths.Existing(path)) : null;
                var inference = new PoseInference
                {
                    Flip = !parsed.GetValue(noFlip),
                    Refinement = parsed.GetValue(decode) switch
                    {
                        "unbiased" => HeatMapRefinement.Unbiased,
                        "plain" => HeatMapRefinement.None,
                        _ => HeatMapRefinement.QuarterShift,
                    },
                };
                OutputFolder? folder = parsed.GetValue(output) is { } to ? new OutputFolder(to, ".png") : null;
                using PersonDetector? people = parsed.GetValue(detector) is { } model
                    ? await PersonDetector.LoadAsync(model, least, arguments.Engine.Create(parsed), cancellationToken).ConfigureAwait(false)
                    : null;
                PersonFinder? find =
                    people is not null ? people.Find
                    : file is not null ? file.Find
                    : null;
                return await new PoseRun(inference, find, folder).RunAsync(parsed, arguments, cancellationToken).ConfigureAwait(false);
            }
        );
        return command;
    }

    private sealed class PoseRun(PoseInference inference, PersonFinder? find, OutputFolder? folder) : ImageRun<ImagePoses, FoundPerson>
    {
        private readonly ImageNumbers _numbers = new();

        protected override ModelTask Task => ModelTask.Pose;

        protected override string Title => "Finding joints";

        protected override string Done => "searched";

        protected override OutputFolder? Folder => folder;

        protected override JsonTypeInfo<FoundPerson> Json => CliJson.Printed.FoundPerson;

        protected override IImagePreparation Prepare(ModelCard card) => new PosePreparation(card.Preprocess, inference, find);

        protected override ImagePredictor<ImagePoses> Create(LoadedModel model, IInferenceEngine engine) =>
            new PoseEstimator(model, inference, engine: engine);

        protected override IEnumerable<FoundPerson> Report(ImageResult<ImagePoses> result, string[]? notes)
        {
            ImagePoses poses = result.Value!;
            if (poses.People.Any(person => !person.Points.All(point => double.IsFinite(point.X + point.Y + point.Score))))
                throw new FailureException("The network's outputs are not finite; the weights may be damaged.");
            string? file = null;
            if (folder is not null)
            {
                file = folder.FilesOf(result.Source.Name)[0];
                using var canvas = new Canvas(result.Image!);
                foreach ((PersonPose person, int i) in poses.People.Select((person, i) => (person, i)))
                    canvas.DrawSkeleton(
                        new Skeleton(
                            [.. person.Points.Select(point => new Keypoint((float)point.X, (float)point.Y, (float)point.Score))],
                            poses.Skeleton.Limbs,
                            Palette.Color(i)
                        )
                    );
                Paths.Write(file, canvas.ToImage().SavePng);
            }

            long id = _numbers.Next(result.Source.Name);
            foreach (PersonPose person in poses.People)
                yield return new FoundPerson(
                    result.Source.Name,
                    id,
                    1,
                    [.. person.Points.SelectMany(point => (double[])[Rounded(point.X), Rounded(point.Y), Math.Round(point.Score, 6)])],
                    Math.Round(person.Score, 6),
                    [Rounded(person.Box.X), Rounded(person.Box.Y), Rounded(person.Box.Width), Rounded(person.Box.Height)],
                    file,
                    null,
                    notes
                );
        }

        protected override FoundPerson Fail(string path, string error, string[]? notes) =>
            new(path, _numbers.Next(path), 1, null, null, null, null, error, notes);

        protected override string Line(FoundPerson report)
        {
            ImmutableArray<string> joints = SkeletonDefinition.Coco.Joints;
            double[] points = report.Keypoints!;
            string[] sure =
            [
                .. Enumerable
                    .Range(0, points.Length / 3)
                    .Where(i => points[(3 * i) + 2] >= inference.JointThreshold)
                    .Select(i => string.Create(CultureInfo.InvariantCulture, $"{joints[i]} {points[3 * i]:F1},{points[(3 * i) + 1]:F1}")),
            ];
            string found =
                sure.Length > 0
                    ? string.Join("  ", sure)
                    : string.Create(CultureInfo.InvariantCulture, $"no joint above {inference.JointThreshold}");
            string score = report.Score!.Value.ToString("F2", CultureInfo.InvariantCulture);
            return $"{report.Path}: person {score}: {found}{(report.Overlay is null ? "" : $" -> {report.Overlay}")}";
        }

        private static double Rounded(double value) => Math.Round(value, 3);
    }
}

/// <summary>What <c>moga pose --json</c> prints of a person, in COCO's form for results of key points with the file's name beside it; of an
/// image that cannot be read, why.</summary>
internal sealed record FoundPerson(
    [property: JsonPropertyName("file_name")] string Path,
    long ImageId,
    int CategoryId,
    double[]? Keypoints,
    double? Score,
    double[]? Bbox,
    string? Overlay,
    string? Error,
    string[]? Notes
) : IImageReport;
