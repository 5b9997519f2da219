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

/// <summary>Images to the class of each pixel.</summary>
internal sealed class SegmentationModule : TaskModule
{
    public override ModelTask Task => ModelTask.Segmentation;

    public override string TrainingData => "ade20k:PATH, pairs:IMAGES,LABELS or scenes";

    public override string DefaultModel => "fpn_moganet_xtiny_scenes";

    public override string AboutDefaultModel =>
        "a demonstration that only knows eight kinds of things in drawn scenes (--data scenes); for photographs: "
        + "moga pull fpn_moganet_small_80k_ade20k, then --model fpn_moganet_small_80k_ade20k";

    public override int EvalBatch => 1;

    public override bool IsData(string text) => SegmentationSpec.IsSegmentation(text);

    public override CheckedData ToCheck(string text)
    {
        SegmentationSpec spec = SegmentationSpec.Parse(text, KnownFolders.OfMnist);
        return new(() => spec.HasSeparateSplits, (split, _, collect) => spec.Open(split, null, collect));
    }

    public override string AdviceFor(TaskModule other) => "write ade20k:PATH, pairs:IMAGES,LABELS or scenes";

    public override string? Score(ModelCard card) =>
        Figures.Of(card, "_miou") is { } iou ? iou.ToString("F1", CultureInfo.InvariantCulture) + " mIoU" : null;

    public override ModelOutputs Features => ModelOutputs.All | ModelOutputs.Auxiliary;

    public override IEnumerable<TensorEntry> Derive(ForwardRun run, CancellationToken cancellationToken) =>
        SegmentationForward.Derive(run, cancellationToken);

    public override OfficialNetwork OfficialOf(ModelCard card, string official) =>
        throw new UsageException($"There is no peer for {card.Name}: the official code for segmentation needs the mm packages.");

    public override AnyPredictor OpenPredictor(LoadedModel model, IInferenceEngine engine) =>
        AnyPredictor.Of(new SemanticSegmenter(model, engine: engine));

    public override Task<int> ExplainAsync(
        CamRequest request,
        ModelCard card,
        ParseResult parsed,
        ImageArguments arguments,
        CancellationToken cancellationToken
    )
    {
        request.RefuseBox(card);
        request.RefuseClassifiersOptions(card);
        return new PixelCamRun(request).RunAsync(parsed, arguments, cancellationToken);
    }

    public override Task<int> EvaluateAsync(EvalRequest request, CancellationToken cancellationToken) =>
        DenseEval.RunAsync(request, Classes, cancellationToken);

    public override Task<int> ScoreAsync(EvalRequest request, string predictions, CancellationToken cancellationToken) =>
        System.Threading.Tasks.Task.Run(() => LabelMapScore.Run(request, predictions, cancellationToken), cancellationToken);

    private static IReadOnlyList<ClassFigures> Classes(TaskEvaluation evaluation, ModelCard card)
    {
        ConfusionMatrix matrix = ((SegmentationEvaluation)evaluation).Matrix!;
        return [.. card.GetLabels().Select((name, i) => ClassFigures.Of(name, matrix, i))];
    }
}
