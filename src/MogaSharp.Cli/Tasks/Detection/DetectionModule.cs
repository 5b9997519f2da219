using System.CommandLine;
using System.Globalization;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Training;
using MogaSharp.Vision;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>Images to the boxes, and the masks, of things.</summary>
internal sealed class DetectionModule : TaskModule
{
    public override ModelTask Task => ModelTask.Detection;

    public override string TrainingData => "coco:PATH, voc:PATH, yolo:PATH, csv:FILE,IMAGES or scenes";

    public override string DefaultModel => "mask_rcnn_moganet_xtiny_scenes";

    public override string AboutDefaultModel =>
        "a demonstration that only knows drawn scenes (--data scenes); for photographs: moga pull mask_rcnn_moganet_small_fpn_1x_coco, "
        + "then --model mask_rcnn_moganet_small_fpn_1x_coco";

    public override int EvalBatch => 1;

    public override bool HasDetectionOptions => true;

    public override bool IsData(string text) => DetectionSpec.IsDetection(text);

    public override CheckedData ToCheck(string text)
    {
        DetectionSpec spec = DetectionSpec.Parse(text, KnownFolders.OfMnist);
        return new(
            () => spec.HasSeparateSplits,
            (split, train, collect) => spec.Open(split, (train as IDetectionDataset)?.Classes, collect)
        );
    }

    public override string AdviceFor(TaskModule other) => $"write {TrainingData}";

    public override string? Score(ModelCard card) =>
        Figures.Of(card, "_box_ap") is { } ap ? ap.ToString("F1", CultureInfo.InvariantCulture) + " AP" : null;

    public override IEnumerable<TensorEntry> Derive(ForwardRun run, CancellationToken cancellationToken) =>
        new DetectionForward(run, cancellationToken).Derive();

    public override OfficialNetwork OfficialOf(ModelCard card, string official) =>
        throw new UsageException($"There is no peer for {card.Name}: the official code for detection needs the mm packages.");

    public override AnyPredictor OpenPredictor(LoadedModel model, IInferenceEngine engine) =>
        AnyPredictor.Of(new ObjectDetector(model, engine: engine));

    public override IImagePeer StartImagePeer(LoadedModel model, byte[] file, int threads) => new DetectionPeer(model, file, threads);

    public override Task<int> ExplainAsync(
        CamRequest request,
        ModelCard card,
        ParseResult parsed,
        ImageArguments arguments,
        CancellationToken cancellationToken
    )
    {
        request.RefuseClassifiersOptions(card);
        return new BoxCamRun(request).RunAsync(parsed, arguments, cancellationToken);
    }

    public override Task<int> EvaluateAsync(EvalRequest request, CancellationToken cancellationToken) =>
        DenseEval.RunAsync(request, null, cancellationToken, (evaluation, card) => Report(request, (DetectionEvaluation)evaluation, card));

    public override Task<int> ScoreAsync(EvalRequest request, string predictions, CancellationToken cancellationToken) =>
        System.Threading.Tasks.Task.Run(() => DetectionScore.Run(request, predictions, cancellationToken), cancellationToken);

    private static void Report(EvalRequest request, DetectionEvaluation evaluation, ModelCard card)
    {
        DetectionResult[] results =
        [
            .. Enum.GetValues<CocoComparison>()
                .Select(comparison => (comparison, evaluation.Metrics(comparison, request.Detection.Most)))
                .Where(one => one.Item2 is not null)
                .Select(one => DetectionResult.Of(one.Item2!, one.comparison, request.Detection.Score)),
        ];
        DetectionReport.Write(request, card.Name, (int)evaluation.Count, card.GetClassLabels(), results);
    }
}
