using Microsoft.Extensions.Logging;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>Images with label maps, in two parts.</summary>
public sealed class SegmentationTrainingSet : TrainingSet, IEvaluationSource
{
    private readonly ISegmentationDataset _train;
    private readonly ISegmentationDataset? _eval;

    private SegmentationTrainingSet(
        ISegmentationDataset train,
        ISegmentationDataset? eval,
        ModelCard card,
        IReadOnlyList<string> notes,
        bool needsFreshHead
    ) => (_train, _eval, Model, Notes, NeedsFreshHead) = (train, eval, card, notes, needsFreshHead);

    /// <inheritdoc/>
    public override ModelCard Model { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Notes { get; }

    /// <inheritdoc/>
    public override int TrainCount => _train.Count;

    /// <inheritdoc/>
    public override int? EvalCount => _eval?.Count;

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
                LabelColors = [.. train.Classes.Select(label => label.Color).OfType<System.Drawing.Color>().Select(ColorText)],
            };
        List<string> notes = [.. train.Notes, .. eval?.Notes ?? []];
        if (eval is null)
            notes.Add("there is nothing to evaluate on: the last epoch counts as the best");
        return new SegmentationTrainingSet(train, eval, fitted, notes, !isSame && classes.Length == options.NumClasses);
    }

    /// <inheritdoc/>
    public override void RequireSame(ModelCard begun, string folder)
    {
        if (!Model.GetLabels().SequenceEqual(begun.GetLabels()))
            throw new RunFolderException($"The run in '{folder}' has other classes than the data; a new run needs another folder.");
    }

    /// <inheritdoc/>
    public override PreprocessCard Preprocessing(TrainingRecipe recipe, PreprocessCard model) =>
        model with
        {
            Mean = recipe.Mean.IsEmpty ? model.Mean : [.. recipe.Mean.Select(value => (float)value)],
            Std = recipe.Std.IsEmpty ? model.Std : [.. recipe.Std.Select(value => (float)value)],
        };

    /// <inheritdoc/>
    public override ITrainingData Read(TrainingRecipe recipe, PreprocessCard preprocess, int workers, ProcessShare share, ILogger logger) =>
        new DenseTrainingData(
            _train,
            Transform(recipe, preprocess),
            recipe,
            workers,
            share,
            logger,
            batch => new SegmentationBatch(
                batch.Images,
                new Shape(batch.Count, batch.Channels, batch.Height, batch.Width),
                [.. batch.Annotations.Select(all => all.OfType<LabelMap>().Single())]
            )
            {
                BadItems = batch.BadItems,
            }
        )
        {
            EvalCount = _eval?.Count ?? 0,
            EvalBatches = _eval is null ? 0 : new OrderedSampler(_eval.Count, share).Length,
            ReadEvaluation = token => ReadEvaluation(preprocess, workers, share, token),
        };

    /// <inheritdoc/>
    public IEnumerable<TrainingBatch> ReadEvaluation(
        PreprocessCard preprocess,
        int workers,
        ProcessShare share,
        CancellationToken cancellationToken
    )
    {
        if (_eval is not { } set)
            return [];
        var preparation = new SegmentationPreparation(preprocess);
        int[] order = new OrderedSampler(set.Count, share).Draw(0);
        return Prefetch.InOrder(order.Length, place => DenseTrainingData.TryRead(set, order[place], Batch), workers, cancellationToken);

        TrainingBatch Batch(ImageItem item)
        {
            RgbImage image = item.ToImage();
            Tensor input = preparation.Prepare(image, item.Name).Inputs[0];
            return new SegmentationBatch(input.Data, input.Shape, [item.ReadAnnotations().OfType<LabelMap>().Single()]);
        }
    }

    private static SegmentationTransform Transform(TrainingRecipe recipe, PreprocessCard preprocess)
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
