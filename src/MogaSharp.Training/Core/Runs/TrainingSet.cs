using Microsoft.Extensions.Logging;
using MogaSharp.Data;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>The two parts of a data set, opened, and the model as it fits to them.</summary>
public abstract class TrainingSet : IDisposable
{
    /// <summary>The model with the data's classes or sizes.</summary>
    public abstract ModelCard Model { get; }

    /// <summary>What was left out or guessed when the data was opened, each a clause without a full stop.</summary>
    public abstract IReadOnlyList<string> Notes { get; }

    /// <summary>Whether the model's outputs mean something else than the data's, so that a trained head is of no use here.</summary>
    public virtual bool NeedsFreshHead => false;

    /// <summary>Items of the training part.</summary>
    public abstract int TrainCount { get; }

    /// <summary>Items of the evaluation part; null where there is none.</summary>
    public abstract int? EvalCount { get; }

    /// <summary>What is special about the model, for people: its classes, its clips.</summary>
    public abstract string Describe { get; }

    /// <summary>Checks that a run that was begun may go on with this data.</summary>
    /// <param name="begun">The run's model.</param>
    /// <param name="folder">The run's folder.</param>
    /// <exception cref="RunFolderException">It may not.</exception>
    public abstract void RequireSame(ModelCard begun, string folder);

    /// <summary>How items become inputs once the model is trained.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="model">The model's own preprocessing.</param>
    public abstract PreprocessCard Preprocessing(TrainingRecipe recipe, PreprocessCard model);

    /// <summary>Begins reading.</summary>
    /// <param name="recipe">Batch, augmentation, seed.</param>
    /// <param name="preprocess">How items become inputs.</param>
    /// <param name="workers">Threads that read.</param>
    /// <param name="share">Which part this process trains on.</param>
    /// <param name="logger">Receives what is passed over.</param>
    /// <exception cref="RecipeException">The recipe does not fit the data.</exception>
    public abstract ITrainingData Read(TrainingRecipe recipe, PreprocessCard preprocess, int workers, ProcessShare share, ILogger logger);

    /// <summary>A model's preprocessing with the recipe's mean and standard deviation, where it has any.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="model">The model's own preprocessing.</param>
    internal static PreprocessCard WithChannels(TrainingRecipe recipe, PreprocessCard model) =>
        model with
        {
            Mean = recipe.Mean.IsEmpty ? model.Mean : [.. recipe.Mean.Select(value => (float)value)],
            Std = recipe.Std.IsEmpty ? model.Std : [.. recipe.Std.Select(value => (float)value)],
        };

    /// <summary>Closes files.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes files.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing) { }
}
