using Microsoft.Extensions.Logging;
using MogaSharp.Data;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>Labeled images, in two parts.</summary>
public sealed class ImageTrainingSet : TrainingSet, IEvaluationSource
{
    // Sets that fit are kept decoded: small images are otherwise decoded again in every epoch.
    private const long CacheBytes = 1L << 30;

    private readonly IImageDataset _train;
    private readonly IImageDataset? _eval;

    private ImageTrainingSet(IImageDataset train, IImageDataset? eval, ModelCard card, IReadOnlyList<string> notes, bool needsFreshHead) =>
        (_train, _eval, Model, Notes, NeedsFreshHead) = (train, eval, card, notes, needsFreshHead);

    /// <inheritdoc/>
    public override ModelCard Model { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Notes { get; }

    /// <inheritdoc/>
    public override int TrainCount => _train.Count;

    /// <inheritdoc/>
    public override int? EvalCount => _eval?.Count;

    /// <inheritdoc/>
    public override string Describe => $"{Classifier(Model).NumClasses} classes";

    /// <inheritdoc/>
    public override bool NeedsFreshHead { get; }

    /// <summary>Checks what can be checked without opening the data.</summary>
    /// <param name="text">The data; see <see cref="DatasetSpec"/>.</param>
    /// <exception cref="DatasetSpecException">It does not name a data set.</exception>
    public static void Check(string text) => DatasetSpec.Parse(text).RequireFolder();

    /// <summary>Opens a data set and fits the model's classes and labels to it.</summary>
    /// <param name="text">The data; see <see cref="DatasetSpec"/>.</param>
    /// <param name="card">A classifier.</param>
    /// <exception cref="DatasetSpecException">The text does not name a data set.</exception>
    /// <exception cref="DatasetException">The data set is broken, or its parts have other classes.</exception>
    /// <exception cref="TrainingSetupException">The model is not a classifier.</exception>
    public static ImageTrainingSet Open(string text, ModelCard card)
    {
        DatasetSpec spec = DatasetSpec.Parse(text);
        spec.RequireFolder();
        IImageDataset train = spec.Open(DatasetSplit.Train);
        TrainingLabels labels = TrainingLabels.Fit(train.ClassNames, spec.HasClassNames, card);
        // The order of a model's classes is that of its outputs, so that its head keeps its meaning.
        if (labels.AreModels)
            train = spec.Open(DatasetSplit.Train, labels.Labels, mayGuess: false);
        IImageDataset? eval = spec.HasSeparateSplits ? spec.Open(DatasetSplit.Test, labels.Labels, mayGuess: false) : null;
        ModelCard fitted = card with
        {
            Options = Classifier(card) with { NumClasses = labels.Labels.Count },
            LabelSet = labels.AreModels ? card.LabelSet : null,
            Labels = labels.AreModels ? card.Labels : [.. train.ClassNames],
        };
        IReadOnlyList<string> notes = [.. labels.Notes, .. train.Notes, .. EvalNotes(eval, labels.Labels)];
        return new ImageTrainingSet(
            new CachedDataset(train, CacheBytes),
            eval is null ? null : new CachedDataset(eval, CacheBytes),
            fitted,
            notes,
            labels.AreOthers
        );
    }

    /// <summary>Opens what a finished model is evaluated on. Both parts of the set are that one, and its classes are the model's.</summary>
    /// <param name="text">The data; see <see cref="DatasetSpec"/>.</param>
    /// <param name="card">A classifier.</param>
    /// <param name="split">The part.</param>
    /// <exception cref="DatasetSpecException">The text does not name a data set.</exception>
    /// <exception cref="DatasetException">The data set is broken, or its classes cannot be those of the model.</exception>
    /// <exception cref="TrainingSetupException">The model is not a classifier.</exception>
    public static ImageTrainingSet OpenEvaluation(string text, ModelCard card, DatasetSplit split = DatasetSplit.Test)
    {
        DatasetSpec spec = DatasetSpec.Parse(text);
        spec.RequireFolder();
        _ = Classifier(card);
        IImageDataset set = spec.Open(split, card.GetClassLabels());
        return new ImageTrainingSet(set, set, card, set.Notes, needsFreshHead: false);
    }

    /// <inheritdoc/>
    public IEnumerable<TrainingBatch> ReadEvaluation(
        PreprocessCard preprocess,
        EvaluationReading reading,
        CancellationToken cancellationToken
    ) => _eval is null ? [] : ImageTrainingData.Evaluation(_eval, preprocess, reading, cancellationToken);

    /// <inheritdoc/>
    public override void RequireSame(ModelCard begun, string folder)
    {
        int wanted = Classifier(Model).NumClasses,
            has = Classifier(begun).NumClasses;
        if (wanted != has)
            throw new RunFolderException($"The run in '{folder}' has {has} classes, the data {wanted}.");
        string[] now = [.. Model.GetLabels()],
            then = [.. begun.GetLabels()];
        if (now.SequenceEqual(then))
            return;
        throw new RunFolderException(
            $"The run in '{folder}' has other classes than the data: it has {TrainingLabels.Some(then.Except(now))}, the data "
                + $"{TrainingLabels.Some(now.Except(then))}; a new run needs another folder."
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
            : [.. eval.Notes, $"{missing.Length} of {labels.Count} classes have no image to evaluate on: {TrainingLabels.Some(missing)}"];
    }

    /// <inheritdoc/>
    public override PreprocessCard Preprocessing(TrainingRecipe recipe, PreprocessCard model) =>
        ImageTrainingData.Preprocessing(recipe, model);

    /// <inheritdoc/>
    public override ITrainingData Read(TrainingRecipe recipe, PreprocessCard preprocess, int workers, ProcessShare share, ILogger logger) =>
        new ImageTrainingData(_train, _eval, recipe, preprocess, workers, share, logger);

    private static ClassifierOptions Classifier(ModelCard card) =>
        card.Options as ClassifierOptions
        ?? throw new TrainingSetupException($"{card.Name} is a model for {card.Options.Task}, not a classifier.");
}
