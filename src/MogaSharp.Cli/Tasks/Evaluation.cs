using MogaSharp.Graph;
using MogaSharp.Tasks;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>Evaluates a model for <c>moga eval</c>, with a progress bar.</summary>
internal static class Evaluation
{
    /// <summary>Opens the data that is asked for.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="model">The model whose classes count; null for the request's.</param>
    public static TrainingSet Open(EvalRequest request, LoadedModel? model = null) =>
        TaskTraining.Of(request.Task).OpenEvaluation(request.Data, model?.Card ?? request.Card, request.Split);

    /// <summary>Evaluates.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="model">The model.</param>
    /// <param name="set">Its data.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<ModelEvaluationResult> RunAsync(
        EvalRequest request,
        LoadedModel model,
        TrainingSet set,
        CancellationToken cancellationToken
    )
    {
        Notices.OfThisRun.AddRange(set.Notes);
        using IInferenceEngine engine = request.CreateEngine();
        ModelEvaluationResult result = await Output
            .WithProgressAsync("Evaluating", progress => Task.Run(() => Run(progress), cancellationToken))
            .ConfigureAwait(false);
        Notices.OfThisRun.Flush();
        return result;

        ModelEvaluationResult Run(Action<double, string> progress) =>
            ModelEvaluation.Run(
                model,
                set,
                engine,
                new()
                {
                    Reading = new()
                    {
                        BatchSize = request.Batch,
                        // What reads ahead takes processors from the engine.
                        Workers = Math.Max(1, Environment.ProcessorCount / 2),
                        Converted = (name, conversions) => Notices.OfThisRun.Count(conversions, name),
                    },
                    Progress = (done, count) => progress((double)done / count, $"{done} of {count}"),
                },
                cancellationToken
            );
    }
}
