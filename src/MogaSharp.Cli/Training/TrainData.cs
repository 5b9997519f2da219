using MogaSharp.Data;
using MogaSharp.Models;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>The two parts of a data set, opened, and the model as it fits to them.</summary>
internal abstract class TrainData : IDisposable
{
    /// <summary>The model with the data's classes or sizes.</summary>
    public abstract ModelCard Card { get; }

    /// <summary>What was left out or guessed when the data was opened.</summary>
    public abstract IReadOnlyList<string> Notes { get; }

    /// <summary>Whether the model's classes are others than the data's, though as many, so that its head means nothing here.</summary>
    public abstract bool NeedsFreshHead { get; }

    /// <summary>Items of the training part.</summary>
    public abstract int TrainCount { get; }

    /// <summary>Items of the evaluation part; null where there is none.</summary>
    public abstract int? EvalCount { get; }

    /// <summary>What is special about the model, for people: its classes, its clips.</summary>
    public abstract string Describe { get; }

    /// <summary>Checks that a run that was begun may go on with this data.</summary>
    /// <exception cref="UsageException">It may not.</exception>
    public abstract void RequireSame(ModelCard begun, string folder);

    /// <summary>How items become inputs once the model is trained.</summary>
    public abstract PreprocessCard Preprocessing(TrainingRecipe recipe, PreprocessCard model);

    /// <summary>Begins reading.</summary>
    /// <exception cref="RecipeException">The recipe does not fit the data.</exception>
    public abstract ITrainingData Read(TrainingRecipe recipe, PreprocessCard preprocess, int workers, ProcessShare? share);

    /// <summary>Closes files.</summary>
    public abstract void Dispose();
}
