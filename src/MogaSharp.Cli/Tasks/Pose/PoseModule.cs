using System.Globalization;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Training;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>Images to the joints of people.</summary>
internal sealed class PoseModule : TaskModule
{
    public override ModelTask Task => ModelTask.Pose;

    public override string TrainingData => "coco-pose:PATH or scenes";

    public override string DefaultModel => "moganet_xtiny_pose_scenes";

    public override string AboutDefaultModel =>
        "a demonstration that only knows drawn people (--data scenes); for photographs: moga pull moganet_s_coco_256x192, "
        + "then --model moganet_s_coco_256x192";

    public override int EvalBatch => 1;

    public override bool IsData(string text) => PoseSpec.IsPose(text);

    public override CheckedData ToCheck(string text)
    {
        PoseSpec spec = PoseSpec.Parse(text, KnownFolders.OfMnist);
        return new(() => spec.HasSeparateSplits, (split, _, collect) => spec.OpenImages(split, collect));
    }

    public override string AdviceFor(TaskModule other) => "write coco-pose:PATH or scenes";

    public override string? Score(ModelCard card) =>
        Figures.Of(card, "_ap") is { } ap ? ap.ToString("F1", CultureInfo.InvariantCulture) + " AP" : null;

    public override ModelOutputs Features => ModelOutputs.All | ModelOutputs.Auxiliary;

    public override IEnumerable<TensorEntry> Derive(ForwardRun run, CancellationToken cancellationToken) => PoseForward.Derive(run);

    public override OfficialNetwork OfficialOf(ModelCard card, string official) =>
        throw new UsageException($"There is no peer for {card.Name}: the official code for poses needs the mm packages.");

    public override AnyPredictor OpenPredictor(LoadedModel model, IInferenceEngine engine) =>
        AnyPredictor.Of(new PoseEstimator(model, engine: engine));

    public override Task<int> EvaluateAsync(EvalRequest request, CancellationToken cancellationToken) =>
        DenseEval.RunAsync(request, null, cancellationToken);

    public override Task<int> ScoreAsync(EvalRequest request, string predictions, CancellationToken cancellationToken) =>
        System.Threading.Tasks.Task.Run(() => PoseScore.Run(request, predictions), cancellationToken);
}
