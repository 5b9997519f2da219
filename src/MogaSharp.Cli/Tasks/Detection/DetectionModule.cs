using System.Globalization;
using MogaSharp.Models;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>Images to the boxes, and the masks, of things.</summary>
internal sealed class DetectionModule : TaskModule
{
    public override ModelTask Task => ModelTask.Detection;

    public override string TrainingData => "nothing yet";

    public override string DefaultModel => "mask_rcnn_moganet_xtiny_fpn_1x_coco";

    public override string AboutDefaultModel => "the official Mask R-CNN with MogaNet-XT for the 80 classes of COCO";

    public override int EvalBatch => 1;

    public override bool HasDetectionOptions => true;

    public override bool IsData(string text) => DetectionScore.IsData(text);

    public override string AdviceFor(TaskModule other) => "write coco:PATH";

    public override string? Score(ModelCard card) =>
        Figures.Of(card, "_box_ap") is { } ap ? ap.ToString("F1", CultureInfo.InvariantCulture) + " AP" : null;

    public override IEnumerable<TensorEntry> Derive(ForwardRun run, CancellationToken cancellationToken) =>
        new DetectionForward(run, cancellationToken).Derive();

    public override OfficialNetwork OfficialOf(ModelCard card, string official) =>
        throw new UsageException($"There is no peer for {card.Name}: the official code for detection needs the mm packages.");

    public override Task<int> EvaluateAsync(EvalRequest request, CancellationToken cancellationToken) =>
        throw new UsageException(
            "Detectors are not run on data yet; moga detect --json writes results in COCO's form, which --predictions takes."
        );

    public override Task<int> ScoreAsync(EvalRequest request, string predictions, CancellationToken cancellationToken) =>
        System.Threading.Tasks.Task.Run(() => DetectionScore.Run(request, predictions, cancellationToken), cancellationToken);
}
