using System.Globalization;
using MogaSharp.Data;
using MogaSharp.Models;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>Images to the boxes, and the masks, of things.</summary>
internal sealed class DetectionModule : TaskModule
{
    public override ModelTask Task => ModelTask.Detection;

    public override string TrainingData => "scenes";

    public override string DefaultModel => "mask_rcnn_moganet_xtiny_fpn_1x_coco";

    public override string AboutDefaultModel => "the official Mask R-CNN with MogaNet-XT for the 80 classes of COCO";

    public override int EvalBatch => 1;

    public override bool IsData(string text) => DetectionSpec.IsDetection(text);

    public override string AdviceFor(TaskModule other) => $"write {TrainingData}";

    public override string? Score(ModelCard card) =>
        Figures.Of(card, "_box_ap") is { } ap ? ap.ToString("F1", CultureInfo.InvariantCulture) + " AP" : null;

    public override IEnumerable<TensorEntry> Derive(ForwardRun run, CancellationToken cancellationToken) =>
        new DetectionForward(run, cancellationToken).Derive();

    public override OfficialNetwork OfficialOf(ModelCard card, string official) =>
        throw new UsageException($"There is no peer for {card.Name}: the official code for detection needs the mm packages.");

    public override Task<int> EvaluateAsync(EvalRequest request, CancellationToken cancellationToken) =>
        DenseEval.RunAsync(request, null, cancellationToken);
}
