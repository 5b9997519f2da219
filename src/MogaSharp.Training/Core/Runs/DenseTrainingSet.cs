using Microsoft.Extensions.Logging;
using MogaSharp.Data;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>Annotated images in two parts, of which the second is evaluated image by image in its own size.</summary>
public abstract class DenseTrainingSet : TrainingSet, IEvaluationSource
{
    private readonly IImageDataset _train;
    private readonly IImageDataset? _eval;

    private protected DenseTrainingSet(IImageDataset train, IImageDataset? eval, ModelCard card)
    {
        (_train, _eval, Model) = (train, eval, card);
        Notes = [.. train.Notes, .. eval?.Notes ?? ["there is nothing to evaluate on: the last epoch counts as the best"]];
    }

    // What is only evaluated needs no other part.
    private protected DenseTrainingSet(IImageDataset eval, bool isPart, ModelCard card)
    {
        (_train, _eval, Model) = (eval, eval, card);
        Notes = [.. eval.Notes, .. isPart ? (string[])[] : ["there is no part to evaluate on: all of the data is evaluated"]];
    }

    /// <inheritdoc/>
    public override ModelCard Model { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Notes { get; }

    /// <inheritdoc/>
    public override int TrainCount => _train.Count;

    /// <inheritdoc/>
    public override int? EvalCount => _eval?.Count;

    /// <inheritdoc/>
    public override PreprocessCard Preprocessing(TrainingRecipe recipe, PreprocessCard model) => WithChannels(recipe, model);

    /// <inheritdoc/>
    public override ITrainingData Read(TrainingRecipe recipe, PreprocessCard preprocess, int workers, ProcessShare share, ILogger logger) =>
        new DenseTrainingData(
            _train,
            TransformOf(recipe, preprocess),
            recipe,
            workers,
            share,
            logger,
            BatchOf,
            batch => OrderOf(recipe, batch, share)
        )
        {
            EvalCount = _eval?.Count ?? 0,
            EvalBatches = _eval is null ? 0 : new OrderedSampler(_eval.Count, share).Length,
            ReadEvaluation = token => ReadEvaluation(preprocess, new() { Workers = workers, Share = share }, token),
        };

    /// <inheritdoc/>
    public IEnumerable<TrainingBatch> ReadEvaluation(
        PreprocessCard preprocess,
        EvaluationReading reading,
        CancellationToken cancellationToken
    )
    {
        if (_eval is not { } set)
            return [];
        Func<int, ImageItem, TrainingBatch> read = EvaluationOf(preprocess);
        int[] order = new OrderedSampler(set.Count, reading.Share).Draw(0);
        return Prefetch.InOrder(
            order.Length,
            place => DenseTrainingData.TryRead(set, order[place], item => read(order[place], ObservedItem.Of(item, reading.Converted))),
            reading.Workers,
            cancellationToken
        );
    }

    /// <summary>The order of the items that are trained on.</summary>
    private protected virtual Sampler OrderOf(TrainingRecipe recipe, int batch, ProcessShare share) =>
        new ShuffledSampler(_train.Count, recipe.Seed, share);

    /// <summary>What augments the images that are trained on.</summary>
    private protected abstract IImageTransform TransformOf(TrainingRecipe recipe, PreprocessCard preprocess);

    /// <summary>A batch that was loaded, as the task takes it.</summary>
    private protected abstract TrainingBatch BatchOf(Batch batch);

    /// <summary>What makes a batch of an item of the evaluation part and its place; called on several threads at once.</summary>
    private protected abstract Func<int, ImageItem, TrainingBatch> EvaluationOf(PreprocessCard preprocess);
}
