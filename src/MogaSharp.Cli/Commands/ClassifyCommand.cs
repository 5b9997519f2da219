using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga classify</c>: the classes of images, printed as they come.</summary>
internal static class ClassifyCommand
{
    public static Command Create()
    {
        var arguments = new ImageArguments(TaskModules.Of(ModelTask.Classification).DefaultModel);
        Option<string?> labels = CommonOptions.Labels();
        Option<int> topK = CommonOptions.WholeNumber("--topk", "-k", 5, "Classes to show for each image", 100_000);
        var command = new Command("classify", "Say what images show");
        arguments.AddTo(command, labels, topK);
        command.SetAction(
            (parsed, cancellationToken) =>
                new ClassifyRun(parsed.GetValue(labels), parsed.GetValue(topK)).RunAsync(parsed, arguments, cancellationToken)
        );
        return command;
    }

    private sealed class ClassifyRun(string? labels, int topK) : ImageRun<Classification, ClassifiedImage>
    {
        protected override ModelTask Task => ModelTask.Classification;

        protected override string Title => "Classifying";

        protected override string Done => "classified";

        protected override JsonTypeInfo<ClassifiedImage> Json => CliJson.Printed.ClassifiedImage;

        protected override IImagePreparation Prepare(ModelCard card) =>
            new FixedSizePreparation(new Preprocessor(card.Preprocess.ToOptions()));

        protected override ImagePredictor<Classification> Create(LoadedModel model, IInferenceEngine engine) =>
            new ImageClassifier(LabelFile.Apply(model, labels), engine);

        protected override IEnumerable<ClassifiedImage> Report(ImageResult<Classification> result, string[]? notes)
        {
            ImmutableArray<Prediction> predictions = result.Value!.Top(topK);
            return float.IsNaN(predictions[0].Score)
                ? throw new FailureException("The network's outputs are not finite; the weights may be damaged.")
                : [new ClassifiedImage(result.Source.Name, predictions, null, notes)];
        }

        protected override ClassifiedImage Fail(string path, string error, string[]? notes) => new(path, null, error, notes);

        protected override string Line(ClassifiedImage report)
        {
            IEnumerable<string> scores = report.Predictions!.Value.Select(p =>
                string.Create(CultureInfo.InvariantCulture, $"{p.Label} {100 * p.Score:F1}%")
            );
            return $"{report.Path}: {string.Join(", ", scores)}";
        }
    }
}

/// <summary>What <c>moga classify --json</c> prints of an image: its classes, or why there are none.</summary>
internal sealed record ClassifiedImage(string Path, ImmutableArray<Prediction>? Predictions, string? Error, string[]? Notes) : IImageReport;
