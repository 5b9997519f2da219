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
        if (card.Options is not SegmentationOptions options)
            throw new TrainingSetupException($"{card.Name} is a model for {card.Options.Task}; '{text}' takes one for segmentation.");
        SegmentationSpec spec = Parse(text);
        ISegmentationDataset train = OpenPart(spec, DatasetSplit.Train, card);
        ISegmentationDataset? eval = spec.HasSeparateSplits ? OpenPart(spec, DatasetSplit.Test, card) : null;
        string[] classes = [.. train.Classes.Select(label => label.Name)],
            known = [.. card.GetLabels()];
        bool isSame = classes.SequenceEqual(known);
        ModelCard fitted = isSame
            ? card
            : card with
            {
                Options = options with { NumClasses = classes.Length },
                LabelSet = null,
                Labels = [.. classes],
                // All or none: a card has a color for each label.
                LabelColors = train.Classes.All(label => label.Color is not null)
                    ? [.. train.Classes.Select(label => ColorText(label.Color!.Value))]
                    : [],
            };
        return new SegmentationTrainingSet(train, eval, fitted, !isSame && classes.Length == options.NumClasses);
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

    private static SegmentationSpec Parse(string text) => SegmentationSpec.Parse(text, KnownFolders.OfMnist);

    // A data set without a list of its own has the model's classes.
    private static ISegmentationDataset OpenPart(SegmentationSpec spec, DatasetSplit split, ModelCard card) =>
        spec.Open(split, spec.Options.ContainsKey("classes") ? null : [.. card.GetClassLabels()]);

    private static string ColorText(System.Drawing.Color color) => $"#{color.R:x2}{color.G:x2}{color.B:x2}";
}
