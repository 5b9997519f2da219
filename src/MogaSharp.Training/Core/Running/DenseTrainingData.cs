using Microsoft.Extensions.Logging;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Imaging;

namespace MogaSharp.Training;

/// <summary>Annotated images that a transform augments in batches, and an evaluation set that is read item by item.</summary>
internal sealed class DenseTrainingData : ITrainingData
{
    private readonly BatchLoader _train;
    private readonly Func<Batch, TrainingBatch> _make;

    public DenseTrainingData(
        IImageDataset train,
        IImageTransform transform,
        TrainingRecipe recipe,
        int workers,
        ProcessShare share,
        ILogger logger,
        Func<Batch, TrainingBatch> make,
        Func<int, Sampler> order
    )
    {
        _make = make;
        int batch = PerRankBatch.Of(recipe, share);
        var loading = new LoaderOptions(batch)
        {
            Workers = workers,
            Seed = recipe.Seed,
            BadImages = BadImages.Skip,
            Logger = logger,
        };
        Sampler sampler = order(batch);
        PerRankBatch.RequireOne(recipe, train.Count, sampler, "images");
        if (transform.CopyPaste is not null && batch < 2)
            throw new RecipeException(
                "Objects are copied between the images of a batch (detection.copy_paste); take a batch_size of 2 or more for each process."
            );
        Count = train.Count;
        _train = new BatchLoader(train, sampler, transform, loading, LoaderUse.Training);
    }

    public long Count { get; }

    public int BatchesPerEpoch => _train.BatchesPerEpoch;

    public long EvalCount { get; init; }

    public int EvalBatches { get; init; }

    /// <summary>Reads the evaluation set.</summary>
    public required Func<CancellationToken, IEnumerable<TrainingBatch>> ReadEvaluation { get; init; }

    public IEnumerable<TrainingBatch> Train(int epoch, int firstBatch, CancellationToken cancellationToken)
    {
        foreach (Batch batch in _train.ReadAsync(epoch, firstBatch, cancellationToken).ToBlockingEnumerable(cancellationToken))
        {
            using (batch)
                yield return _make(batch);
        }
    }

    public IEnumerable<TrainingBatch> Evaluate(CancellationToken cancellationToken) => ReadEvaluation(cancellationToken);

    public void Dispose() => _train.Dispose();

    /// <summary>Reads an item of an evaluation; one that cannot be read is an empty batch.</summary>
    public static TrainingBatch TryRead(IImageDataset set, int index, Func<ImageItem, TrainingBatch> read)
    {
        ImageItem item = set[index];
        try
        {
            return read(item);
        }
        catch (Exception e) when (e is ImageFormatException or IOException or UnauthorizedAccessException)
        {
            string problem = e is ImageFormatException unreadable ? unreadable.Problem : e.Message;
            return new EmptyBatch { BadItems = [new BadItem(index, item.Name, problem)] };
        }
    }

    private sealed class EmptyBatch() : TrainingBatch(ReadOnlyMemory<float>.Empty, new Shape(0, 3, 1, 1));
}
