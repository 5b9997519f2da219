using MogaSharp.Data;
using MogaSharp.Models;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>Labelled pictures.</summary>
internal sealed class PictureTrainSet : TrainData
{
    // Sets that fit are kept decoded: small pictures are otherwise decoded again in every epoch.
    private const long CacheBytes = 1L << 30;

    private readonly IImageDataset _train;
    private readonly IImageDataset? _eval;

    private PictureTrainSet(IImageDataset train, IImageDataset? eval, ModelCard card, IReadOnlyList<string> notes, bool needsFreshHead) =>
        (_train, _eval, Card, Notes, NeedsFreshHead) = (train, eval, card, notes, needsFreshHead);

    public override ModelCard Card { get; }

    public override IReadOnlyList<string> Notes { get; }

    public override int TrainCount => _train.Count;

    public override int? EvalCount => _eval?.Count;

    public override string Describe => $"{Shared.Classifier(Card).NumClasses} classes";

    public override bool NeedsFreshHead { get; }

    /// <summary>Checks what can be checked at once.</summary>
    public static void Check(string text) => DatasetSpec.Parse(text).RequireFolder();

    // Fits the model's classes and labels to the data.
    public static PictureTrainSet Open(string text, ModelCard card)
    {
        DatasetSpec spec = DatasetSpec.Parse(text);
        spec.RequireFolder();
        IImageDataset train = spec.Open(DatasetSplit.Train);
        TrainLabels labels = TrainLabels.Fit(train.ClassNames, spec.HasClassNames, card);
        // The order of a model's classes is that of its outputs, so that its head keeps its meaning.
        if (labels.AreModels)
            train = spec.Open(DatasetSplit.Train, labels.Labels, mayGuess: false);
        IImageDataset? eval = spec.HasSeparateSplits ? spec.Open(DatasetSplit.Test, labels.Labels, mayGuess: false) : null;
        ModelCard fitted = card with
        {
            Options = Shared.Classifier(card) with { NumClasses = labels.Labels.Count },
            LabelSet = labels.AreModels ? card.LabelSet : null,
            Labels = labels.AreModels ? card.Labels : [.. train.ClassNames],
        };
        IReadOnlyList<string> notes = [.. labels.Notes, .. train.Notes, .. EvalNotes(eval, labels.Labels)];
        return new PictureTrainSet(
            new CachedDataset(train, CacheBytes),
            eval is null ? null : new CachedDataset(eval, CacheBytes),
            fitted,
            notes,
            labels.AreOthers
        );
    }

    public override void RequireSame(ModelCard begun, string folder)
    {
        int wanted = Shared.Classifier(Card).NumClasses,
            has = Shared.Classifier(begun).NumClasses;
        if (wanted != has)
            throw new UsageException($"the run in '{folder}' has {has} classes, the data {wanted}");
        string[] now = [.. Card.GetLabels()],
            then = [.. begun.GetLabels()];
        if (now.SequenceEqual(then))
            return;
        throw new UsageException(
            $"the run in '{folder}' has other classes than the data: it has {TrainLabels.Some(then.Except(now))}, the data "
                + $"{TrainLabels.Some(now.Except(then))}; give another --output for a new run"
        );
    }

    private static IEnumerable<string> EvalNotes(IImageDataset? eval, IReadOnlyList<ClassLabel> labels)
    {
        if (eval is null)
            return ["there is nothing to evaluate on: the last epoch counts as the best"];
        HashSet<int> met = [.. eval.Select(item => item.Label)];
        string[] missing = [.. labels.Where((_, i) => !met.Contains(i)).Select(label => label.Name)];
        return missing.Length == 0
            ? eval.Notes
            : [.. eval.Notes, $"{missing.Length} of {labels.Count} classes have no image to evaluate on: {TrainLabels.Some(missing)}"];
    }

    public override PreprocessCard Preprocessing(TrainingRecipe recipe, PreprocessCard model) =>
        ImageTrainingData.Preprocessing(recipe, model);

    public override ITrainingData Read(TrainingRecipe recipe, PreprocessCard preprocess, int workers, ProcessShare? share) =>
        new ImageTrainingData(_train, _eval, recipe, preprocess, workers, share, TraceLogger.Instance);

    public override void Dispose()
    {
        // Pictures are opened one by one.
    }
}
