using System.Collections.Immutable;
using System.Drawing;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>Images with objects, in two parts.</summary>
public sealed class DetectionTrainingSet : DenseTrainingSet
{
    private readonly IDetectionDataset _train;
    private readonly IDetectionDataset? _eval;

    private DetectionTrainingSet(IDetectionDataset train, IDetectionDataset? eval, ModelCard card, bool needsFreshHead)
        : base(train, eval, card) => (_train, _eval, NeedsFreshHead) = (train, eval, needsFreshHead);

    private DetectionTrainingSet(IDetectionDataset eval, bool isPart, ModelCard card)
        : base(eval, isPart, card) => (_train, _eval) = (eval, eval);

    /// <inheritdoc/>
    public override string Describe => $"{Model.Options.ClassCount} classes";

    /// <inheritdoc/>
    public override bool NeedsFreshHead { get; }

    /// <summary>Checks what can be checked without opening the data.</summary>
    /// <param name="text">The data; see <see cref="DetectionSpec"/>.</param>
    /// <exception cref="DatasetSpecException">It does not name a data set.</exception>
    public static void Check(string text) => Parse(text);

    /// <summary>Opens a data set and fits the model's classes to it.</summary>
    /// <param name="text">The data; see <see cref="DetectionSpec"/>.</param>
    /// <param name="card">A detector.</param>
    /// <exception cref="DatasetSpecException">The text does not name a data set.</exception>
    /// <exception cref="DatasetException">The data set is broken.</exception>
    /// <exception cref="TrainingSetupException">The model is for another task.</exception>
    public static DetectionTrainingSet Open(string text, ModelCard card)
    {
        DetectionSpec spec = ParseFor(card, text);
        string[] known = [.. card.GetLabels()];
        IDetectionDataset train = spec.Open(DatasetSplit.Train);
        // The same classes in another order are the model's.
        if (train.ClassNames.Order(StringComparer.Ordinal).SequenceEqual(known.Order(StringComparer.Ordinal)))
            train = spec.Open(DatasetSplit.Train, card.GetClassLabels());
        IDetectionDataset? eval = spec.HasSeparateSplits ? spec.Open(DatasetSplit.Test, train.Classes) : null;
        string[] classes = [.. train.Classes.Select(label => label.Name)];
        bool isSame = classes.SequenceEqual(known);
        ModelCard fitted = isSame
            ? card
            : card with
            {
                Options = card.Options.WithClasses(classes.Length),
                LabelSet = null,
                Labels = [.. classes],
                LabelColors = [],
            };
        return new DetectionTrainingSet(train, eval, fitted, !isSame && classes.Length == card.Options.ClassCount);
    }

    /// <summary>Opens what a finished model is evaluated on: the part that is for it, or all of the data where there is no such part. Both
    /// parts of the set are that one, and its classes are the model's.</summary>
    /// <param name="text">The data; see <see cref="DetectionSpec"/>.</param>
    /// <param name="card">A detector.</param>
    /// <param name="split">The part; the one to train on for the figures there.</param>
    /// <exception cref="DatasetSpecException">The text does not name a data set.</exception>
    /// <exception cref="DatasetException">The data set is broken, or has objects of classes that the model does not know.</exception>
    /// <exception cref="TrainingSetupException">The model is for another task.</exception>
    public static DetectionTrainingSet OpenEvaluation(string text, ModelCard card, DatasetSplit split = DatasetSplit.Test)
    {
        DetectionSpec spec = ParseFor(card, text);
        return new(spec.Open(split, card.GetClassLabels()), spec.HasSeparateSplits, card);
    }

    /// <inheritdoc/>
    public override void RequireSame(ModelCard begun, string folder)
    {
        if (!Model.GetLabels().SequenceEqual(begun.GetLabels()))
            throw new RunFolderException($"The run in '{folder}' has other classes than the data; a new run needs another folder.");
    }

    /// <inheritdoc/>
    public override PreprocessCard Preprocessing(TrainingRecipe recipe, PreprocessCard model)
    {
        DetectionRecipe own = recipe.Detection ?? new();
        return WithChannels(recipe, model) with { Width = own.Scale.Max(), Height = own.Scale.Min() };
    }

    private protected override TrainingBatch BatchOf(Batch batch) =>
        new DetectionBatch(
            batch.Images,
            new Shape(batch.Count, batch.Channels, batch.Height, batch.Width),
            [.. batch.Annotations.Select(all => all.OfType<ObjectAnnotation>().Select(one => one.Object).ToImmutableArray())]
        )
        {
            Sizes = batch.Sizes,
            BadItems = batch.BadItems,
        };

    private protected override Func<int, ImageItem, TrainingBatch> EvaluationOf(PreprocessCard preprocess)
    {
        IDetectionDataset set = _eval!;
        var preparation = new DetectionPreparation(preprocess);
        return (index, item) =>
        {
            PreparedImage prepared = preparation.Prepare(item.ToImage(), item.Name);
            Tensor input = prepared.Inputs[0];
            return new DetectionBatch(
                input.Data,
                input.Shape,
                [
                    [.. item.ReadAnnotations().OfType<ObjectAnnotation>().Select(one => one.Object)],
                ]
            )
            {
                Sizes = [((DetectionView)prepared.Detail!).Size],
                Images = [new SeenImage(set.ImageIdOf(index), new ImageSize(prepared.Size.Width, prepared.Size.Height))],
            };
        };
    }

    // Wide and high images are not in the same batch, which would be mostly padding.
    private protected override Sampler OrderOf(TrainingRecipe recipe, int batch, ProcessShare share) =>
        new GroupedSampler(GroupedSampler.ByAspect(_train), batch, recipe.Seed, share);

    private protected override IImageTransform TransformOf(TrainingRecipe recipe, PreprocessCard preprocess)
    {
        DetectionRecipe own = recipe.Detection ?? new();
        (int longer, int shorter) = (own.Scale.Max(), own.Scale.Min());
        ImageSize most = SizeRules.UpToMultiple(new(longer, longer), DetectionTask.Divisor);
        return new DetectionTransform(
            new DetectionTransformOptions(most.Width, most.Height)
            {
                Scales = own.ShortSides.IsEmpty ? [new Size(longer, shorter)] : [.. own.ShortSides.Select(side => new Size(longer, side))],
                Crop = own.Crop ? 0.5 : 0,
                Jitter = own.Jitter is [var smallest, var largest] ? (smallest, largest) : null,
                CopyPaste = own.CopyPaste > 0 ? new CopyPasteOptions { Probability = own.CopyPaste } : null,
                Flip = recipe.HorizontalFlip,
                SizeMultiple = DetectionTask.Divisor,
                IsBgr = preprocess.ChannelOrder == ChannelOrder.Bgr,
                Mean = preprocess.Mean,
                StandardDeviation = preprocess.Std,
            }
        );
    }

    private static DetectionSpec ParseFor(ModelCard card, string text) =>
        card.CreateDefinition() is IDetectionDefinition
            ? Parse(text)
            : throw new TrainingSetupException($"{card.Name} is a model for {card.Options.Task}; '{text}' takes one for detection.");

    private static DetectionSpec Parse(string text) => DetectionSpec.Parse(text, KnownFolders.OfMnist);
}
