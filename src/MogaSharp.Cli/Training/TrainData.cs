using System.Collections.Immutable;
using MogaSharp.Data;
using MogaSharp.Models;

namespace MogaSharp.Cli;

/// <summary>The two parts of a data set, and what a model for it is called and labelled.</summary>
internal sealed record TrainData(IImageDataset Train, IImageDataset? Eval, ModelCard Card)
{
    // Sets that fit are kept decoded: small pictures are otherwise decoded again in every epoch.
    private const long CacheBytes = 1L << 30;

    /// <summary>Opens a data set and fits a model's classes and labels to it.</summary>
    /// <exception cref="DatasetSpecException">The text is no data set.</exception>
    /// <exception cref="UsageException">The model is no classifier.</exception>
    /// <exception cref="DatasetException">The data set is broken, or its parts have other classes.</exception>
    public static TrainData Open(string text, ModelCard card)
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
        return new TrainData(new CachedDataset(train, CacheBytes), eval is null ? null : new CachedDataset(eval, CacheBytes), fitted);
    }

    private static ImmutableArray<Data.ClassLabel> Labels(ModelCard card) => card.LabelSet is { } set
        ? [.. LabelSet.Find(set).Select(label => new Data.ClassLabel(label.Names[0], label.Synset, label.Names))]
        : [.. card.Labels.Select(label => new Data.ClassLabel(label))];
}
