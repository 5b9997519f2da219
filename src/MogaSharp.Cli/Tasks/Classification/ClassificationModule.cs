using System.CommandLine;
using System.Globalization;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>Images to classes.</summary>
internal sealed class ClassificationModule : TaskModule
{
    public override ModelTask Task => ModelTask.Classification;

    public override string TrainingData => "folder:PATH or idx:PATH or tar:PATTERN";

    public override string DefaultModel => ModelFinder.DefaultModel;

    public override string AboutDefaultModel =>
        "a demonstration that only knows ten kinds of clothing in 28x28 gray pixels (Fashion-MNIST); for photographs: moga pull "
        + "moganet_small, then --model moganet_small";

    public override int EvalBatch => 32;

    // What is not a data set at all is told so when it is opened.
    public override bool IsData(string text) => !TaskModules.All.Any(module => module != this && module.IsData(text));

    public override CheckedData ToCheck(string text)
    {
        DatasetSpec spec = DatasetSpec.Parse(text);
        return new(
            () => spec.HasSeparateSplits,
            (split, train, _) =>
                train is null
                    ? spec.Open(split)
                    : spec.Open(split, [.. train.ClassNames.Select(name => new ClassLabel(name))], mayGuess: false)
        );
    }

    public override string AdviceFor(TaskModule other) => $"those are {other.Task.Items}";

    public override string? Score(ModelCard card) =>
        Figures.Of(card, "_top1") is { } top1 ? top1.ToString("F1", CultureInfo.InvariantCulture) + " %" : null;

    public override OfficialNetwork OfficialOf(ModelCard card, string official)
    {
        if (Directory.Exists(official))
            throw new UsageException($"'{official}' is a folder; for {card.Name} the peer is the file models/moganet.py.");
        string size =
            MogaNetArch.Names.FirstOrDefault(name => MogaNetArch.Parse(name) == (card.Options as MogaNetOptions)?.Arch)
            ?? throw new UsageException($"The official code has no size like {card.Name}.");
        return new OfficialNetwork(official, size, ModelFinder.Classifier(card).NumClasses);
    }

    public override AnyPredictor OpenPredictor(LoadedModel model, IInferenceEngine engine) =>
        AnyPredictor.Of(new ImageClassifier(model, engine));

    public override Task<int> ExplainAsync(
        CamRequest request,
        ModelCard card,
        ParseResult parsed,
        ImageArguments arguments,
        CancellationToken cancellationToken
    )
    {
        request.RefuseBox(card);
        return new ClassCamRun(request).RunAsync(parsed, arguments, cancellationToken);
    }

    public override Task<int> EvaluateAsync(EvalRequest request, CancellationToken cancellationToken) =>
        ClassificationEval.RunAsync(request, cancellationToken);
}
