using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>Images with label maps, in two parts.</summary>
public sealed class SegmentationTrainingSet : DenseTrainingSet
{
    private SegmentationTrainingSet(ISegmentationDataset train, ISegmentationDataset? eval, ModelCard card, bool needsFreshHead)
        : base(train, eval, card) => NeedsFreshHead = needsFreshHead;

    private SegmentationTrainingSet(ISegmentationDataset eval, bool isPart, ModelCard card)
        : base(eval, isPart, card) { }

    /// <inheritdoc/>
    public override string Describe => $"{Model.Options.ClassCount} classes";

    /// <inheritdoc/>
    public override bool NeedsFreshHead { get; }

    /// <summary>Checks what can be checked without opening the data.</summary>
    /// <param name="text">The data; see <see cref="SegmentationSpec"/>.</param>
    /// <exception cref="DatasetSpecException">It does not name a data set.</exception>
    public static void Check(string text) => Parse(text);

    /// <summary>Opens a data set and fits the model's classes to it.</summary>
    /// <param name="text">The data; see <see cref="SegmentationSpec"/>.</param>
    /// <param name="card">A model for segmentation.</param>
    /// <exception cref="DatasetSpecException">The text does not name a data set.</exception>
    /// <exception cref="DatasetException">The data set is broken.</exception>
    /// <exception cref="TrainingSetupException">The model is for another task.</exception>
    public static SegmentationTrainingSet Open(string text, ModelCard card)
    {
        SegmentationSpec spec = ParseFor(card, text);
        ISegmentationDataset train = OpenPart(spec, DatasetSplit.Train, card);
        ISegmentationDataset? eval = spec.HasSeparateSplits ? OpenPart(spec, DatasetSplit.Test, card) : null;
        ModelCard fitted = Fitted(card, train);
        bool needsFreshHead = !ReferenceEquals(fitted, card) && train.Classes.Length == card.Options.ClassCount;
        return new SegmentationTrainingSet(train, eval, fitted, needsFreshHead);
    }

    /// <summary>Opens what a finished model is evaluated on: the part that is for it, or all of the data where there is no such part. Both
    /// parts of the set are that one.</summary>
    /// <param name="text">The data; see <see cref="SegmentationSpec"/>.</param>
    /// <param name="card">A model for segmentation.</param>
    /// <param name="split">The part; the one to train on for the figures there.</param>
    /// <exception cref="DatasetSpecException">The text does not name a data set.</exception>
    /// <exception cref="DatasetException">The data set is broken.</exception>
    /// <exception cref="TrainingSetupException">The model is for another task.</exception>
    public static SegmentationTrainingSet OpenEvaluation(string text, ModelCard card, DatasetSplit split = DatasetSplit.Test)
    {
        SegmentationSpec spec = ParseFor(card, text);
        ISegmentationDataset eval = OpenPart(spec, split, card);
        return new(eval, spec.HasSeparateSplits, Fitted(card, eval));
    }

    /// <inheritdoc/>
    public override void RequireSame(ModelCard begun, string folder)
    {
        if (!Model.GetLabels().SequenceEqual(begun.GetLabels()))
            throw new RunFolderException($"The run in '{folder}' has other classes than the data; a new run needs another folder.");
    }

    private protected override TrainingBatch BatchOf(Batch batch) =>
        new SegmentationBatch(
            batch.Images,
            new Shape(batch.Count, batch.Channels, batch.Height, batch.Width),
            [.. batch.Annotations.Select(all => all.OfType<LabelMap>().Single())]
        )
        {
            BadItems = batch.BadItems,
        };

    private protected override Func<int, ImageItem, TrainingBatch> EvaluationOf(PreprocessCard preprocess)
    {
        var preparation = new SegmentationPreparation(preprocess);
        return (_, item) =>
        {
            Tensor input = preparation.Prepare(item.ToImage(), item.Name).Inputs[0];
            return new SegmentationBatch(input.Data, input.Shape, [item.ReadAnnotations().OfType<LabelMap>().Single()]);
        };
    }

    private protected override IImageTransform TransformOf(TrainingRecipe recipe, PreprocessCard preprocess)
    {
        SegmentationRecipe own = recipe.Segmentation ?? new();
        (int height, int width) = SegmentationRecipe.CropOf(recipe);
        return new SegmentationTransform(
            new SegmentationTransformOptions(width, height)
            {
                Scale = new(own.Scale[0], own.Scale[1]),
                MinRatio = own.Ratio[0],
                MaxRatio = own.Ratio[1],
                MaxClassShare = own.MaxClassShare,
                Flip = recipe.HorizontalFlip,
                Photometric = own.Photometric ? new() : null,
                IsBgr = preprocess.ChannelOrder == ChannelOrder.Bgr,
                Mean = preprocess.Mean,
                StandardDeviation = preprocess.Std,
            }
        );
    }

    private static ModelCard Fitted(ModelCard card, ISegmentationDataset set)
    {
        string[] classes = [.. set.Classes.Select(label => label.Name)];
        return classes.SequenceEqual(card.GetLabels())
            ? card
            : card with
            {
                Options = card.Options.WithClasses(classes.Length),
                LabelSet = null,
                Labels = [.. classes],
                // All or none: a card has a color for each label.
                LabelColors = set.Classes.All(label => label.Color is not null)
                    ? [.. set.Classes.Select(label => ColorText(label.Color!.Value))]
                    : [],
            };
    }

    private static SegmentationSpec ParseFor(ModelCard card, string text) =>
        card.Options is SegmentationOptions
            ? Parse(text)
            : throw new TrainingSetupException($"{card.Name} is a model for {card.Options.Task}; '{text}' takes one for segmentation.");

    private static SegmentationSpec Parse(string text) => SegmentationSpec.Parse(text, KnownFolders.OfMnist);

    // A data set without a list of its own has the model's classes.
    private static ISegmentationDataset OpenPart(SegmentationSpec spec, DatasetSplit split, ModelCard card) =>
        spec.Open(split, spec.Options.ContainsKey("classes") ? null : [.. card.GetClassLabels()]);

    private static string ColorText(System.Drawing.Color color) => $"#{color.R:x2}{color.G:x2}{color.B:x2}";
}
