using System.Diagnostics;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Tasks;

namespace MogaSharp.Training;

/// <summary>What an evaluation of a model found.</summary>
/// <param name="Evaluation">What was counted; the caller owns it.</param>
/// <param name="Task">The task, which knows the figures' names for people.</param>
/// <param name="ItemsPerSecond">Items that were evaluated in a second, reading included.</param>
/// <param name="BadItems">Items that could not be read and are left out.</param>
public sealed record ModelEvaluationResult(
    TaskEvaluation Evaluation,
    TrainingTask Task,
    double ItemsPerSecond,
    IReadOnlyList<BadItem> BadItems
) : IDisposable
{
    /// <summary>The figures by name, as fractions.</summary>
    public IReadOnlyDictionary<string, double> Figures => Evaluation.Figures();

    /// <summary>Lets go of the graphs that the evaluation opened.</summary>
    public void Dispose() => Evaluation.Dispose();
}

/// <summary>How a finished model is evaluated.</summary>
public sealed record ModelEvaluationOptions
{
    /// <summary>Batches, threads, and who is told what was lost in decoding.</summary>
    public EvaluationReading Reading { get; init; } = new();

    /// <summary>Receives the items done and their number; null for nobody.</summary>
    public Action<int, int>? Progress { get; init; }
}

/// <summary>Evaluates a finished model on the part of a data set that is for it: the figures of <c>moga eval</c>, and those that training
/// logs, on any engine.</summary>
public static class ModelEvaluation
{
    /// <summary>Evaluates a model of any task.</summary>
    /// <param name="model">The model.</param>
    /// <param name="data">The data as <c>moga train</c> takes it: <c>folder:PATH</c>, <c>moving-mnist:PATH</c>, <c>ade20k:PATH</c>,
    /// <c>coco:PATH</c>, <c>scenes</c> and so on.</param>
    /// <param name="engine">Where to compute.</param>
    /// <param name="options">How to read, and whom to tell; null for items one by one on a thread.</param>
    /// <param name="cancellationToken">Ends the evaluation between two items.</param>
    /// <exception cref="DatasetSpecException">The text does not name a data set.</exception>
    /// <exception cref="DatasetException">The data set is broken.</exception>
    /// <exception cref="TrainingSetupException">The data does not fit the model, or cannot be evaluated on.</exception>
    /// <exception cref="NothingToEvaluateException">Not a single item can be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static ModelEvaluationResult Run(
        LoadedModel model,
        string data,
        IInferenceEngine engine,
        ModelEvaluationOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        using TrainingSet set = TaskTraining.Of(model.Card.Options.Task).OpenEvaluation(data, model.Card);
        return Run(model, set, engine, options, cancellationToken);
    }

    /// <summary>Evaluates a model on data that is open.</summary>
    /// <param name="model">The model.</param>
    /// <param name="set">The data, opened for this model. It stays open.</param>
    /// <param name="engine">Where to compute.</param>
    /// <param name="options">How to read, and whom to tell; null for items one by one on a thread.</param>
    /// <param name="cancellationToken">Ends the evaluation between two items.</param>
    /// <exception cref="TrainingSetupException">The data does not fit the model, or has no part of its own to evaluate on.</exception>
    /// <exception cref="NothingToEvaluateException">Not a single item can be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static ModelEvaluationResult Run(
        LoadedModel model,
        TrainingSet set,
        IInferenceEngine engine,
        ModelEvaluationOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        var training = TaskTraining.Of(model.Card.Options.Task);
        if (set is not IEvaluationSource { EvalCount: { } count and > 0 } source)
            throw new TrainingSetupException("The data has no part of its own to evaluate on.");
        if (!set.Model.GetLabels().SequenceEqual(model.Card.GetLabels()))
            throw new TrainingSetupException($"The data has other classes than {model.Card.Name}.");
        options ??= new();
        List<BadItem> bad = [];
        TrainingTask task = training.Create(training.Default(), model.Card.Options);
        TaskEvaluation evaluation = task.CreateEvaluation();
        var result = new ModelEvaluationResult(evaluation, task, 0, bad);
        try
        {
            using INetworkRunner runner = training.OpenRunner(model, set, engine);
            var clock = Stopwatch.StartNew();
            int done = 0;
            IEnumerable<TrainingBatch> batches = source
                .ReadEvaluation(model.Card.Preprocess, options.Reading, cancellationToken)
                .Select(batch =>
                {
                    options.Progress?.Invoke(done, count);
                    bad.AddRange(batch.BadItems ?? []);
                    done += batch.Count + (batch.BadItems?.Count ?? 0);
                    return batch;
                });
            Evaluator.Count(evaluation, runner, batches, cancellationToken: cancellationToken);
            if (evaluation.Count == 0)
                throw new NothingToEvaluateException(
                    bad is [var first, ..]
                        ? $"None of the {bad.Count} {task.Items} can be read. The first is {first.Name}: {first.Problem}"
                        : $"There are no {task.Items} to evaluate on."
                );
            return result with { ItemsPerSecond = evaluation.Count / clock.Elapsed.TotalSeconds };
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }
}
