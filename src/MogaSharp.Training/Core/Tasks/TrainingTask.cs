using System.Collections.Immutable;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>
/// What a network is trained for: its losses, which figures an evaluation gives, and which of them decides what is best. Everything else of
/// a run is the same for all tasks. Derive from it, and register a <see cref="TaskTraining"/>, for a task of your own.
/// </summary>
public abstract class TrainingTask
{
    /// <summary>The name of the mean loss.</summary>
    public const string LossName = "loss";

    /// <summary>The mean loss among <see cref="Metrics"/>, where an evaluation computes one.</summary>
    protected static Metric LossMetric { get; } =
        new(LossName, "loss")
        {
            Axis = LossName,
            LessIsBetter = true,
            Digits = 4,
        };

    /// <summary>The task.</summary>
    public abstract ModelTask Task { get; }

    /// <summary>What the items of the data are called, in the plural: <c>images</c>, and <c>images_per_second</c> in the logs.</summary>
    public string Items => Task.Items;

    /// <summary>The figures of an evaluation in the order of the logs, the loss first where there is one.</summary>
    public abstract ImmutableArray<Metric> Metrics { get; }

    /// <summary>The figure that the best checkpoint is chosen by.</summary>
    public abstract Metric Best { get; }

    /// <summary>The task of a recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="model">The model that is trained.</param>
    /// <exception cref="RecipeException">Nothing is known of training for it.</exception>
    public static TrainingTask Create(TrainingRecipe recipe, ModelOptions model) => TaskTraining.Of(recipe.Task).Create(recipe, model);

    /// <summary>Runs the network on a batch, as often as the task needs, and computes its losses.</summary>
    /// <param name="pass">The network in train mode.</param>
    /// <param name="batch">The batch.</param>
    /// <exception cref="ArgumentException">The batch is another task's.</exception>
    public abstract Losses Step(NetworkPass pass, TrainingBatch batch);

    /// <summary>Begins an evaluation, or one process's part of it.</summary>
    public abstract TaskEvaluation CreateEvaluation();
}
