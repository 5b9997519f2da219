using MogaSharp.Data;
using MogaSharp.Models;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>The two parts of a data set, opened, and the model as it fits to them.</summary>
internal abstract class TrainData : IDisposable
{
    /// <summary>The model with the data's classes or sizes.</summary>
    public abstract ModelCard Card { get; }

    /// <summary>Items of the training part.</summary>
    public abstract int TrainCount { get; }

    /// <summary>Items of the evaluation part; null where there is none.</summary>
    public abstract int? EvalCount { get; }

    /// <summary>What is special about the model, for people: its classes, its clips.</summary>
    public abstract string Describe { get; }

    /// <summary>What was left out or guessed when the data was opened, each a sentence without a full stop.</summary>
    public virtual IEnumerable<string> Notes => [];

    /// <summary>Opens a data set of a model's task.</summary>
    /// <exception cref="DatasetSpecException">The text is no data set.</exception>
    /// <exception cref="DatasetException">The data set is broken, or its parts have other classes.</exception>
    /// <exception cref="UsageException">The data does not fit the model.</exception>
    public static TrainData Open(string text, ModelCard card) => card.Options.Task == ModelTask.Video ? ClipTrainSet.Open(text, card) : PictureTrainSet.Open(text, card);

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
