using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Training;

/// <summary>Labeled images, read, augmented and mixed ahead of the training as a recipe says.</summary>
public sealed class ImageTrainingData : ITrainingData
{
    private readonly BatchLoader _train;
    private readonly BatchLoader? _unmixed;
    private readonly BatchLoader? _eval;
    private readonly TrainingRecipe _recipe;
    private readonly int _classes;

    /// <summary>Prepares the reading.</summary>
    /// <param name="train">The training images.</param>
    /// <param name="eval">The evaluation images of the same classes; null for none.</param>
    /// <param name="recipe">Sizes, augmentation, mixing, seed.</param>
    /// <param name="preprocess">Preprocessing for evaluation; see <see cref="Preprocessing"/>. Its mean and deviation hold for training
    /// too.</param>
    /// <param name="workers">Threads that decode and augment.</param>
    /// <param name="share">Which part of the images this process trains on.</param>
    /// <param name="logger">Is told what is passed over; null for none.</param>
    /// <exception cref="RecipeException">The recipe does not fit: too few images for a batch, or mixing with an odd batch.</exception>
    public ImageTrainingData(
        IImageDataset train,
        IImageDataset? eval,
        TrainingRecipe recipe,
        PreprocessCard preprocess,
        int workers,
        ProcessShare? share = null,
        ILogger? logger = null
    )
    {
        _recipe = recipe;
        _classes = train.ClassNames.Count;
        Count = train.Count;
        ProcessShare mine = share ?? ProcessShare.Single;
        int batch = PerRankBatch.Of(recipe, mine);
        var loading = new LoaderOptions(batch)
        {
            Workers = workers,
            Seed = recipe.Seed,
            BadImages = BadImages.Skip,
            Logger = logger ?? NullLogger.Instance,
        };
        Sampler sampler =
            recipe.AugmentationRepeats > 1
                ? new RepeatedSampler(train.Count, recipe.Seed, mine, recipe.AugmentationRepeats)
                : new ShuffledSampler(train.Count, recipe.Seed, mine);
        PerRankBatch.RequireOne(recipe, train.Count, sampler, "images");
        if (Mixing(recipe) is not null && batch % 2 != 0)
            throw new RecipeException($"Mixup and cutmix pair the images of a batch, so that its {batch} images must be an even number.");
        AugmentationOptions augmentation = Augmentation(recipe, preprocess);
        _train = new BatchLoader(train, sampler, new TrainingTransform(augmentation), loading, LoaderUse.Training);
        if (recipe.MixOffEpoch > 0 && augmentation.Mixing is not null)
            _unmixed = new BatchLoader(
                train,
                sampler,
                new TrainingTransform(augmentation with { Mixing = null }),
                loading,
                LoaderUse.Training
            );
        EvalCount = eval?.Count ?? 0;
        if (eval is not null)
            _eval = new BatchLoader(
                eval,
                new OrderedSampler(eval.Count, mine),
                new EvaluationTransform(preprocess.ToOptions()),
                loading,
                LoaderUse.Evaluation
            );
    }

    /// <inheritdoc/>
    public long Count { get; }

    /// <inheritdoc/>
    public int BatchesPerEpoch => _train.BatchesPerEpoch;

    /// <inheritdoc/>
    public long EvalCount { get; }

    /// <inheritdoc/>
    public int EvalBatches => _eval?.BatchesPerEpoch ?? 0;

    /// <summary>How images become inputs in evaluation and in use, after a recipe.</summary>
    /// <param name="recipe">Size, crop, squash; mean and deviation where it has them.</param>
    /// <param name="model">The model's own preprocessing, for the rest.</param>
    public static PreprocessCard Preprocessing(TrainingRecipe recipe, PreprocessCard model) =>
        TrainingSet.WithChannels(recipe, model) with
        {
            Width = recipe.EvalImageSize ?? recipe.ImageSize,
            Height = recipe.EvalImageSize ?? recipe.ImageSize,
            Crop = recipe.Squash ? 1 : recipe.EvalCrop,
            Mode = recipe.Squash ? ResizeMode.Squash : ResizeMode.KeepAspect,
        };

    /// <summary>What a recipe does with training images.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="preprocess">Mean and deviation.</param>
    public static AugmentationOptions Augmentation(TrainingRecipe recipe, PreprocessCard preprocess) =>
        new(recipe.ImageSize, recipe.ImageSize)
        {
            Crop = recipe.Squash ? TrainingCrop.Resize : TrainingCrop.RandomResized,
            MinScale = recipe.CropScale[0],
            MaxScale = recipe.CropScale[1],
            MinRatio = recipe.CropRatio[0],
            MaxRatio = recipe.CropRatio[1],
            Interpolation = recipe.Interpolation switch
            {
                "bilinear" => ResizeFilter.Bilinear,
                "bicubic" => ResizeFilter.Bicubic,
                _ => null,
            },
            HorizontalFlip = recipe.HorizontalFlip,
            VerticalFlip = recipe.VerticalFlip,
            MaxShift = recipe.Shift,
            ColorJitter = recipe.ColorJitter is [double strength]
                ? strength
                : new JitterStrength(
                    recipe.ColorJitter[0],
                    recipe.ColorJitter[1],
                    recipe.ColorJitter[2],
                    recipe.ColorJitter.ElementAtOrDefault(3)
                ),
            AutoAugment = recipe.RandAugment.Length == 0 ? null : recipe.RandAugment,
            Erasing = recipe.RandomErasing == 0 ? null : new ErasingOptions { Probability = recipe.RandomErasing },
            Mixing = Mixing(recipe),
            IsBgr = preprocess.ChannelOrder == ChannelOrder.Bgr,
            Mean = preprocess.Mean,
            StandardDeviation = preprocess.Std,
        };

    /// <inheritdoc/>
    public IEnumerable<TrainingBatch> Train(int epoch, int firstBatch, CancellationToken cancellationToken)
    {
        BatchLoader loader = _unmixed is not null && epoch >= _recipe.MixOffEpoch ? _unmixed : _train;
        float[]? targets = null;
        foreach (Batch batch in loader.ReadAsync(epoch, firstBatch, cancellationToken).ToBlockingEnumerable(cancellationToken))
        {
            using (batch)
            {
                if (batch.Mix is not null)
                {
                    targets ??= new float[batch.Count * _classes];
                    batch.WriteTargets(_classes, _recipe.LabelSmoothing, targets);
                }

                yield return Ready(batch, batch.Mix is null ? null : targets);
            }
        }
    }

    /// <inheritdoc/>
    public IEnumerable<TrainingBatch> Evaluate(CancellationToken cancellationToken)
    {
        if (_eval is null)
            yield break;
        foreach (Batch batch in _eval.ReadAsync(0, 0, cancellationToken).ToBlockingEnumerable(cancellationToken))
        {
            using (batch)
                yield return Ready(batch, null);
        }
    }

    /// <summary>Images for an evaluation alone; see <see cref="IEvaluationSource.ReadEvaluation"/>.</summary>
    internal static IEnumerable<TrainingBatch> Evaluation(
        IImageDataset set,
        PreprocessCard preprocess,
        EvaluationReading reading,
        CancellationToken cancellationToken
    )
    {
        using var loader = new BatchLoader(
            reading.Converted is { } converted ? new ObservedDataset(set, converted) : set,
            new OrderedSampler(set.Count, reading.Share),
            new EvaluationTransform(preprocess.ToOptions()),
            new LoaderOptions(reading.BatchSize) { Workers = reading.Workers, BadImages = BadImages.Skip },
            LoaderUse.Evaluation
        );
        foreach (Batch batch in loader.ReadAsync(0, 0, cancellationToken).ToBlockingEnumerable(cancellationToken))
        {
            using (batch)
                yield return Ready(batch, null);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _train.Dispose();
        _unmixed?.Dispose();
        _eval?.Dispose();
    }

    private static MixOptions? Mixing(TrainingRecipe recipe) =>
        recipe.Mixup == 0 && recipe.Cutmix == 0
            ? null
            : new MixOptions
            {
                MixupAlpha = recipe.Mixup,
                CutMixAlpha = recipe.Cutmix,
                Probability = recipe.MixProbability,
                SwitchProbability = recipe.MixSwitchProbability,
            };

    private static ClassificationBatch Ready(Batch batch, float[]? shares) =>
        new(batch.Images, new Shape(batch.Count, batch.Channels, batch.Height, batch.Width), batch.Labels)
        {
            // A null array would convert to an empty memory, which is not the same as none.
            Shares = shares is null ? default(ReadOnlyMemory<float>?) : shares,
            BadItems = batch.BadItems,
        };
}
