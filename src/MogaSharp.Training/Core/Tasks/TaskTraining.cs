using System.Collections.Immutable;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Training;

/// <summary>How the models of a task are trained. <see cref="Register"/> takes tasks from elsewhere.</summary>
public sealed record TaskTraining
{
    private static readonly Lock Gate = new();

    private static ImmutableArray<TaskTraining> _all =
    [
        new()
        {
            Task = ModelTask.Classification,
            Create = (recipe, _) => new ClassificationTask(recipe),
            Losses = [LossKind.CrossEntropy, LossKind.BinaryCrossEntropy],
            InputShape = (card, recipe) => card.CreateDefinition().InputShape(1, recipe.ImageSize, recipe.ImageSize),
            CheckData = (text, _) => ImageTrainingSet.Check(text),
            OpenData = ImageTrainingSet.Open,
            EvaluationOpener = ImageTrainingSet.OpenEvaluation,
            CreateRandomBatch = RandomBatches.Images,
        },
        new()
        {
            Task = ModelTask.Video,
            Create = (_, _) => new VideoTask(),
            Losses = [LossKind.MeanSquaredError],
            Preset = () => RecipePresets.Find("mmnist"),
            CheckData = ClipTrainingSet.Check,
            OpenData = ClipTrainingSet.Open,
            EvaluationOpener = ClipTrainingSet.OpenEvaluation,
            OpenRunner = (model, set, engine) => new ClipRunner(model, set.Model.Clip!.OutFrames, engine),
            CreateRandomBatch = RandomBatches.Clips,
        },
        new()
        {
            Task = ModelTask.Segmentation,
            Create = (recipe, _) => new SegmentationTask((recipe.Segmentation ?? new()).AuxiliaryWeight),
            Losses = [LossKind.CrossEntropy],
            Preset = () => RecipePresets.Find("fpn-80k-ade20k"),
            InputShape = SegmentationTask.InputShape,
            CheckData = (text, _) => SegmentationTrainingSet.Check(text),
            OpenData = SegmentationTrainingSet.Open,
            EvaluationOpener = SegmentationTrainingSet.OpenEvaluation,
            CreateRandomBatch = RandomBatches.LabelMaps,
        },
        new()
        {
            Task = ModelTask.Pose,
            Create = (_, _) => new PoseTask(),
            Losses = [LossKind.MeanSquaredError],
            Preset = () => RecipePresets.Find("coco-pose-210e"),
            CheckData = (text, _) => PoseTrainingSet.Check(text),
            OpenData = PoseTrainingSet.Open,
            EvaluationOpener = PoseTrainingSet.OpenEvaluation,
            CreateRandomBatch = RandomBatches.People,
        },
        new()
        {
            Task = ModelTask.Detection,
            Create = (recipe, options) => new DetectionTask((IDetectionDefinition)options.CreateDefinition(), recipe.Detection ?? new()),
            Losses = [LossKind.CrossEntropy],
            Preset = () => RecipePresets.Find("mask-rcnn-1x"),
            InputShape = DetectionTask.InputShape,
            CheckData = (text, _) => DetectionTrainingSet.Check(text),
            OpenData = DetectionTrainingSet.Open,
            EvaluationOpener = DetectionTrainingSet.OpenEvaluation,
            CreateRandomBatch = RandomBatches.Objects,
        },
    ];

    /// <summary>The task.</summary>
    public required ModelTask Task { get; init; }

    /// <summary>Makes what a recipe trains a model for.</summary>
    public required Func<TrainingRecipe, ModelOptions, TrainingTask> Create { get; init; }

    /// <summary>The losses that its recipes may name.</summary>
    public required ImmutableArray<LossKind> Losses { get; init; }

    /// <summary>Opens a data set by its text and fits a model to it. May throw <see cref="DatasetSpecException"/>,
    /// <see cref="DatasetException"/> and <see cref="TrainingSetupException"/>.</summary>
    public required Func<string, ModelCard, TrainingSet> OpenData { get; init; }

    /// <summary>Opens no more of a data set than a finished model is evaluated on; throws as <see cref="OpenData"/>, which is taken when
    /// null.</summary>
    public Func<string, ModelCard, DatasetSplit, TrainingSet>? EvaluationOpener { get; init; }

    /// <summary>Checks what can be known of a data set without opening it; throws as <see cref="OpenData"/>.</summary>
    public Action<string, ModelCard> CheckData { get; init; } = (_, _) => { };

    /// <summary>A batch of random values of a shape, to measure training with.</summary>
    public required Func<ModelCard, Shape, Random, TrainingBatch> CreateRandomBatch { get; init; }

    /// <summary>All, in the order of the tasks.</summary>
    public static ImmutableArray<TaskTraining> All => _all;

    /// <summary>The shape that a network is built with for training. Default: that of the card's own size.</summary>
    public Func<ModelCard, TrainingRecipe, Shape> InputShape { get; init; } = (card, _) => card.InputShape();

    /// <summary>The recipe for models that name none; null for one with the default values and the first of <see cref="Losses"/>.</summary>
    public Func<TrainingRecipe>? Preset { get; init; }

    /// <summary>The recipe for models that name none.</summary>
    public TrainingRecipe Default() => Preset?.Invoke() ?? new TrainingRecipe { Task = Task, Loss = Losses[0] };

    /// <summary>Opens what a finished model is evaluated on.</summary>
    /// <param name="text">The data.</param>
    /// <param name="card">The model.</param>
    /// <param name="split">The part of the data; where the data has no parts, both are all of it.</param>
    /// <exception cref="DatasetSpecException">The text does not name a data set.</exception>
    /// <exception cref="DatasetException">The data set is broken.</exception>
    /// <exception cref="TrainingSetupException">The data does not fit the model, or the task evaluates on one part alone.</exception>
    public TrainingSet OpenEvaluation(string text, ModelCard card, DatasetSplit split = DatasetSplit.Test) =>
        EvaluationOpener is { } open ? open(text, card, split)
        : split == DatasetSplit.Test ? OpenData(text, card)
        : throw new TrainingSetupException($"Models for {Task} are evaluated on the part of the data that is for it.");

    /// <summary>Opens what computes a finished model for an evaluation, for data that is open. Default: the network's one pass.</summary>
    public Func<LoadedModel, TrainingSet, IInferenceEngine, INetworkRunner> OpenRunner { get; init; } =
        (model, _, engine) => new ModelRunner(model, engine);

    /// <summary>How a task is trained.</summary>
    /// <param name="task">The task.</param>
    /// <exception cref="RecipeException">Nothing is known of training it.</exception>
    public static TaskTraining Of(ModelTask task) =>
        All.FirstOrDefault(training => training.Task == task) ?? throw new RecipeException($"There is no training for {task}.");

    /// <summary>Adds the training of a task.</summary>
    /// <param name="training">The training.</param>
    /// <exception cref="ArgumentException">There is one for the task.</exception>
    public static void Register(TaskTraining training)
    {
        lock (Gate)
        {
            if (All.Any(known => known.Task == training.Task))
                throw new ArgumentException($"There is a training for {training.Task} already.", nameof(training));
            _all = _all.Add(training);
        }
    }
}
