using System.Globalization;
using MogaSharp.Data;
using MogaSharp.Models;

namespace MogaSharp.Cli;

/// <summary>Frames to the frames that follow.</summary>
internal sealed class VideoModule : TaskModule
{
    public override ModelTask Task => ModelTask.Video;

    public override string TrainingData => "moving-mnist:PATH or frames:PATH";

    public override string DefaultModel => Shared.DefaultVideoModel;

    public override string AboutDefaultModel =>
        "a demonstration that has only seen handwritten digits move through 64x64 gray pixels (Moving MNIST); moga train --task "
        + "video makes one of other clips";

    public override int EvalBatch => 16;

    public override bool IsData(string text) => ClipSpec.IsClips(text);

    public override string AdviceFor(TaskModule other) => "write moving-mnist, moving-fashion or frames:PATH";

    public override string? Score(ModelCard card) =>
        Figures.Of(card, "_mse") is { } mse ? mse.ToString("F2", CultureInfo.InvariantCulture) + " MSE" : null;

    public override Task<int> EvaluateAsync(EvalRequest request, CancellationToken cancellationToken) =>
        new VideoEval(request).RunAsync(cancellationToken);
}
