using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MogaSharp.Data;
using MogaSharp.Graph;

namespace MogaSharp.Training;

/// <summary>Clips for video prediction, read or drawn ahead of the training as a recipe says.</summary>
public sealed class ClipTrainingData : ITrainingData
{
    private readonly ClipLoader _train;
    private readonly ClipLoader? _eval;

    /// <summary>Prepares the reading.</summary>
    /// <param name="train">The training clips.</param>
    /// <param name="eval">The evaluation clips, of the same size; null for none.</param>
    /// <param name="recipe">Batch, seed, clips to evaluate.</param>
    /// <param name="workers">Threads that read or draw.</param>
    /// <param name="share">Which part of the clips this process trains on.</param>
    /// <param name="logger">Is told what is passed over; null for none.</param>
    /// <exception cref="RecipeException">The recipe does not fit: too few clips for a batch, or a batch that cannot be shared.</exception>
    public ClipTrainingData(
        IClipDataset train,
        IClipDataset? eval,
        TrainingRecipe recipe,
        int workers,
        ProcessShare? share = null,
        ILogger? logger = null
    )
    {
        ProcessShare mine = share ?? ProcessShare.Single;
        var loading = new LoaderOptions(PerRankBatch.Of(recipe, mine))
        {
            Workers = workers,
            Seed = recipe.Seed,
            BadImages = BadImages.Skip,
            Logger = logger ?? NullLogger.Instance,
        };
        var sampler = new ShuffledSampler(train.Count, recipe.Seed, mine);
        PerRankBatch.RequireOne(recipe, train.Count, sampler, "clips");
        Count = train.Count;
        _train = new ClipLoader(train, sampler, loading, LoaderUse.Training);
        if (eval is null)
            return;
        if (recipe.EvalClips < eval.Count)
            eval = new FirstClips(eval, recipe.EvalClips.Value);
        EvalCount = eval.Count;
        _eval = new ClipLoader(eval, new OrderedSampler(eval.Count, mine), loading, LoaderUse.Evaluation);
    }

    /// <inheritdoc/>
    public long Count { get; }

    /// <inheritdoc/>
    public int BatchesPerEpoch => _train.BatchesPerEpoch;

    /// <inheritdoc/>
    public long EvalCount { get; }

    /// <inheritdoc/>
    public int EvalBatches => _eval?.BatchesPerEpoch ?? 0;

    /// <inheritdoc/>
    public IEnumerable<TrainingBatch> Train(int epoch, int firstBatch, CancellationToken cancellationToken) =>
        Read(_train, epoch, firstBatch, cancellationToken);

    /// <inheritdoc/>
    public IEnumerable<TrainingBatch> Evaluate(CancellationToken cancellationToken) =>
        _eval is null ? [] : Read(_eval, 0, 0, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _train.Dispose();
        _eval?.Dispose();
    }

    /// <summary>Clips for an evaluation alone; one that cannot be read ends it.</summary>
    internal static IEnumerable<TrainingBatch> Evaluation(
        IClipDataset clips,
        EvaluationReading reading,
        CancellationToken cancellationToken
    )
    {
        var loading = new LoaderOptions(reading.BatchSize) { Workers = reading.Workers };
        using var loader = new ClipLoader(clips, new OrderedSampler(clips.Count, reading.Share), loading, LoaderUse.Evaluation);
        foreach (TrainingBatch batch in Read(loader, 0, 0, cancellationToken))
            yield return batch;
    }

    private static IEnumerable<TrainingBatch> Read(ClipLoader loader, int epoch, int firstBatch, CancellationToken cancellationToken)
    {
        foreach (ClipBatch batch in loader.ReadAsync(epoch, firstBatch, cancellationToken).ToBlockingEnumerable(cancellationToken))
        {
            using (batch)
            {
                ClipShape clip = batch.Shape;
                yield return new VideoBatch(
                    batch.Input,
                    new Shape(batch.Count, clip.InputFrames, clip.Channels, clip.Height, clip.Width),
                    batch.Output
                )
                {
                    BadItems = batch.BadItems,
                };
            }
        }
    }

    private sealed class FirstClips(IClipDataset clips, int count) : IClipDataset
    {
        public int Count => count;

        public ClipShape Shape => clips.Shape;

        public string NameOf(int index) => clips.NameOf(index);

        public void Read(int index, RandomStream random, Span<float> input, Span<float> output) => clips.Read(index, random, input, output);
    }
}
