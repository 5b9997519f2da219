using System.Globalization;
using System.Text.Json.Nodes;
using MogaSharp.Data;
using MogaSharp.Models;

namespace MogaSharp.Cli;

/// <summary>Frames to the frames that follow.</summary>
internal sealed class VideoModule : TaskModule
{
    public override ModelTask Task => ModelTask.Video;

    public override string TrainingData => "moving-mnist:PATH or frames:PATH";

    public override string DefaultModel => ModelFinder.DefaultVideoModel;

    public override string AboutDefaultModel =>
        "a demonstration that has only seen handwritten digits move through 64x64 gray pixels (Moving MNIST); moga train --task "
        + "video makes one of other clips";

    public override int EvalBatch => 16;

    public override bool IsData(string text) => ClipSpec.IsClips(text);

    public override string AdviceFor(TaskModule other) => "write moving-mnist, moving-fashion or frames:PATH";

    public override string? Score(ModelCard card) =>
        Figures.Of(card, "_mse") is { } mse ? mse.ToString("F2", CultureInfo.InvariantCulture) + " MSE" : null;

    public override OfficialNetwork OfficialOf(ModelCard card, string official)
    {
        if (card.Options is not SimVpOptions options)
            throw new UsageException($"There is no official code to compare {card.Name} with.");
        if (!Directory.Exists(Path.Combine(official, "simvp")))
            throw new UsageException($"'{official}' has no folder simvp; for {card.Name} the peer is the folder video_prediction.");
        if (options.ModelType is TranslatorKind.Vit or TranslatorKind.Swin or TranslatorKind.Mlp or TranslatorKind.ConvNeXt)
            throw new UsageException($"The translator of {card.Name} is made of timm's blocks, which the peer does without.");
        return new OfficialNetwork(official, JsonNode.Parse(card.ToJson())!["options"]!.ToJsonString(), 0);
    }

    public override Task<int> EvaluateAsync(EvalRequest request, CancellationToken cancellationToken) =>
        new VideoEval(request).RunAsync(cancellationToken);
}
