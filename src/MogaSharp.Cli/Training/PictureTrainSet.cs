using System.Collections.Immutable;
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

    private PictureTrainSet(IImageDataset train, IImageDataset? eval, ModelCard card) => (_train, _eval, Card) = (train, eval, card);

    public override ModelCard Card { get; }

    public override int TrainCount => _train.Count;

    public override int? EvalCount => _eval?.Count;

    public override string Describe => $"{Shared.Classifier(Card).NumClasses} classes";

    // Fits the model's classes and labels to the data.
    public static new PictureTrainSet Open(string text, ModelCard card)
    {
        DatasetSpec spec = DatasetSpec.Parse(text);
        spec.RequireFolder();
        IImageDataset train = spec.Open(DatasetSplit.Train);
        int classes = train.ClassNames.Count;
        ImmutableArray<Data.ClassLabel> labels = Labels(card);
        bool known = labels.Length == classes;
        // The order of a model's classes is that of its outputs, so that its head keeps its meaning.
        if (known) train = spec.Open(DatasetSplit.Train, labels);
        IImageDataset? eval = spec.HasSeparateSplits ? spec.Open(DatasetSplit.Test, known ? labels : [.. train.ClassNames.Select(name => new Data.ClassLabel(name))]) : null;
        ModelCard fitted = card with
        {
            Options = Shared.Classifier(card) with { NumClasses = classes },
            LabelSet = known ? card.LabelSet : null,
            Labels = known ? card.Labels : [.. train.ClassNames],
        };
        return new PictureTrainSet(new CachedDataset(train, CacheBytes), eval is null ? null : new CachedDataset(eval, CacheBytes), fitted);
    }

    public override void RequireSame(ModelCard begun, string folder)
    {
        int wanted = Shared.Classifier(Card).NumClasses, has = Shared.Classifier(begun).NumClasses;
        if (wanted != has) throw new UsageException($"the run in '{folder}' has {has} classes, the data {wanted}");
    }

    public override PreprocessCard Preprocessing(TrainingRecipe recipe, PreprocessCard model) => ImageTrainingData.Preprocessing(recipe, model);

    public override ITrainingData Read(TrainingRecipe recipe, PreprocessCard preprocess, int workers, ProcessShare? share) =>
        new ImageTrainingData(_train, _eval, recipe, preprocess, workers, share);

    public override void Dispose()
    {
        // Pictures are opened one by one.
    }

    private static ImmutableArray<Data.ClassLabel> Labels(ModelCard card) => card.LabelSet is { } set
        ? [.. LabelSet.Find(set).Select(label => new Data.ClassLabel(label.Names[0], label.Synset, label.Names))]
        : [.. card.Labels.Select(label => new Data.ClassLabel(label))];
}
