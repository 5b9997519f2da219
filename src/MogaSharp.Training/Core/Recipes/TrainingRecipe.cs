using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>
/// Everything that decides what a training run computes, apart from the model, the data and the machine. Defaults are those of
/// the official training script (Westlake-AI/MogaNet <c>train.py</c>, which runs on timm 0.6). As JSON, names are in snake case.
/// </summary>
public sealed record TrainingRecipe
{
    /// <summary>A name for people; a preset's own, or that of the preset it was made from.</summary>
    public string Name { get; init; } = "custom";

    /// <summary>What is trained for; the model's family has the same task.</summary>
    public ModelTask Task { get; init; } = ModelTask.Classification;

    /// <summary>Side of the square training images in pixels. Video: clips have the size that the data has.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Side of the evaluation images; null for <see cref="ImageSize"/>.</summary>
    public int? EvalImageSize { get; init; }

    /// <summary>Share of the resized evaluation image that the center crop keeps, above 0 to 1.</summary>
    public double EvalCrop { get; init; } = 0.9;

    /// <summary>Mean of the images' channels in 0..1, one or three numbers; empty for the model's own.</summary>
    public ImmutableArray<double> Mean { get; init; } = [];

    /// <summary>Standard deviation likewise.</summary>
    public ImmutableArray<double> Std { get; init; } = [];

    /// <summary>Squash evaluation and training images to the size instead of cropping them (small sets such as Fashion-MNIST).</summary>
    public bool Squash { get; init; }

    /// <summary>Passes over the data before the cool-down.</summary>
    public int Epochs { get; init; } = 300;

    /// <summary>Updates of the whole run, as OpenMMLab's iteration-based runs count, in place of <see cref="Epochs"/>; the last pass over
    /// the data is cut off. Null to go by epochs.</summary>
    public int? Updates { get; init; }

    /// <summary>Images or clips of one update, over all processes and accumulation steps.</summary>
    public int BatchSize { get; init; } = 1024;

    /// <summary>Parts that a batch is computed in before one update; divides <see cref="BatchSize"/>.</summary>
    public int AccumulationSteps { get; init; } = 1;

    /// <summary>Learning rate for a batch of <see cref="LearningRateBatch"/> images; other batches scale it linearly.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The batch that <see cref="LearningRate"/> is meant for.</summary>
    public int LearningRateBatch { get; init; } = 1024;

    /// <summary>The optimizer.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.AdamW;

    /// <summary>Decay rates of the two moments (Adam, AdamW, LAMB).</summary>
    public ImmutableArray<double> Betas { get; init; } = [0.9, 0.999];

    /// <summary>Added to the root of the second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Momentum of SGD (Nesterov).</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>Weight decay; none on biases and one-dimensional parameters unless <see cref="DecayVectors"/> is set.</summary>
    public double WeightDecay { get; init; } = 0.05;

    /// <summary>Whether biases and one-dimensional parameters decay too, as OpenMMLab's optimizers have it.</summary>
    public bool DecayVectors { get; init; }

    /// <summary>Further parameters without weight decay: those whose names contain one of these, such as <c>layer_scale</c>.</summary>
    public ImmutableArray<string> NoWeightDecay { get; init; } = [];

    /// <summary>Largest norm of all gradients together; null for no clipping.</summary>
    public double? ClipGradient { get; init; }

    /// <summary>How the learning rate runs.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>Whether the learning rate changes with every epoch (official) or every update.</summary>
    public ScheduleUnit ScheduleUnit { get; init; } = ScheduleUnit.Epoch;

    /// <summary>Epochs of linear growth from <see cref="WarmupLearningRate"/>; they are part of <see cref="Epochs"/>.</summary>
    public double WarmupEpochs { get; init; } = 5;

    /// <summary>Updates of the warm-up, in place of <see cref="WarmupEpochs"/>, for schedules that change with every update; null to go by
    /// epochs.</summary>
    public int? WarmupUpdates { get; init; }

    /// <summary>Where the warm-up starts; absolute, not scaled with the batch.</summary>
    public double WarmupLearningRate { get; init; } = 1e-5;

    /// <summary>Where the cosine ends; absolute, not scaled with the batch.</summary>
    public double MinLearningRate { get; init; } = 1e-6;

    /// <summary>Epochs at <see cref="MinLearningRate"/> after the cosine.</summary>
    public int CooldownEpochs { get; init; } = 10;

    /// <summary>One-cycle: momentum (Adam's first beta) runs against the rate, from 0.95 down to 0.85 and up again, as in
    /// PyTorch.</summary>
    public bool CycleMomentum { get; init; } = true;

    /// <summary>Epochs between two drops of the step schedule.</summary>
    public double DecayEpochs { get; init; } = 100;

    /// <summary>Epochs of the step schedule's drops, in ascending order, in place of <see cref="DecayEpochs"/>; empty to drop every few
    /// epochs.</summary>
    public ImmutableArray<double> Milestones { get; init; } = [];

    /// <summary>The power of the poly schedule.</summary>
    public double PolyPower { get; init; } = 1;

    /// <summary>Factor of each drop of the step schedule.</summary>
    public double DecayRate { get; init; } = 0.1;

    /// <summary>Stochastic depth of the last block, 0 to below 1; grows linearly from 0 at the first.</summary>
    public double DropPath { get; init; }

    /// <summary>Dropout in the channel aggregation blocks, 0 to below 1.</summary>
    public double Drop { get; init; }

    /// <summary>RandAugment as timm writes it, such as <c>rand-m9-mstd0.5-inc1</c>; empty for none.</summary>
    public string RandAugment { get; init; } = "rand-m9-mstd0.5-inc1";

    /// <summary>
    /// Strength of brightness, contrast and saturation changes: one number for all, or three, or four with hue (0 to 0.5). Used only
    /// without RandAugment.
    /// </summary>
    [JsonConverter(typeof(NumberOrList))]
    public ImmutableArray<double> ColorJitter { get; init; } = [0.4];

    /// <summary>Smallest and largest share of the image's area that the random crop takes.</summary>
    public ImmutableArray<double> CropScale { get; init; } = [0.08, 1];

    /// <summary>Smallest and largest ratio of width to height of the random crop.</summary>
    public ImmutableArray<double> CropRatio { get; init; } = [3.0 / 4, 4.0 / 3];

    /// <summary>Probability of a horizontal flip.</summary>
    public double HorizontalFlip { get; init; } = 0.5;

    /// <summary>Probability of a vertical flip.</summary>
    public double VerticalFlip { get; init; }

    /// <summary>Pixels that a squashed image is shifted by at most, each way, with black edges.</summary>
    public int Shift { get; init; }

    /// <summary>The resampling filter of training images: <c>random</c> (bilinear or bicubic), <c>bilinear</c> or
    /// <c>bicubic</c>.</summary>
    public string Interpolation { get; init; } = "random";

    /// <summary>Probability of erasing a rectangle (per-pixel noise).</summary>
    public double RandomErasing { get; init; } = 0.25;

    /// <summary>Alpha of mixup; 0 for none.</summary>
    public double Mixup { get; init; } = 0.8;

    /// <summary>Alpha of cutmix; 0 for none.</summary>
    public double Cutmix { get; init; } = 1;

    /// <summary>Probability that a batch is mixed at all.</summary>
    public double MixProbability { get; init; } = 1;

    /// <summary>Probability of cutmix instead of mixup where both are on.</summary>
    public double MixSwitchProbability { get; init; } = 0.5;

    /// <summary>The epoch from which nothing is mixed; 0 for never.</summary>
    public int MixOffEpoch { get; init; }

    /// <summary>Label smoothing, 0 to below 1.</summary>
    public double LabelSmoothing { get; init; } = 0.1;

    /// <summary>The loss.</summary>
    public LossKind Loss { get; init; } = LossKind.CrossEntropy;

    /// <summary>With the binary loss: targets above it count as 1, others as 0; null to take targets as they are.</summary>
    public double? BinaryTargetThreshold { get; init; }

    /// <summary>How often each image of an epoch is repeated with other augmentations (repeated augmentation); 0 or 1 for once.</summary>
    public int AugmentationRepeats { get; init; }

    /// <summary>Decay of the weights' moving average; null for none.</summary>
    public double? EmaDecay { get; init; }

    /// <summary>Let the moving average's decay grow from 0 (timm's ModelEmaV3 formula).</summary>
    public bool EmaWarmup { get; init; }

    /// <summary>Fine-tuning: factor of the learning rate per layer below the head; null for the same everywhere.</summary>
    public double? LayerDecay { get; init; }

    /// <summary>Fine-tuning: stages from the first that do not change, 0 to 4.</summary>
    public int FrozenStages { get; init; }

    /// <summary>Number format of the forward and backward pass; weights stay float32.</summary>
    public Precision Amp { get; init; } = Precision.None;

    /// <summary>
    /// Feature maps with channels innermost; null for what is fastest as far as it was measured: yes on the CPU, where depthwise
    /// convolutions have kernels of their own in this layout, no elsewhere.
    /// </summary>
    public bool? ChannelsLast { get; init; }

    /// <summary>Training in several processes: batch norms take their statistics over the batches of all (SyncBatchNorm).</summary>
    public bool SyncBatchNorm { get; init; }

    /// <summary>Compute blocks again in the backward pass instead of keeping their feature maps.</summary>
    public bool ActivationCheckpointing { get; init; }

    /// <summary>Video: the first so many clips of the evaluation set are evaluated; null for all.</summary>
    public int? EvalClips { get; init; }

    /// <summary>What is for segmentation alone; null for its defaults, and for other tasks.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SegmentationRecipe? Segmentation { get; init; }

    /// <summary>What is for poses alone; null for its defaults, and for other tasks.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PoseRecipe? Pose { get; init; }

    /// <summary>What is for detection alone; null for its defaults, and for other tasks.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DetectionRecipe? Detection { get; init; }

    /// <summary>Updates skipped because of a loss or gradient that is not finite before the run stops (in a row).</summary>
    public int MaxNonFinite { get; init; } = 10;

    /// <summary>Seed of everything random.</summary>
    public int Seed { get; init; } = 42;

    /// <summary>The learning rate of this recipe's batch: <see cref="LearningRate"/> x <see cref="BatchSize"/> /
    /// <see cref="LearningRateBatch"/>.</summary>
    /// <returns>The peak of the schedule.</returns>
    public double ScaledLearningRate() => LearningRate * BatchSize / LearningRateBatch;

    /// <summary>All epochs of a run that goes by epochs: those of the schedule and the cool-down after a cosine.</summary>
    /// <returns>The number of epochs.</returns>
    public int TotalEpochs() => Schedule == ScheduleKind.Cosine ? Epochs + CooldownEpochs : Epochs;

    /// <summary>All epochs of a run; of one that goes by <see cref="Updates"/> those that they begin.</summary>
    /// <param name="updatesPerEpoch">Updates of a whole epoch, 1 or more.</param>
    /// <returns>The number of epochs.</returns>
    public int TotalEpochs(long updatesPerEpoch) =>
        Updates is { } updates ? (int)((updates + updatesPerEpoch - 1) / updatesPerEpoch) : TotalEpochs();

    /// <summary>All updates of a run.</summary>
    /// <param name="updatesPerEpoch">Updates of a whole epoch, 1 or more.</param>
    public long TotalUpdates(long updatesPerEpoch) => Updates ?? updatesPerEpoch * TotalEpochs();

    /// <summary>Checks ranges.</summary>
    /// <returns>The recipe itself.</returns>
    /// <exception cref="RecipeException">A field is out of range; the message names it.</exception>
    public TrainingRecipe Validated()
    {
        RecipeRules.Check(this);
        return this;
    }
}

/// <summary>The optimizers of recipes.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay.</summary>
    AdamW,

    /// <summary>Adam with weight decay in the gradient.</summary>
    Adam,

    /// <summary>Gradient descent with Nesterov momentum.</summary>
    Sgd,

    /// <summary>LAMB (layer-wise adaptive moments), as in timm 0.6.</summary>
    Lamb,
}

/// <summary>The courses of the learning rate.</summary>
public enum ScheduleKind
{
    /// <summary>Half a cosine down to the minimum.</summary>
    Cosine,

    /// <summary>A drop every few epochs.</summary>
    Step,

    /// <summary>PyTorch's one-cycle policy.</summary>
    OneCycle,

    /// <summary>The same throughout, after the warm-up.</summary>
    Constant,

    /// <summary>A power of the time that is left.</summary>
    Poly,
}

/// <summary>What a schedule counts.</summary>
public enum ScheduleUnit
{
    /// <summary>The rate stays for an epoch.</summary>
    Epoch,

    /// <summary>The rate changes with every update.</summary>
    Update,
}

/// <summary>The losses of recipes.</summary>
public enum LossKind
{
    /// <summary>Softmax cross entropy with soft targets.</summary>
    CrossEntropy,

    /// <summary>Sigmoid cross entropy, one decision per class; the mean over images and classes.</summary>
    BinaryCrossEntropy,

    /// <summary>The mean of squared differences, for video.</summary>
    MeanSquaredError,
}

/// <summary>Number formats of mixed-precision training.</summary>
public enum Precision
{
    /// <summary>float32 throughout.</summary>
    None,

    /// <summary>bfloat16 where autocast allows it.</summary>
    Bf16,

    /// <summary>float16 where autocast allows it, with a scaled loss; CUDA only.</summary>
    Fp16,
}
