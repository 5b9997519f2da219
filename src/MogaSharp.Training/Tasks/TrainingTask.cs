using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Torch;

namespace MogaSharp.Training;

/// <summary>
/// What a network is trained for: what its loss is, which figures an evaluation gives, and which of them decides what is best. Everything
/// else of a run is the same for all tasks.
/// </summary>
public abstract class TrainingTask
{
    /// <summary>The name of the mean loss, which every evaluation has.</summary>
    public const string LossName = "loss";

    /// <summary>The mean loss among <see cref="Metrics"/>.</summary>
    protected static Metric LossMetric { get; } =
        new(LossName, "loss")
        {
            Axis = LossName,
            LessIsBetter = true,
            Digits = 4,
        };

    /// <summary>What the items of the data are called, in the plural: <c>images</c>, and <c>images_per_second</c> in the logs.</summary>
    public abstract string Items { get; }

    /// <summary>The figures of an evaluation in the order of the logs, the loss first; each is a mean over the items.</summary>
    public abstract ImmutableArray<Metric> Metrics { get; }

    /// <summary>The figure that the best checkpoint is chosen by.</summary>
    public abstract Metric Best { get; }

    /// <summary>The task of a recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <exception cref="RecipeException">Nothing is known of training for it.</exception>
    public static TrainingTask Create(TrainingRecipe recipe) => TaskTraining.Of(recipe.Task).Create(recipe);

    /// <summary>The loss of a batch: a scalar with a gradient, the mean over the items.</summary>
    /// <param name="output">The network's first output.</param>
    /// <param name="batch">The batch.</param>
    public abstract TorchTensor Loss(TorchTensor output, in TrainingBatch batch);

    /// <summary>Begins an evaluation, or one process's part of it.</summary>
    public abstract TaskMeasurement Measure();
}

/// <summary>An evaluation that is going on.</summary>
public abstract class TaskMeasurement
{
    /// <summary>Items so far.</summary>
    public int Count { get; private set; }

    /// <summary>For each of the task's metrics, in their order, its sum over the items so far.</summary>
    public abstract double[] Sums { get; }

    /// <summary>Adds a batch.</summary>
    /// <param name="output">The network's first output.</param>
    /// <param name="batch">The batch.</param>
    public void Add(Tensor output, in TrainingBatch batch)
    {
        AddBatch(output, batch);
        Count += batch.Count;
    }

    /// <summary>Adds a batch to <see cref="Sums"/>.</summary>
    /// <param name="output">The network's first output.</param>
    /// <param name="batch">The batch.</param>
    protected abstract void AddBatch(Tensor output, in TrainingBatch batch);
}
