using MogaSharp.Data;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>A data set that can be read for an evaluation alone, without a recipe.</summary>
public interface IEvaluationSource
{
    /// <summary>Items of the evaluation part; null where there is none.</summary>
    int? EvalCount { get; }

    /// <summary>Reads the items in order, one batch each.</summary>
    /// <param name="preprocess">How items become inputs.</param>
    /// <param name="workers">Threads that read.</param>
    /// <param name="share">Which part of the items this process evaluates.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    /// <returns>A batch for each item; empty for one that cannot be read, which it names.</returns>
    IEnumerable<TrainingBatch> ReadEvaluation(
        PreprocessCard preprocess,
        int workers,
        ProcessShare share,
        CancellationToken cancellationToken
    );
}
