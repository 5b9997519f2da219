using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>How the models of a task are trained. <see cref="Register"/> takes tasks from elsewhere.</summary>
/// <param name="Task">The task.</param>
/// <param name="Create">Makes what a recipe trains for.</param>
/// <param name="Losses">The losses that its recipes may name.</param>
public sealed record TaskTraining(ModelTask Task, Func<TrainingRecipe, TrainingTask> Create, ImmutableArray<LossKind> Losses)
{
    private static readonly Lock Gate = new();

    private static ImmutableArray<TaskTraining> _all =
    [
        new(ModelTask.Classification, recipe => new ClassificationTask(recipe), [LossKind.CrossEntropy, LossKind.BinaryCrossEntropy])
        {
            InputShape = (card, recipe) => card.CreateDefinition().InputShape(1, recipe.ImageSize, recipe.ImageSize),
        },
        new(ModelTask.Video, _ => new VideoTask(), [LossKind.MeanSquaredError]) { Default = () => RecipePresets.Find("mmnist") },
    ];

    /// <summary>All, in the order of the tasks.</summary>
    public static ImmutableArray<TaskTraining> All => _all;

    /// <summary>The shape that a network is built with for training. Default: that of the card's own size.</summary>
    public Func<ModelCard, TrainingRecipe, Shape> InputShape { get; init; } = (card, _) => card.InputShape();

    /// <summary>A recipe of the task for models that name none. Default: the defaults.</summary>
    public Func<TrainingRecipe> Default { get; init; } = () => new TrainingRecipe { Task = Task, Loss = Losses[0] };

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
